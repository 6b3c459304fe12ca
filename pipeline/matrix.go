package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline/settings"
)

// maxCases is how many cases a stage may have.
const maxCases = 1000

// Axes with a meaning of their own. The value of seed takes the place of the seed of
// the run, and seed and fold can be given by their number.
const (
	seedAxis = "seed"
	foldAxis = "fold"
)

// Keys of a matrix that are no axes.
const (
	zipKey     = "zip"
	excludeKey = "exclude"
	includeKey = "include"
)

// A Folder is a Stage that makes one of several folds.
type Folder interface {
	// FoldsOf is how many there are, 0 if it makes no folds.
	FoldsOf() int
}

// An axis of a matrix with its values in written order.
type axis struct {
	name   string
	at     *settings.Node
	values []bound
}

// A matrixReader reads the block `matrix` of a stage.
type matrixReader struct {
	p     *settings.Problems
	near  *neighbours
	folds func(stage *settings.Node) (n int, ok bool) // reports why there are none
	stage func(name string) bool                      // there is one of that name
}

// read gives the cases in written order; the last axis changes first. What is wrong is
// reported, and no cases are given.
func (r *matrixReader) read(n *settings.Node) []variant {
	before := r.p.Errors()
	var cases []variant
	switch n.Type {
	case settings.List:
		cases = r.listed(n, nil)
	case settings.Mapping:
		cases = r.crossed(n)
	case settings.Spoiled:
		return nil
	default:
		r.p.At(n, "write `matrix: {seed: [1, 2, 3]}`", "a matrix is a mapping of names to values or a list of cases, not %s", n.Describe())
	}
	if r.p.Errors() > before {
		return nil
	}
	switch {
	case len(cases) == 0:
		r.p.At(n, "", "the matrix has no cases")
	case len(cases) > maxCases:
		r.tooMany(n, len(cases))
	default:
		r.distinct(n, cases)
	}
	if r.p.Errors() > before {
		return nil
	}
	return cases
}

func (r *matrixReader) tooMany(n *settings.Node, many int) {
	r.p.At(n, "leave some out with `exclude`, or divide the pipeline", "%d cases are more than a stage may have, which is %d", many, maxCases)
}

// distinct reports cases that are there twice.
func (r *matrixReader) distinct(n *settings.Node, cases []variant) {
	seen := make(map[string]bool, len(cases))
	for _, c := range cases {
		name := c.name().String()
		if seen[name] {
			r.p.At(n, "", "the case %s is there twice", name)
		}
		seen[name] = true
	}
}

// crossed reads a mapping: all combinations of the values of its axes. Those that `zip`
// takes together count as one: the first of each, the second of each and so on.
func (r *matrixReader) crossed(n *settings.Node) []variant {
	var axes []axis
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == zipKey || key.Value == excludeKey || key.Value == includeKey {
			continue
		}
		if r.axisName(key) {
			axes = append(axes, axis{key.Value, key, r.values(key, value)})
		}
	}
	if len(axes) == 0 {
		if len(n.Content) == 0 {
			r.p.At(n, "write `matrix: {seed: [1, 2, 3]}`", "the matrix has no axes")
		}
		return nil
	}
	groups, ok := r.groups(n, axes)
	if !ok {
		return nil
	}
	cases := r.product(n, groups)
	if cases == nil {
		return nil
	}
	if _, e := n.Child(excludeKey); !e.IsEmpty() {
		cases = r.excluded(e, axes, cases)
	}
	if _, e := n.Child(includeKey); !e.IsEmpty() {
		cases = append(cases, r.listed(e, axes)...)
	}
	return cases
}

func (r *matrixReader) axisName(key *settings.Node) bool {
	msg, hint := names.CheckPart(key.Value)
	if msg != "" {
		r.p.At(key, hint, "the name of an axis %s", msg)
	}
	return msg == ""
}

