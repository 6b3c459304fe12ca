package feature

import (
	"fmt"
	"slices"
	"strings"

	"pipe/base/exact"
	"pipe/data/order"
	"pipe/data/table"
)

const (
	// maxGroups bounds the groups that have values of their own, each of which is stored.
	maxGroups = 1 << 17
	// maxGroupCategories bounds the categories of all groups, which are counted.
	maxGroupCategories = 1 << 22
)

// A Beside is a Setting, and what is learned of it, that looks at the category of another
// column in the same row.
type Beside interface {
	// Beside names that column, and gives its type as in training once that is known. No
	// name is none.
	Beside() (column, typ string)
}

// A grouping is the category of another column in some rows.
type grouping struct {
	texts []string
	valid []bool
}

// of is the group of a row.
func (g *grouping) of(row int) (name string, ok bool) {
	return g.texts[row], g.valid == nil || g.valid[row]
}

// besides reads the column that a step of another one looks at.
func (s *sight) besides(c *columnFit, places map[string]int, v *Values) (err error) {
	if v.beside = nil; c.beside != "" {
		v.beside = new(grouping)
		v.beside.texts, v.beside.valid, err = texts(c.beside, s.Rows.Column(places[c.beside]))
	}
	return err
}

// fitBy is Fit of an imputation that fills in something else in each group.
func (s *Impute) fitBy(in *Input) (Fitter, error) {
	by := s.by()
	switch class := table.ClassNamed(in.besideType); {
	case by == in.Name:
		return nil, in.Errorf("impute", "name another column under `by`", "it cannot be filled in by groups of its own values")
	case formsOf(class)&Texts == 0:
		return nil, in.Errorf("impute", "make groups of it in a `derive` stage, as in `group: int64(floor(x))`, and name these under `by`",
			"the column %q to group by is %s, and no category", by, in.besideType)
	}
	f := &groupFit{in: in, by: by, whole: &imputeFit{in: in, learned: fill{Strategy: s.Strategy()}}, codes: map[string]int{}}
	switch {
	case in.Form == Texts:
		f.whole.categories = in.Frequencies()
		f.known, f.counts = map[string]int{}, map[[2]int]int64{}
	case f.whole.learned.Strategy == Mean:
		f.whole.moments = in.Moments()
	case f.whole.learned.Strategy == Median:
		f.whole.middle = in.Middle()
	default:
		f.whole.order = in.Order()
	}
	return f, nil
}

// A groupFit learns what is filled in for each group, and for all others.
type groupFit struct {
	in    *Input
	by    string
	whole *imputeFit
	pass  int

	codes  map[string]int // of the groups
	groups []group
	keys   *groupKeys

	known  map[string]int // codes of the categories
	names  []string
	counts map[[2]int]int64 // by group and category
}

// A group is what there is of it.
type group struct {
	name   string
	n      int64
	sum    exact.Sum
	sorted *order.Column // of a large one
	fill   *float64
	text   *string
}

// Again implements Passer.
func (f *groupFit) Again() bool {
	f.pass++
	numbers := f.in.Form != Texts && f.whole.learned.Strategy != Mean
	if f.pass == 2 && numbers {
		f.keys = f.in.scratch.groupKeys()
		for i := range f.groups {
			if f.groups[i].n > int64(f.in.scratch.largeGroup()) {
				f.groups[i].sorted = f.in.stats.numbers.NewColumn()
			}
		}
	}
	return f.pass == 1 || f.pass == 2 && numbers
}

// Add implements Passer.
func (f *groupFit) Add(v *Values) error {
	if f.pass == 2 {
		return f.order(v)
	}
	for i := range v.Len() {
		name, ok := v.beside.of(i)
		if !ok || v.Texts == nil && v.Numbers[i] != v.Numbers[i] {
			continue
		}
		text, there := "", true
		if v.Texts != nil {
			if text, there = v.Text(i); !there {
				continue
			}
		}
		code, ok := f.codes[name]
		if !ok {
			if code = len(f.groups); code == maxGroups {
				return f.in.Errorf("impute", "group by a column that has fewer values", "the column %q has more than %d groups", f.by, maxGroups)
			}
			name = strings.Clone(name)
			f.codes[name] = code
			f.groups = append(f.groups, group{name: name})
		}
		g := &f.groups[code]
		g.n++
		if v.Texts == nil {
			g.sum.Add(v.Numbers[i])
			continue
		}
		at, ok := f.known[text]
		if !ok {
			at, text = len(f.names), strings.Clone(text)
			f.known[text], f.names = at, append(f.names, text)
		}
		if f.counts[[2]int{code, at}]++; len(f.counts) > maxGroupCategories {
			return f.in.Errorf("impute", "group by a column that has fewer values", "the groups of %q have more than %d categories of their own", f.by, maxGroupCategories)
		}
	}
	return nil
}

// order puts the numbers of each group aside.
func (f *groupFit) order(v *Values) error {
	large := map[int][]float64{}
	for i, x := range v.Numbers {
		name, ok := v.beside.of(i)
		if !ok || x != x {
			continue
		}
		code, ok := f.codes[name]
		if !ok {
			return fmt.Errorf("column %q: row %d has changed while it was read", f.in.Name, v.Row(i)+1)
		}
		if f.groups[code].sorted != nil {
			large[code] = append(large[code], x)
		} else if err := f.keys.add(groupKey{uint32(code), order.Key(x)}); err != nil {
			return err
		}
	}
	for code, numbers := range large {
		if err := f.groups[code].sorted.Add(order.Sort(numbers)); err != nil {
			return err
		}
	}
	return nil
}

