package pipeline

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline/settings"
)

// each reads every case of every stage, with the references replaced by its values.
func (x *expansion) each(read func(e *entry, c variant, n *settings.Node)) {
	defer func() { x.scope.of, x.scope.variant = nil, nil }()
	for _, e := range x.entries {
		for i, c := range e.cases {
			n := e.node
			if i+1 < len(e.cases) { // the last one may have what is written
				n = x.doc.Copy(n)
			}
			x.scope.of, x.scope.variant = e, c
			x.scope.substitute(n, x.doc)
			if x.doc.Broken() {
				return
			}
			first := len(x.p.List)
			read(e, c, n)
			if len(e.cases) > 1 {
				for k := range x.p.List[first:] {
					x.p.List[first+k].Msg += " (in " + c.name().Of(e.key.Value) + ")"
				}
			}
		}
	}
	if x.p.Errors() > 0 {
		return // one of them may be about the name of an axis
	}
	for _, e := range x.entries {
		x.unusedAxes(e)
	}
}

// unusedAxes warns of axes that change nothing.
func (x *expansion) unusedAxes(e *entry) {
	if e.matrix == nil || e.broken {
		return
	}
	for _, b := range e.own[0] {
		if b.axis != seedAxis && !x.scope.axesUsed[b.axis] {
			at, _ := e.matrix.Child(b.axis)
			x.p.Warn(cmp.Or(at, e.matrixKey), fmt.Sprintf("refer to it in the settings, as in $matrix.%s", b.axis), "the axis %s is not used: its cases are all the same", b.axis)
		}
	}
}

// sound says whether the cases of all stages are known.
func (x *expansion) sound() bool {
	return x == nil || !slices.ContainsFunc(x.entries, func(e *entry) bool { return e.broken })
}

// inCase is what a message about a case of a stage ends with, moreCases one about several
// of them, and ofCase how one names it.
var (
	inCase    = regexp.MustCompile(` \(in ([^()\[]*)\[[^\[\]]*\]\)$`)
	moreCases = regexp.MustCompile(` \(in [^()\[]*\[[^\[\]]*\] and [0-9]+ more of its cases\)$`)
	ofCase    = regexp.MustCompile(`\[[A-Za-z0-9_-]+=[^\[\]]*\]`)
)

// unite makes one of the problems that several cases of a stage have at one place.
func (x *expansion) unite() {
	if x != nil && x.matrix {
		x.p.List, x.p.Notes = x.united(x.p.List), x.united(x.p.Notes)
	}
}

func (x *expansion) united(list diag.List) diag.List {
	type problem struct {
		pos      diag.Pos
		severity diag.Severity
		msg      string
	}
	first := make(map[problem]int)
	more := make([]int, len(list))
	kept := list[:0]
	for _, d := range list {
		of := problem{d.Pos, d.Severity, ofCase.ReplaceAllString(inCase.ReplaceAllString(d.Msg, ""), "")}
		if i, ok := first[of]; ok {
			more[i]++
			continue
		}
		first[of] = len(kept)
		kept = append(kept, d)
	}
	for i := range kept {
		msg := &kept[i].Msg
		in := inCase.FindStringSubmatch(*msg)
		switch {
		case in != nil && more[i]+1 == len(x.byName[in[1]].cases):
			*msg = strings.TrimSuffix(*msg, in[0]) // it is about the stage
		case in != nil && more[i] > 0:
			*msg = strings.TrimSuffix(*msg, ")") + fmt.Sprintf(" and %d more of its cases)", more[i])
		case more[i] > 0:
			*msg += fmt.Sprintf(" (and so in %d more of its cases)", more[i])
		}
	}
	return fewAlike(kept)
}

// mostAlike is how many problems are shown that differ in the value of the case alone.
const mostAlike = 3