// values are those of one axis; nil if something is wrong with them.
func (r *matrixReader) values(key, n *settings.Node) []bound {
	name := key.Value
	counted := name == seedAxis || name == foldAxis
	_, from := n.Child("from")
	_, to := n.Child("to")
	_, of := n.Child("of")
	var list []bound
	switch {
	case n.Is(settings.Int) && counted:
		list = r.count(n, name, 1, n)
	case n.Is(settings.Mapping) && len(n.Content) == 4 && from != nil && to != nil:
		first, ok := r.whole(from)
		if !ok {
			return nil
		}
		list = r.count(n, name, first, to)
	case n.Is(settings.Mapping) && len(n.Content) == 2 && of != nil && (name == foldAxis || of.Is(settings.Text) && r.stage(of.Value)):
		if many, ok := r.folds(of); ok {
			for i := range many {
				list = append(list, r.number(name, int64(i+1), of))
			}
		}
	case n.Is(settings.Mapping):
		for i := 0; i < len(n.Content); i += 2 {
			label, value := n.Content[i], n.Content[i+1]
			if msg, hint := names.CheckLabel(label.Value); msg != "" {
				r.p.At(label, hint, "the name of a value of %s %s", name, msg)
				continue
			}
			list = append(list, bound{axis: name, label: label.Value, value: value})
		}
	case n.Is(settings.List):
		for _, item := range n.Content {
			if label, ok := r.label(name, item); ok {
				list = append(list, bound{axis: name, label: label, value: item})
			}
		}
	case n.Is(settings.Spoiled):
		return nil
	case counted:
		r.p.At(n, fmt.Sprintf("write `%s: 5`, `%s: [1, 2, 3]` or `%s: {from: 1, to: 5}`", name, name, name), "%s is a number of them, a list or a range, not %s", name, n.Describe())
		return nil
	default:
		r.p.At(n, fmt.Sprintf("write `%s: [A, B]`", name), "the values of %s are a list, or a mapping that names them, not %s", name, n.Describe())
		return nil
	}
	if len(list) == 0 {
		if len(n.Content) == 0 && !n.IsScalar() {
			r.p.At(key, "", "%s has no values", name)
		}
		return nil
	}
	if len(list) > maxCases {
		r.tooMany(n, len(list))
		return nil
	}
	for _, b := range list {
		r.check(b)
	}
	return list
}

// check reports a seed that is none.
func (r *matrixReader) check(b bound) {
	if b.axis != seedAxis {
		return
	}
	if _, ok := seedOf(b.value); !ok {
		r.p.At(b.value, "call the axis otherwise if it is none", "a seed is a whole number from 0 on, not %s", b.value.Describe())
	}
}

// seedOf reads the value of the axis seed.
func seedOf(n *settings.Node) (uint64, bool) {
	if !n.Is(settings.Int) {
		return 0, false
	}
	seed, err := strconv.ParseUint(strings.ReplaceAll(n.Value, "_", ""), 0, 64)
	return seed, err == nil
}

// count are the numbers from first up to one that is written.
func (r *matrixReader) count(n *settings.Node, name string, first int64, to *settings.Node) []bound {
	last, ok := r.whole(to)
	switch {
	case !ok:
		return nil
	case last < first:
		r.p.At(to, "", "there are none: from %d to %d", first, last)
		return nil
	case uint64(last)-uint64(first) >= maxCases:
		r.p.At(n, "", "that is more than a stage may have, which are %d", maxCases)
		return nil
	}
	var list []bound
	for i := range last - first + 1 { // last can be the greatest number there is
		list = append(list, r.number(name, first+i, to))
	}
	return list
}

func (r *matrixReader) number(name string, i int64, at *settings.Node) bound {
	text := strconv.FormatInt(i, 10)
	return bound{axis: name, label: text, value: &settings.Node{Type: settings.Int, Value: text, Line: at.Line, Column: at.Column}}
}

func (r *matrixReader) whole(n *settings.Node) (int64, bool) {
	if n.Is(settings.Int) && !n.HasLeadingZero() {
		if i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err == nil {
			return i, true
		}
	}
	r.p.At(n, "", "it must be a whole number, not %s", n.Describe())
	return 0, false
}

// label is what a value is called that has no name: a number in its shortest form, so
// that 1e-3 and 0.001 are the same case, and any other as it is written.
func (r *matrixReader) label(axis string, n *settings.Node) (string, bool) {
	hint := fmt.Sprintf("give the values names: `%s: {NAME: ..., NAME: ...}`", axis)
	text := n.Value
	switch {
	case n.Is(settings.Spoiled):
		return "", false
	case n.IsEmpty() || !n.IsScalar():
		r.p.At(n, hint, "a value of %s that is %s has no name", axis, n.Describe())
		return "", false
	case n.Is(settings.Int) || n.Is(settings.Float):
		if n.HasLeadingZero() || !n.IsFinite() {
			r.p.At(n, "put it in quotes if it is a text", "%s is no plain number", n.Value)
			return "", false
		}
		text = plainNumber(n.Value)
	case n.Is(settings.Bool):
		text = strings.ToLower(n.Value)
	}
	if msg, _ := names.CheckLabel(text); msg != "" {
		r.p.At(n, hint, "a value of %s %s, as it becomes a part of the names of stages", axis, msg)
		return "", false
	}
	return text, true
}

// plainNumber is the shortest text of a number.
func plainNumber(text string) string {
	digits := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return strconv.FormatInt(i, 10)
	}
	if u, err := strconv.ParseUint(digits, 0, 64); err == nil {
		return strconv.FormatUint(u, 10)
	}
	if f, err := strconv.ParseFloat(digits, 64); err == nil {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return text
}

