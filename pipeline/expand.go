package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline/settings"
)

// An entry is a stage as it is written, and the cases that it is run for: those of its
// matrix, for each of those of the stages that it takes data from.
type entry struct {
	key, node *settings.Node
	kind      *Kind          // nil if it is not known
	matrix    *settings.Node // nil if it has none
	matrixKey *settings.Node
	own       []variant // of its matrix; one that is empty without
	cases     []variant // all have the same axes
	broken    bool      // which was reported
	dropping  bool      // some cases of its inputs find no partner, which was reported
	state     walkState
}

// maxCopies is how many characters the stages of all cases may have together.
const maxCopies = 4_000_000

type walkState uint8

const (
	unseen walkState = iota
	walking
	walked
)

// axes are those of the cases.
func (e *entry) axes() []string {
	var list []string
	if len(e.cases) > 0 {
		for _, b := range e.cases[0] {
			list = append(list, b.axis)
		}
	}
	return list
}

// An expansion finds the cases of all stages.
type expansion struct {
	*loader
	scope   *params
	doc     *settings.Document
	entries []*entry
	byName  map[string]*entry
	matrix  bool // some stage has one
}

// expand replaces the references in the stages of a file, and reads each of them once
// for each of its cases.
func (l *loader) expand(n *settings.Node, scope *params, doc *settings.Document) *expansion {
	x := &expansion{loader: l, scope: scope, doc: doc, byName: make(map[string]*entry)}
	if !n.Is(settings.Mapping) {
		return x
	}
	for i := 0; i < len(n.Content); i += 2 {
		e := &entry{key: n.Content[i], node: n.Content[i+1], own: []variant{nil}}
		x.entries, x.byName[e.key.Value] = append(x.entries, e), e
		if key, m := e.node.Child("matrix"); !m.IsEmpty() {
			e.matrixKey, e.matrix, x.matrix = key, m, true
			scope.substitute(m, doc)
		}
		if _, uses := e.node.Child("uses"); uses.Is(settings.Text) {
			if name, ok := scope.preview(uses.Value, nil); ok {
				e.kind, _ = l.reg.Lookup(name)
			}
		}
	}
	if !x.matrix {
		for _, e := range x.entries {
			e.cases = e.own
		}
		return x
	}
	doc.Grow(maxCopies)
	for _, e := range x.entries {
		if e.matrix != nil {
			r := &matrixReader{p: l.p, near: l.near, folds: x.folds, stage: func(name string) bool { return x.byName[name] != nil }}
			e.own = r.read(e.matrix)
			e.broken = e.own == nil
		}
	}
	for _, e := range x.entries {
		x.walk(e)
	}
	return x
}

// folds asks a stage how many folds it makes, as far as that can be told before it has
// its cases.
func (x *expansion) folds(of *settings.Node) (int, bool) {
	e := x.byName[of.Value]
	if !of.Is(settings.Text) || e == nil {
		x.p.At(of, "write `fold: {of: STAGE}`, a stage with `folds`", "there is no stage %s", diag.Quote(of.Value))
		return 0, false
	}
	if e.kind != nil {
		_, with := e.node.Child("with")
		if with != nil {
			p := settings.NewProblems("", nil)
			stage := e.kind.New()
			settings.Decode(x.scope.guess(with), e.key, stage, p)
			if f, ok := stage.(Folder); ok && f.FoldsOf() > 0 {
				return f.FoldsOf(), true
			}
		}
	}
	x.p.At(of, "name one with `folds: {of: 5, fold: $matrix.fold}`", "stage %s makes no folds", diag.Quote(of.Value))
	return 0, false
}

