package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Groups are rows by the value that each has in a column. The zero value is
// empty.
type Groups struct {
	values  []string
	of      []int32 // place of the value of each row
	codes   map[string]int32
	missing int32 // place of the missing value, plus one; 0 if there is none
}

// NewGroups has room for so many rows.
func NewGroups(rows int) *Groups { return &Groups{of: make([]int32, 0, rows)} }

// Add gives the next row a value, or none.
func (g *Groups) Add(text string, valid bool) {
	code, ok := g.codes[text]
	if !valid {
		code, ok = g.missing-1, g.missing > 0
	}
	if !ok {
		code = int32(len(g.values))
		if g.codes == nil {
			g.codes = map[string]int32{}
		}
		if valid {
			text = strings.Clone(text)
			g.codes[text] = code
		} else {
			text, g.missing = "(missing)", code+1
		}
		g.values = append(g.values, text)
	}
	g.of = append(g.of, code)
}

// mostSlices is how many values of a column are measured on their own.
const mostSlices = 30

// each gives the rows of each value, the most frequent first, as how often each row of all
// occurs among them; count is only good until the next call. Beyond 30 values the others
// are taken together, pooled of them.
func (g *Groups) each(yield func(value string, pooled, rows int, count []int32)) {
	sizes := make([]int, len(g.values))
	for _, code := range g.of {
		sizes[code]++
	}
	order := make([]int, len(g.values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(g.values[a], g.values[b]), cmp.Compare(a, b))
	})
	count := make([]int32, len(g.of))
	add := func(value string, pooled int, in func(code int32) bool) {
		clear(count)
		rows := 0
		for i, code := range g.of {
			if in(code) {
				count[i] = 1
				rows++
			}
		}
		yield(value, pooled, rows, count)
	}
	own := min(len(order), mostSlices)
	if len(order) == own+1 {
		own++ // a pool of one would be of no use
	}
	alone := map[int32]bool{}
	for _, code := range order[:own] {
		alone[int32(code)] = true
		add(g.values[code], 0, func(x int32) bool { return x == int32(code) })
	}
	if rest := len(order) - own; rest > 0 {
		add(fmt.Sprintf("(%d other values)", rest), rest, func(x int32) bool { return !alone[x] })
	}
}

// A Group is the rows of one value of a column, or of the rarest values, with metrics.
type Group struct {
	Name   string
	Pooled int // that many values together; 0 for one value
	Rows   int
	Values []Rate // by metric
}

// A Rate is a metric in a group. Of a metric that is a share of some rows it is undefined
// in a group that has none of them.
type Rate struct {
	Value
	Interval *Interval // Wilson's, of a share of rows; else nil
}

// ByGroup measures each group of rows, the largest first.
func ByGroup(s Sample, g *Groups, metrics List) []Group {
	c, _ := s.(*Classes)
	var groups []Group
	g.each(func(value string, pooled, rows int, count []int32) {
		group := Group{Name: value, Pooled: pooled, Rows: rows}
		for _, v := range s.Measure(metrics, count) {
			rate := Rate{Value: v}
			if v.Among != nil && v.Undefined == "" && c != nil {
				rate = c.rate(v, count)
			}
			group.Values = append(group.Values, rate)
		}
		groups = append(groups, group)
	})
	return groups
}

// rate is a share of some of the rows that are counted, with its interval.
func (c *Classes) rate(v Value, count []int32) Rate {
	class := len(c.Names) - 1
	if _, name, ok := cutClass(v.Name); ok {
		class = slices.Index(c.Names, name)
	}
	among := make([]int32, c.rows)
	for i, n := range count {
		if n > 0 && v.Among(c.Actual(i) == class, c.Predicted(i) == class) {
			among[i] = n
		}
	}
	rows := c.rowsOf(among, c.rows)
	if rows == 0 {
		v.Undefined = "no row of the group is one that it is a share of"
		return Rate{Value: v}
	}
	in := Score(v.Value, rows)
	return Rate{Value: v, Interval: &in}
}

// A Spread is a way to say how far a metric is apart in groups of rows.
type Spread string