// product are all combinations.
func (r *matrixReader) product(n *settings.Node, groups [][]variant) []variant {
	many := 1
	for _, g := range groups {
		if len(g) == 0 {
			return nil
		}
		if many *= len(g); many > maxCases*maxCases {
			break
		}
	}
	if many > 10*maxCases { // exclude may leave out the others
		r.tooMany(n, many)
		return nil
	}
	cases := []variant{nil}
	for _, g := range groups {
		next := make([]variant, 0, len(cases)*len(g))
		for _, c := range cases {
			for _, b := range g {
				next = append(next, append(c[:len(c):len(c)], b...))
			}
		}
		cases = next
	}
	for _, c := range cases {
		c.sorted()
	}
	return cases
}

// noAxis reports a name that is none of the axes.
func (r *matrixReader) noAxis(name *settings.Node, axes []axis) {
	var known []string
	for _, a := range axes {
		known = append(known, a.name)
	}
	hint := listHint("the axes are ", known)
	if near, ok := r.near.nearest(name.Value, known); ok {
		hint = diag.DidYouMean(near)
	}
	r.p.At(name, hint, "the matrix has no axis %s", diag.Quote(name.Value))
}

// excluded leaves out the cases that have all values of one of a list.
func (r *matrixReader) excluded(n *settings.Node, axes []axis, cases []variant) []variant {
	for _, without := range r.partial(n, axes, excludeKey) {
		left := slices.DeleteFunc(slices.Clone(cases), func(c variant) bool { return c.name().Within(without.name()) })
		if len(left) == len(cases) {
			r.p.At(without[0].place(), "", "there is no case %s to exclude", without.name())
		}
		cases = left
	}
	return cases
}

// listed reads a list of whole cases. Each has a value for each axis: of those given,
// or otherwise of the first case.
func (r *matrixReader) listed(n *settings.Node, axes []axis) []variant {
	cases := r.partial(n, axes, includeKey)
	var want []string
	for _, a := range axes {
		want = append(want, a.name)
	}
	if axes == nil && len(cases) > 0 {
		for _, b := range cases[0] {
			want = append(want, b.axis)
		}
	}
	for _, c := range cases {
		for _, name := range want {
			if c.get(name) == nil {
				r.p.At(c[0].place(), "each case has a value for every axis", "the case %s has no %s", c.name(), name)
			}
		}
		for _, b := range c {
			if !slices.Contains(want, b.axis) {
				r.p.At(b.place(), "each case has a value for every axis", "the first case has no %s", b.axis)
			}
		}
	}
	return cases
}

// partial reads a list of values by axis. Where the axes are given, a text names the value
// of that label.
func (r *matrixReader) partial(n *settings.Node, axes []axis, what string) []variant {
	if n.Is(settings.Mapping) {
		n = &settings.Node{Type: settings.List, Content: []*settings.Node{n}, Line: n.Line, Column: n.Column}
	}
	if !n.Is(settings.List) {
		r.p.At(n, fmt.Sprintf("write `%s: [{seed: 1}]`", what), "%s is a list of cases, not %s", what, n.Describe())
		return nil
	}
	var cases []variant
	for _, item := range n.Content {
		if item.Is(settings.Spoiled) {
			continue
		}
		if !item.Is(settings.Mapping) || len(item.Content) == 0 {
			r.p.At(item, "write `{seed: 1}`", "a case is a mapping of names to values, not %s", item.Describe())
			continue
		}
		var c variant
		for i := 0; i < len(item.Content); i += 2 {
			if b, ok := r.one(item.Content[i], item.Content[i+1], axes); ok {
				c = append(c, b)
			}
		}
		if len(c) == len(item.Content)/2 {
			cases = append(cases, c.sorted())
		}
	}
	return cases
}

// one reads the value of an axis in a case.
func (r *matrixReader) one(key, value *settings.Node, axes []axis) (bound, bool) {
	if !r.axisName(key) {
		return bound{}, false
	}
	at := slices.IndexFunc(axes, func(a axis) bool { return a.name == key.Value })
	if at < 0 && axes != nil {
		r.noAxis(key, axes)
		return bound{}, false
	}
	label, ok := r.label(key.Value, value)
	if !ok {
		return bound{}, false
	}
	b := bound{axis: key.Value, label: label, value: value, at: value}
	if at >= 0 {
		if i := slices.IndexFunc(axes[at].values, func(b bound) bool { return b.label == label }); i >= 0 {
			b.value = axes[at].values[i].value
		}
	}
	r.check(b)
	return b, true
}
