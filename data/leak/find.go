package leak

import (
	"fmt"
	"math"
	"regexp"
	"slices"
)

// A Kind is what is found.
type Kind string

// What is found.
const (
	TargetCopy     Kind = "target_copy"     // a feature is the target, or the same in other words
	PerfectFeature Kind = "perfect_feature" // a feature alone predicts the target nearly without fault
	Identifier     Kind = "identifier"      // a feature has a value of its own in each row
	LaterRows      Kind = "later_rows"      // rows of a series are divided at random
	RepeatedRows   Kind = "repeated_rows"   // rows of train are in other parts, too
	SimilarRows    Kind = "similar_rows"    // so are rows that differ little from them
	SharedGroups   Kind = "shared_groups"   // so are other rows of what they are of
)

// Kinds lists what is found where features are made.
func Kinds() []Kind {
	return []Kind{TargetCopy, PerfectFeature, Identifier, RepeatedRows, SimilarRows, SharedGroups}
}

// A Finding is something about a column.
type Finding struct {
	Kind   Kind
	Column string
	Msg    string
}

const (
	enough     = 50       // rows of which something can be said
	enoughAll  = 100      // rows of which it can be said how well a column predicts
	nearlyAll  = 0.995    // of a perfect prediction
	linear     = 0.999999 // the correlation of a number with itself in another unit
	mostClassN = 50       // classes for which it is found out how well a column predicts them
	firstRows  = 256      // rows after which a column that predicts little is left alone,
	firstTexts = 1_000    // likewise, if it is one of texts, each of which tells something of its own
	doubtful   = 0.75     // what it has to reach in those
	unique     = 0.95     // the share of different values that an identifier has
)

// Find looks for columns that tell the target. classes says that its values are such. Of
// one single feature it is no wonder if it tells all; lagged says that the target is a
// later value of a series, whose earlier values may tell nearly all.
func Find(target Column, classes, lagged bool, features []Column) []Finding {
	var list []Finding
	if target.len() < enough {
		return nil
	}
	var codes []int
	n := 0
	if classes {
		codes, n = target.codes()
	}
	for i := range features {
		f := &features[i]
		if msg := copied(&target, codes, n, f); msg != "" {
			list = append(list, Finding{TargetCopy, f.Name, msg})
			continue
		}
		if len(features) == 1 || lagged || target.len() < enoughAll {
			continue
		}
		score, measure := 0.0, "R2"
		if classes {
			if n < 2 || n > mostClassN {
				continue
			}
			score, measure = auc(codes, n, f), "AUC"
		} else {
			score = r2(target.Numbers, f)
		}
		if score > nearlyAll {
			list = append(list, Finding{PerfectFeature, f.Name, fmt.Sprintf("it alone predicts the target nearly without fault: %s %.4f of ranges of its values, in %d rows that they were not made of", measure, score, target.len())})
		}
	}
	return list
}

// codes numbers the different values.
func (c *Column) codes() (codes []int, n int) {
	seen := map[key]int{}
	codes = make([]int, c.len())
	for i := range codes {
		k := c.key(i)
		code, ok := seen[k]
		if !ok {
			code = len(seen)
			seen[k] = code
		}
		codes[i] = code
	}
	return codes, len(seen)
}

// copied says in which way a feature is the target, if it is.
func copied(target *Column, codes []int, classes int, f *Column) string {
	rows := target.len()
	if same(target, f) {
		return fmt.Sprintf("it is the target: the two are equal in all %d rows that were looked at", rows)
	}
	if codes != nil && classes > 1 && oneToOne(codes, classes, f) {
		return fmt.Sprintf("it is the target in other words: each of its values goes with one of the %d classes, in all %d rows that were looked at", classes, rows)
	}
	if codes == nil && f.Numbers != nil && target.Numbers != nil {
		if r := correlation(target.Numbers, f.Numbers); math.Abs(r) > linear {
			return fmt.Sprintf("it is the target in another unit: their correlation is %.7f in %d rows that were looked at", r, rows)
		}
	}
	return ""
}