// Ways to say it.
const (
	Apart Spread = "difference" // of the greatest and the least value
	Ratio Spread = "ratio"      // the least value as a share of the greatest
	Least Spread = "min"        // the least value
	Most  Spread = "max"        // the greatest value
)

// Spreads lists all ways.
func Spreads() []Spread { return []Spread{Apart, Ratio, Least, Most} }

// Across is the metric that says how far d is apart in the groups of a column; its name
// is "recall.sex.difference". What it is computed of are groups: see GapOf.
func (d *Def) Across(column string, by Spread) *Def {
	gap := *d
	gap.Name = d.Name + "." + column + "." + string(by)
	gap.Title = d.Title + " by " + column + ", " + string(by)
	gap.Interval, gap.Among, gap.Unit = "", nil, Number
	switch by {
	case Apart:
		gap.Goal, gap.Range = Down, Range{0, d.Range.High - d.Range.Low}
		gap.Doc = "Greatest minus least " + d.Title + " of the groups."
	case Ratio:
		gap.Goal, gap.Range = Up, unitRange
		gap.Doc = "Least " + d.Title + " of the groups, divided by the greatest."
	case Least, Most:
		gap.Doc = "The " + string(by) + "imum of " + d.Title + " over the groups."
	}
	return &gap
}

// A Gap is how far a metric is apart in groups.
type Gap struct {
	Of          *Def
	Most, Least Rate
	Names       [2]string // of the groups with the greatest and with the least value
}

// GapOf compares metric j in groups. Those in which it is undefined, and values that are
// taken together, are left out; ok is false if fewer than two are left.
func GapOf(groups []Group, j int) (gap Gap, ok bool) {
	n := 0
	for _, g := range groups {
		r := g.Values[j]
		if g.Pooled > 0 || r.Undefined != "" {
			continue
		}
		if n == 0 || r.Value.Value > gap.Most.Value.Value {
			gap.Most, gap.Names[0] = r, g.Name
		}
		if n == 0 || r.Value.Value < gap.Least.Value.Value {
			gap.Least, gap.Names[1] = r, g.Name
		}
		gap.Of = r.Def
		n++
	}
	return gap, n > 1
}

// Odds is the gap of recall or of the false positive rate, the wider one: equalized odds
// are kept if both are narrow (M. Hardt et al., 2016).
func Odds(recall, falsePositive Gap, by Spread) Gap {
	a, _, errA := recall.In(by)
	b, _, errB := falsePositive.In(by)
	if wider := by == Apart && b > a || by == Ratio && b < a; errA != nil || wider && errB == nil {
		return falsePositive
	}
	return recall
}

// In says how far the groups are apart, with the interval of what the same two groups of
// other rows would give (R. G. Newcombe, 1998; of a ratio by its logarithm, G. Zou and
// A. Donner, 2008). It is nil where the metric is no share of rows. That the two are the
// most different ones of several is not taken into account.
func (g *Gap) In(by Spread) (value float64, in *Interval, err error) {
	p, q := g.Most.Value.Value, g.Least.Value.Value
	a, b := g.Most.Interval, g.Least.Interval
	switch by {
	case Most:
		return p, a, nil
	case Least:
		return q, b, nil
	case Apart:
		if a != nil && b != nil {
			in = &Interval{Low: p - q - math.Hypot(p-a.Low, b.High-q), High: p - q + math.Hypot(a.High-p, q-b.Low), Method: Newcombe}
		}
		return p - q, in, nil
	}
	switch {
	case g.Of.Range.Low < 0:
		return 0, nil, Undefinedf("%s can be negative", g.Of.Name)
	case p == 0:
		return 0, nil, Undefinedf("%s is 0 in all groups", g.Of.Name)
	case a == nil || b == nil:
		return q / p, nil, nil
	case q == 0:
		return 0, &Interval{High: b.High / a.Low, Method: Newcombe}, nil
	}
	low := math.Hypot(math.Log(q/b.Low), math.Log(a.High/p))
	high := math.Hypot(math.Log(b.High/q), math.Log(p/a.Low))
	return q / p, &Interval{Low: q / p * math.Exp(-low), High: q / p * math.Exp(high), Method: Newcombe}, nil
}
