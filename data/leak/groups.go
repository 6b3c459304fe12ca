package leak

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
)

// Things are what rows of train are of, as a column says that nobody learns from: rows of one
// thing have one target.
type Things struct {
	column string
	known  map[string]*thing
}

type thing struct {
	target string
	number float64 // its value, if that is one
	rows   int
}

const (
	fewGroups    = 20   // with several rows each
	sharedRows   = 0.05 // of the other table, that are of groups of train
	sharedDiff   = 0.02 // of the unequal targets that rows have by chance, in groups
	firstGroups  = 4096 // rows after which a column is left alone if it has
	firstPairs   = 5    // fewer rows of one thing,
	firstUnequal = 4    // or one in so many of them with another target
	sharedTells  = 10   // unequal targets by chance, from which on something can be said
	evenGroups   = 3    // how much larger than others the largest is where all are about equal
)

var things = regexp.MustCompile(`(?i)(^|[_ .-])(patient|subject|customer|client|user|person|household|house|session|device|machine|sensor|speaker|author|player|driver|animal|plant|store|shop|account|group|family|student|sample|case|visit|order)(s|[_ .-]?(no|nr|num|number|code|name|ref))?\.?$`)

// FindThings says whether the values of a column, of rows of train with targets, stand for
// things. numbers are the values, nil if these are texts; classes says that the targets are
// such. A column of which the target may have been made is none of things.
func FindThings(column string, values []string, numbers []float64, targets []string, classes bool) (*Things, bool) {
	groups, counts := map[string]*thing{}, map[string]int{}
	var rows, compared, unequal int
	for i, value := range values {
		if i == firstGroups && (compared < firstPairs || unequal > compared/firstUnequal) {
			return nil, false // most columns are no things, and this has shown it
		}
		if value == Missing || targets[i] == Missing {
			continue
		}
		rows++
		counts[targets[i]]++
		g := groups[value]
		if g == nil {
			g = &thing{target: targets[i]}
			if numbers != nil {
				g.number = numbers[i]
			}
			groups[value] = g
		} else {
			compared++
			if g.target != targets[i] {
				unequal++
			}
		}
		g.rows++
	}
	equal := 0.0
	for _, n := range counts {
		equal += float64(float64(n) * float64(n))
	}
	differ := 1 - equal/float64(rows)/float64(rows)
	byChance := differ * float64(compared)
	if compared < enough || !(byChance >= sharedTells) || float64(unequal) > sharedDiff*byChance {
		return nil, false
	}
	var list []*thing
	several, largest := 0, 0
	for _, g := range groups {
		list = append(list, g)
		largest = max(largest, g.rows)
		if g.rows > 1 {
			several++
		}
	}
	named := Named(column) || things.MatchString(column)
	switch {
	case several < fewGroups, classes && several < 2*len(counts), // else they may be the classes in other words
		!named && (largest*len(groups) > evenGroups*rows || !classes): // else the target may be made of it
		return nil, false
	}
	if numbers != nil { // of a number that the target is made of, those that follow each other have the same
		slices.SortFunc(list, func(a, b *thing) int { return cmp.Compare(a.number, b.number) })
		changes := 0
		for i := range list[1:] {
			if list[i].target != list[i+1].target {
				changes++
			}
		}
		if classes && float64(changes) < differ/2*float64(len(list)) {
			return nil, false
		}
	}
	return &Things{column, groups}, true
}

// Meet says whether rows of another table, which may be the first ones of many, are of things
// that have rows in train.
func (t *Things) Meet(port string, values []string) (Finding, bool) {
	shared, met := 0, map[string]bool{}
	for _, value := range values {
		if t.known[value] != nil {
			shared++
			met[value] = true
		}
	}
	if float64(shared) < sharedRows*float64(len(values)) || shared < fewGroups {
		return Finding{}, false
	}
	return Finding{SharedGroups, t.column, fmt.Sprintf("rows with the same value have the same target, and %d of the values are in train and in %s: %d of %d rows of %s that were looked at are of things that train knows, so that what is measured on them says little",
		len(met), port, shared, len(values), port)}, true
}