// anyValue is what messages have of the values of a case.
var anyValue = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[0-9][0-9.e+-]*`)

// fewAlike leaves the first problems that cases have at one place and that say the same of
// other values: what is wrong with a text is wrong in all of a hundred cases that have a
// number in it.
func fewAlike(list diag.List) diag.List {
	type problem struct {
		pos      diag.Pos
		severity diag.Severity
		msg      string
	}
	seen := make(map[problem]int)
	last := make(map[problem]int) // the place of the last that is shown
	kept := list[:0]
	for _, d := range list {
		in := inCase.FindStringIndex(d.Msg)
		if in == nil {
			in = moreCases.FindStringIndex(d.Msg)
		}
		if in == nil {
			kept = append(kept, d)
			continue
		}
		of := problem{d.Pos, d.Severity, anyValue.ReplaceAllString(d.Msg[:in[0]], "")}
		if seen[of]++; seen[of] > mostAlike {
			continue
		}
		last[of] = len(kept)
		kept = append(kept, d)
	}
	for of, i := range last {
		if left := seen[of] - mostAlike; left > 0 {
			kept[i].Msg += fmt.Sprintf(", and so with %d other values", left)
		}
	}
	return kept
}

// resolve turns the inputs of a stage as they are written into those of a case of it.
func (x *expansion) resolve(e *entry, c variant, inputs []*input) []*input {
	x.several(e, inputs)
	list := make([]*input, 0, len(inputs))
	for _, in := range inputs {
		s := selectionOf(in.ref)
		from := x.byName[s.stage]
		if !x.matrix || e.broken || from == nil || from.broken {
			list = append(list, in.of(nil))
			continue
		}
		gathers := e.gathers(in.port)
		if s.many() && !gathers && e.kind != nil && portOf(e.kind.Inputs, in.port) != portOf(e.kind.Inputs, "*") {
			x.p.At(in.refAt, "a stage of kind compare takes all", "input %s of stage %s takes one artifact, not those of several cases", diag.Quote(in.port), diag.Quote(e.key.Value))
			continue
		}
		if s.many() || gathers {
			s.every = s.every || len(s.gathered) == 0
		}
		found := 0
		for _, of := range from.selected(&s) {
			var gathered names.Case
			fits := true
			for _, b := range of {
				if s.every || slices.Contains(s.gathered, b.axis) {
					if _, fixed := s.fixed.Get(b.axis); !fixed {
						gathered = append(gathered, names.Value{Axis: b.axis, Label: b.label})
					}
					continue
				}
				if _, fixed := s.fixed.Get(b.axis); fixed {
					continue
				}
				mine := c.get(b.axis)
				fits = fits && mine != nil && mine.label == b.label
			}
			if _, there := gathered.Get(ModelAxis); there && in.label != "" {
				x.p.At(in.refAt, "call the axis otherwise", "stage %s has an axis %s, which is that of the names of several inputs", diag.Quote(s.stage), ModelAxis)
				e.broken = true
				return nil
			}
			if fits {
				one := in.of(gathered)
				one.ref = s.reference(of.name())
				list = append(list, one)
				found++
			}
		}
		if found == 0 {
			x.p.At(in.refAt, fmt.Sprintf("name one of its cases, as in %s", from.cases[0].name().Of(s.stage)), "stage %s has cases, and which is meant is not known here", diag.Quote(s.stage))
		}
	}
	return list
}

// ModelAxis is the axis that a port has the names of several stages on, as in
// metrics[model=trees,seed=2].
const ModelAxis = "model"

// of is the input in a case of the stage that it names, as far as that is taken with others.
func (in *input) of(c names.Case) *input {
	one := *in
	if in.label != "" {
		c = c.With(ModelAxis, in.label)
	}
	one.port, one.gathered = c.Of(in.port), len(c) > 0
	return &one
}

// several reports inputs that name several stages: they take one, or those that take several
// have other names.
func (x *expansion) several(e *entry, inputs []*input) {
	if e.kind == nil {
		return
	}
	var first string // the port
	of := map[string][]string{}
	told := map[string]bool{}
	for _, in := range inputs {
		switch {
		case e.gathers(in.port):
			if first == "" {
				first = in.port
			}
			of[in.port] = append(of[in.port], in.label)
		case in.label != "" && !told[in.port] && portOf(e.kind.Inputs, in.port) != nil:
			told[in.port] = true
			x.p.At(in.at, "write STAGE or STAGE.PORT; a stage of kind compare takes several", "input %s of stage %s takes one artifact, not those of several stages", diag.Quote(in.port), diag.Quote(e.key.Value))
		}
	}
	for _, in := range inputs {
		if names := of[in.port]; names == nil || in.port == first || told[in.port] || sameNames(names, of[first]) {
			continue
		}
		told[in.port] = true
		x.p.At(in.at, "write the same names in both, each with a stage", "inputs %s and %s of stage %s have other names: %s, and %s",
			diag.Quote(first), diag.Quote(in.port), diag.Quote(e.key.Value), namesOf(of[first]), namesOf(of[in.port]))
	}
}

func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func namesOf(list []string) string {
	if len(list) == 1 && list[0] == "" {
		return "none"
	}
	return strings.Join(list, ", ")
}

// needs turns the stages that a stage waits for into all of their cases.
func (x *expansion) needs(needs []*need) []*need {
	if !x.matrix {
		return needs
	}
	var list []*need
	for _, n := range needs {
		s := selectionOf(n.stage)
		from := x.byName[s.stage]
		if from == nil || from.broken || s.dotted {
			list = append(list, n)
			continue
		}
		some := from.selected(&s)
		for _, c := range some {
			list = append(list, &need{stage: c.name().Of(s.stage), at: n.at})
		}
		if len(some) == 0 {
			list = append(list, n)
		}
	}
	return list
}