func same(a, b *Column) bool {
	if (a.Numbers == nil) != (b.Numbers == nil) {
		return false
	}
	first, differs := a.key(0), false
	for i := range a.len() {
		k := a.key(i)
		if k != b.key(i) {
			return false
		}
		differs = differs || k != first
	}
	return differs
}

// oneToOne says whether each value of a feature goes with one class, and each class with
// one value.
func oneToOne(codes []int, classes int, f *Column) bool {
	values := map[key]int{}
	of := make([]int, classes) // 1 + the number of the value
	for i, class := range codes {
		k := f.key(i)
		v, ok := values[k]
		if !ok {
			v = len(values) + 1
			values[k] = v
		}
		if of[class] == 0 && !ok {
			of[class] = v
		}
		if of[class] != v {
			return false
		}
	}
	return 2*classes <= len(codes) // else each row has its own, as an identifier has
}

// correlation is Pearson's of the rows that have both numbers; 0 if they are few.
func correlation(x, y []float64) float64 {
	var n, mx, my float64
	for i := range x {
		if x[i] == x[i] && y[i] == y[i] {
			n++
			mx += x[i]
			my += y[i]
		}
	}
	if n < enough {
		return 0
	}
	mx, my = mx/n, my/n
	var xx, yy, xy float64
	for i := range x {
		if a, b := x[i]-mx, y[i]-my; a == a && b == b {
			xx += float64(a * a)
			yy += float64(b * b)
			xy += float64(a * b)
		}
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx) / math.Sqrt(yy)
}

var named = regexp.MustCompile(`^(?i:id|uuid|guid|key|index|idx|pk|row_?id|row_?(no|nr|num|number|index))$|[_ .-](?i:id|uuid|guid|key|pk)$|^(?i:id|uuid|guid)[_ .-]|[a-z](Id|ID)$`)

// Named says whether the name of a column is one that identifiers have.
func Named(name string) bool { return named.MatchString(name) }

// FindIdentifier says whether a column of whole numbers or texts is named like an
// identifier, and has a value of its own in nearly each row.
func FindIdentifier(f Column) (Finding, bool) {
	rows := f.len()
	if !Named(f.Name) || rows < enough || f.Numbers != nil && !f.Whole {
		return Finding{}, false
	}
	_, n := f.codes()
	if float64(n) <= unique*float64(rows) {
		return Finding{}, false
	}
	return Finding{Identifier, f.Name, fmt.Sprintf("it is named like an identifier, and has %d different values in %d rows that were looked at: new rows have others", n, rows)}, true
}

// edges are the limits of ranges that have about equally many numbers each.
func edges(numbers []float64) []float64 {
	const some = 512
	ranges := min(64, max(2, len(numbers)/16)) // of eight rows in a half of them
	step := max(1, len(numbers)/some)
	var list []float64
	for i := 0; i < len(numbers); i += step {
		if x := numbers[i]; x == x {
			list = append(list, x)
		}
	}
	slices.Sort(list)
	if distinct := slices.Compact(slices.Clone(list)); len(distinct) <= ranges {
		return distinct
	}
	var out []float64
	for i := 1; i < ranges; i++ {
		out = append(out, list[i*len(list)/ranges])
	}
	return slices.Compact(out)
}

// bins numbers the ranges or values of a feature that its rows have.
func (c *Column) bins() (bins []int, n int) {
	if c.Numbers == nil {
		return c.codes()
	}
	limits := edges(c.Numbers)
	bins = make([]int, len(c.Numbers))
	for i, x := range c.Numbers {
		if x != x {
			continue // those that are missing are a range
		}
		at, equal := slices.BinarySearch(limits, x)
		if equal {
			at++
		}
		bins[i] = 1 + at
	}
	return bins, len(limits) + 2
}

// first has so many rows that it shows whether more are worth it; nil if it has no more.
func (c *Column) first() *Column {
	f := *c
	if n := firstRows; len(f.Numbers) > n {
		f.Numbers = f.Numbers[:n]
	} else if n = firstTexts; len(f.Texts) > n {
		f.Texts = f.Texts[:n]
	} else {
		return nil
	}
	return &f
}