// walk finds the cases of a stage after those of the stages before it. Stages that form
// a cycle, which is reported later, have those of their own.
func (x *expansion) walk(e *entry) {
	if e.state != unseen {
		return
	}
	e.state = walking
	defer func() {
		if e.state = walked; e.broken || len(e.cases) == 0 {
			// One will do for the problems of the rest.
			e.broken, e.cases = true, []variant{nil}
		}
	}()
	if e.broken {
		return
	}
	for _, own := range e.own {
		cases := []variant{own}
		for _, ref := range x.refs(e, own) {
			from := x.byName[ref.stage]
			if from == nil || from == e {
				continue
			}
			if x.walk(from); from.state == walking {
				continue
			}
			if from.broken {
				e.broken = true
				return
			}
			if !x.checkSelection(from, ref) {
				e.broken = true
				return
			}
			carried := from.carried(&ref.selection)
			if !x.sameAxis(e, from, ref, carried) {
				return
			}
			joined, ok := x.join(e, ref, cases, carried)
			if !ok {
				return
			}
			cases = joined
		}
		if len(e.cases)+len(cases) > maxCases {
			x.p.At(e.place(), "leave some out with `exclude`, or take data of one case, as in STAGE[seed=1]", "stage %s would have more than %d cases", diag.Quote(e.key.Value), maxCases)
			e.broken = true
			return
		}
		e.cases = append(e.cases, cases...)
	}
	for _, c := range e.cases {
		if !slices.Equal(axesOf(c), e.axes()) {
			x.p.At(e.key, "", "the cases of stage %s differ in their axes: %s and %s", diag.Quote(e.key.Value), e.cases[0].name(), c.name())
			e.broken = true
			return
		}
	}
}

func axesOf(v variant) []string {
	var list []string
	for _, b := range v {
		list = append(list, b.axis)
	}
	return list
}

// place is where to report what is wrong with the cases of a stage.
func (e *entry) place() *settings.Node {
	if e.matrixKey != nil {
		return e.matrixKey
	}
	return e.key
}

// sameAxis reports an axis of a matrix that comes with data, too.
func (x *expansion) sameAxis(e, from *entry, ref reference, carried []variant) bool {
	if len(carried) == 0 {
		return true
	}
	for _, b := range carried[0] {
		if e.matrix != nil && e.own[0].get(b.axis) != nil {
			x.p.At(e.matrixKey, fmt.Sprintf("remove it here, call it otherwise, or take data of one case: %s[%s=%s]", ref.stage, b.axis, b.label),
				"stage %s has the axis %s already, which comes with its input from %s", diag.Quote(e.key.Value), b.axis, diag.Quote(ref.stage))
			e.broken = true
			return false
		}
	}
	return true
}

// A reference is one that is written in the inputs of a stage.
type reference struct {
	selection
	at *settings.Node
}

// refs are the references that a stage has in a case of its matrix, as far as they can
// be told.
func (x *expansion) refs(e *entry, own variant) []reference {
	_, inputs := e.node.Child("inputs")
	if !inputs.Is(settings.Mapping) {
		return nil
	}
	var list []reference
	add := func(port string, n *settings.Node) {
		if !n.Is(settings.Text) {
			return
		}
		text, ok := x.scope.preview(n.Value, own)
		if !ok {
			return
		}
		s := selectionOf(text)
		if s.many() || e.gathers(port) {
			s.every = s.every || len(s.gathered) == 0
		}
		list = append(list, reference{s, n})
	}
	for i := 0; i < len(inputs.Content); i += 2 {
		port, n := inputs.Content[i].Value, inputs.Content[i+1]
		if !n.Is(settings.Mapping) {
			add(port, n)
			continue
		}
		for j := 1; j < len(n.Content); j += 2 {
			add(port, n.Content[j])
		}
	}
	return list
}

// gathers says whether an input takes all cases of a stage.
func (e *entry) gathers(port string) bool {
	if e.kind == nil {
		return false
	}
	p := portOf(e.kind.Inputs, port)
	return p != nil && p.Many
}

// checkSelection reports axes and values that a stage does not have.
func (x *expansion) checkSelection(from *entry, ref reference) bool {
	axes := from.axes()
	for _, name := range ref.gathered {
		if !x.knownAxis(from, axes, name, ref.at) {
			return false
		}
	}
	for _, v := range ref.fixed {
		if !x.knownAxis(from, axes, v.Axis, ref.at) {
			return false
		}
		var labels []string
		for _, c := range from.cases {
			if b := c.get(v.Axis); b != nil && !slices.Contains(labels, b.label) {
				labels = append(labels, b.label)
			}
		}
		if !slices.Contains(labels, v.Label) {
			x.p.At(ref.at, diag.NearestHint(v.Label, labels), "stage %s has no case %s=%s", diag.Quote(ref.stage), v.Axis, v.Label)
			return false
		}
	}
	if len(from.selected(&ref.selection)) == 0 {
		x.p.At(ref.at, "", "stage %s has no case %s", diag.Quote(ref.stage), ref.fixed)
		return false
	}
	return true
}