// Done implements Fitter.
func (f *groupFit) Done() (Fitted, error) {
	whole, err := f.whole.Done()
	if err != nil {
		return nil, err
	}
	if err := f.settle(); err != nil {
		return nil, err
	}
	out := groupFill{By: f.by, ByType: f.in.besideType, Other: whole.(fill)}
	slices.SortFunc(f.groups, func(a, b group) int {
		return compareCategories(table.ClassNamed(out.ByType) == table.ClassWhole)(a.name, b.name)
	})
	for _, g := range f.groups {
		if g.fill != nil {
			if f.in.Form == Times {
				*g.fill = f.in.begun(*g.fill)
			}
			if err := f.in.finite(*g.fill); err != nil {
				return nil, err
			}
		}
		out.Groups = append(out.Groups, groupValue{g.name, g.fill, g.text})
	}
	return out.prepared(), nil
}

// settle finds the value of each group.
func (f *groupFit) settle() error {
	switch {
	case f.counts != nil:
		integers := table.ClassNamed(f.in.Type) == table.ClassWhole
		most := make([]int64, len(f.groups))
		for at, n := range f.counts { // in any order, which decides nothing
			g, name := &f.groups[at[0]], &f.names[at[1]]
			if n > most[at[0]] || n == most[at[0]] && compareCategories(integers)(*name, *g.text) < 0 {
				most[at[0]], g.text = n, name
			}
		}
		return nil
	case f.keys == nil:
		for i := range f.groups {
			g := &f.groups[i]
			mean := g.sum.Value() / float64(g.n)
			g.fill = &mean
		}
		return nil
	}
	mode := f.whole.learned.Strategy == MostFrequent
	for i := range f.groups {
		g := &f.groups[i]
		if g.sorted == nil {
			continue
		}
		x, _, err := g.sorted.Mode()
		if !mode && err == nil {
			var y float64
			x, err = g.sorted.At((g.n - 1) / 2)
			if err == nil {
				y, err = g.sorted.At(g.n / 2)
			}
			x = median(x, y)
		}
		if err != nil {
			return err
		}
		g.fill = &x
		g.sorted.Free()
	}
	return f.keys.each(func(code uint32, keys []uint64) {
		n := len(keys)
		x := median(order.Number(keys[(n-1)/2]), order.Number(keys[n/2]))
		if mode {
			x = order.Number(modeOf(keys))
		}
		f.groups[code].fill = &x
	})
}

// modeOf is the most frequent of sorted keys, the first of several.
func modeOf(keys []uint64) (mode uint64) {
	most := 0
	for from := 0; from < len(keys); {
		to := from + 1
		for to < len(keys) && keys[to] == keys[from] {
			to++
		}
		if to-from > most {
			mode, most = keys[from], to-from
		}
		from = to
	}
	return mode
}

// A groupFill is what takes the place of a missing value in each group, and in rows of no
// group that had a value in training.
type groupFill struct {
	By     string       `json:"by"`
	ByType string       `json:"by_type"`
	Other  fill         `json:"other"`
	Groups []groupValue `json:"groups"`

	numbers map[string]float64
	texts   map[string]string
}

// A groupValue is that of one group.
type groupValue struct {
	Group  string   `json:"group"`
	Number *float64 `json:"number,omitempty"`
	Text   *string  `json:"text,omitempty"`
}

func (f groupFill) prepared() groupFill {
	f.numbers, f.texts = map[string]float64{}, map[string]string{}
	for _, g := range f.Groups {
		if g.Number != nil {
			f.numbers[g.Group] = *g.Number
		}
		if g.Text != nil {
			f.texts[g.Group] = *g.Text
		}
	}
	return f
}

func (f groupFill) check() error {
	if f.By == "" || formsOf(table.ClassNamed(f.ByType))&Texts == 0 {
		return fmt.Errorf("there are no groups by %q of type %q", f.By, f.ByType)
	}
	compare := compareCategories(table.ClassNamed(f.ByType) == table.ClassWhole)
	for i, g := range f.Groups {
		if (g.Number == nil) != (f.Other.Number == nil) || (g.Text == nil) != (f.Other.Text == nil) {
			return fmt.Errorf("group %q has no value as the others have", g.Group)
		}
		if i > 0 && compare(f.Groups[i-1].Group, g.Group) >= 0 {
			return fmt.Errorf("group %q is out of order", g.Group)
		}
	}
	if f.Other.Strategy == Constant || f.Other.Strategy == Keep {
		return fmt.Errorf("%s has no groups", f.Other.Strategy)
	}
	return f.Other.check()
}

// Beside implements Beside.
func (f groupFill) Beside() (column, typ string) { return f.By, f.ByType }

// Takes implements Taker.
func (f groupFill) Takes() Form { return f.Other.Takes() }

func (groupFill) keeps() {}

// Outputs implements Fitted.
func (groupFill) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f groupFill) Apply(v *Values, out *Out) {
	out.filled = true
	if f.Other.Text != nil {
		for i, ok := range v.Valid {
			if ok {
				continue
			}
			v.Texts[i] = *f.Other.Text
			if name, there := v.beside.of(i); there {
				if text, known := f.texts[name]; known {
					v.Texts[i] = text
				}
			}
			out.Imputed++
		}
		v.Valid = nil
		return
	}
	if v.complete {
		return
	}
	for i, x := range v.Numbers {
		if x == x || out.failed(i) {
			continue
		}
		x = *f.Other.Number
		if name, there := v.beside.of(i); there {
			if own, known := f.numbers[name]; known {
				x = own
			}
		}
		v.Numbers[i] = x
		out.Imputed++
	}
}

// besideOf is the column that one of the settings looks at.
func besideOf[T any](list []T, of func(T) any) (column, typ string) {
	for _, s := range list {
		if b, ok := of(s).(Beside); ok {
			if column, typ = b.Beside(); column != "" {
				return column, typ
			}
		}
	}
	return "", ""
}