func (x *expansion) knownAxis(from *entry, axes []string, name string, at *settings.Node) bool {
	if slices.Contains(axes, name) {
		return true
	}
	hint := diag.NearestHint(name, axes)
	if len(axes) == 0 {
		hint = "it has no matrix"
	}
	x.p.At(at, hint, "stage %s has no axis %s", diag.Quote(from.key.Value), diag.Quote(name))
	return false
}

// selected are the cases that a reference can mean.
func (e *entry) selected(s *selection) []variant {
	if len(s.fixed) == 0 {
		return e.cases
	}
	var list []variant
	for _, c := range e.cases {
		if c.name().Within(s.fixed) {
			list = append(list, c)
		}
	}
	return list
}

// carried is what a stage has of the cases of another one that it takes data from: its
// axes without those that the reference has decided.
func (e *entry) carried(s *selection) []variant {
	if s.every {
		return []variant{nil}
	}
	var list []variant
	seen := map[string]bool{}
	for _, c := range e.selected(s) {
		var left variant
		for _, b := range c {
			if _, fixed := s.fixed.Get(b.axis); !fixed && !slices.Contains(s.gathered, b.axis) {
				left = append(left, b)
			}
		}
		if name := left.name().String(); !seen[name] {
			seen[name] = true
			list = append(list, left)
		}
	}
	return list
}

// join combines cases that have the same values of the axes that both have.
func (x *expansion) join(e *entry, ref reference, a, b []variant) ([]variant, bool) {
	if len(a) == 0 || len(b) == 0 {
		return nil, true
	}
	var shared []string
	for _, v := range a[0] {
		if b[0].get(v.axis) != nil {
			shared = append(shared, v.axis)
		}
	}
	of := func(v variant) string {
		var c names.Case
		for _, axis := range shared {
			c = append(c, names.Value{Axis: axis, Label: v.get(axis).label})
		}
		return c.String()
	}
	by := make(map[string][]variant)
	for _, v := range b {
		by[of(v)] = append(by[of(v)], v)
	}
	var list []variant
	for _, v := range a {
		for _, w := range by[of(v)] {
			both := slices.Clone(v)
			for _, add := range w {
				have := both.get(add.axis)
				if have == nil {
					both = append(both, add)
				} else if have.value != add.value && string(have.value.JSON()) != string(add.value.JSON()) {
					x.p.At(e.key, "call them otherwise in one of the matrices", "%s=%s means different values in the stages that %s takes data from", add.axis, add.label, diag.Quote(e.key.Value))
					e.broken = true
					return nil, false
				}
			}
			if list = append(list, both.sorted()); len(list) > maxCases {
				x.p.At(e.place(), "leave some out with `exclude`, or take data of one case, as in STAGE[seed=1]", "stage %s would have more than %d cases", diag.Quote(e.key.Value), maxCases)
				e.broken = true
				return nil, false
			}
		}
	}
	if len(list) > 0 {
		x.dropped(e, ref, shared, list, a, b)
	} else {
		x.p.At(ref.at, "they meet in the values of "+strings.Join(shared, ", "), "no case of stage %s goes together with those of the other inputs", diag.Quote(ref.stage))
		e.broken = true
		return nil, false
	}
	return list, true
}

// dropped warns of values that cases of one input have and those of another do not, as
// where one split makes three folds and another one five.
func (x *expansion) dropped(e *entry, ref reference, shared []string, both, a, b []variant) {
	if e.dropping {
		return
	}
	for _, axis := range shared {
		have := func(cases []variant, label string) bool {
			return slices.ContainsFunc(cases, func(v variant) bool { return v.get(axis).label == label })
		}
		for _, v := range slices.Concat(a, b) {
			if label := v.get(axis).label; !have(both, label) {
				e.dropping = true
				x.p.Warn(ref.at, fmt.Sprintf("let both have the same values of %s, or call one of the axes otherwise", axis),
					"stage %s has no case %s=%s: it is among those of one input, and not of another", diag.Quote(e.key.Value), axis, label)
				return
			}
		}
	}
}
