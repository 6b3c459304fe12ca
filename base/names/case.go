package names

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Case is what one of the runs of a stage is for that is run for many values:
// train[network=cnn,seed=2]. It is sorted by axis, so that there is one way to write it.
type Case []Value

// A Value of an axis, by its label.
type Value struct{ Axis, Label string }

const (
	maxLabel = 40
	// maxStage is the longest name of a stage with its case: it becomes that of a file.
	maxStage = 200
)

var label = regexp.MustCompile(`^[A-Za-z0-9_+-][A-Za-z0-9_.+-]*$`)

// CheckLabel is Check for the labels of a Case, which may be numbers.
func CheckLabel(text string) (msg, hint string) {
	msg, hint = match(text, label, "it is letters, digits and any of _ . + -, and does not begin with .")
	if msg == "" && len(text) > maxLabel {
		return fmt.Sprintf("is longer than %d bytes", maxLabel), ""
	}
	return msg, hint
}

// CheckStage is CheckPart for a stage, or a port, that may have a case behind its name.
func CheckStage(name string) (msg, hint string) {
	base, c, ok := SplitCase(name)
	if msg, hint := CheckPart(base); msg != "" || len(c) == 0 && ok {
		return msg, hint
	}
	switch {
	case len(name) > maxStage:
		return fmt.Sprintf("is longer than %d bytes", maxStage), ""
	case !ok || c.Of(base) != name:
		return fmt.Sprintf("cannot be %q", shorten(name)), "a case is written NAME[AXIS=VALUE,AXIS=VALUE], the axes in order"
	}
	for _, v := range c {
		if msg, hint := CheckPart(v.Axis); msg != "" {
			return msg, hint
		}
		if msg, hint := CheckLabel(v.Label); msg != "" {
			return msg, hint
		}
	}
	return "", ""
}

// SplitCase divides the name of a stage into what is written in the pipeline and its
// case, which is empty for most. ok is false if there are brackets and no case in them;
// then base is all of it. What is in the brackets may be in any order.
func SplitCase(name string) (base string, c Case, ok bool) {
	base, inside, found := strings.Cut(name, "[")
	if !found {
		return name, nil, true
	}
	inside, closed := strings.CutSuffix(inside, "]")
	for part := range strings.SplitSeq(inside, ",") {
		axis, value, equals := strings.Cut(part, "=")
		axis, value = strings.TrimSpace(axis), strings.TrimSpace(value)
		if !closed || !equals || axis == "" || value == "" || strings.ContainsAny(part, "[]") {
			return name, nil, false
		}
		c = append(c, Value{axis, value})
	}
	c.sort()
	for i := 1; i < len(c); i++ {
		if c[i].Axis == c[i-1].Axis {
			return name, nil, false
		}
	}
	return base, c, true
}

// With is the case with a value on one more axis.
func (c Case) With(axis, label string) Case {
	more := append(slices.Clone(c), Value{axis, label})
	more.sort()
	return more
}

func (c Case) sort() {
	slices.SortFunc(c, func(a, b Value) int { return cmp.Compare(a.Axis, b.Axis) })
}

// Of is the name of a stage, or of a port, in the case.
func (c Case) Of(base string) string {
	if len(c) == 0 {
		return base
	}
	return base + "[" + c.String() + "]"
}

// String is network=cnn,seed=2.
func (c Case) String() string {
	var b strings.Builder
	for i, v := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(v.Axis + "=" + v.Label)
	}
	return b.String()
}

// Get is the label that the case has on an axis.
func (c Case) Get(axis string) (label string, ok bool) {
	for _, v := range c {
		if v.Axis == axis {
			return v.Label, true
		}
	}
	return "", false
}

// Within says whether the case has all values of another one.
func (c Case) Within(other Case) bool {
	for _, v := range other {
		if label, ok := c.Get(v.Axis); !ok || label != v.Label {
			return false
		}
	}
	return true
}

// Select lists those of some stages that a name means: the one of that name, or all cases
// of a stage that have the values which are named; [*] behind it is all of them.
func Select(name string, stages []string) []string {
	if slices.Contains(stages, name) {
		return []string{name}
	}
	base, c, ok := SplitCase(strings.TrimSuffix(name, "[*]"))
	if !ok {
		return nil
	}
	var list []string
	for _, stage := range stages {
		if of, have, _ := SplitCase(stage); of == base && have.Within(c) {
			list = append(list, stage)
		}
	}
	return list
}

// A Lack is what a name asks for that the cases of a stage do not have.
type Lack struct {
	Msg   string   // stage "model" has no axis "sed"
	Wrong string   // what there is not,
	Valid []string // and what there is in its place; empty if each of it is there, and not together
}

// Lacks says why Select finds nothing; ok is false if no stage of the name has cases.
func Lacks(name string, stages []string) (l Lack, ok bool) {
	base, c, valid := SplitCase(name)
	if !valid || len(c) == 0 {
		return Lack{}, false
	}
	var axes []string
	labels := map[string][]string{}
	for _, stage := range stages {
		of, have, _ := SplitCase(stage)
		if of != base {
			continue
		}
		for _, v := range have {
			if labels[v.Axis] == nil {
				axes = append(axes, v.Axis)
			}
			if !slices.Contains(labels[v.Axis], v.Label) {
				labels[v.Axis] = append(labels[v.Axis], v.Label)
			}
		}
	}
	if len(axes) == 0 {
		return Lack{}, false
	}
	for _, v := range c {
		switch {
		case labels[v.Axis] == nil:
			return Lack{fmt.Sprintf("stage %q has no axis %q", base, shorten(v.Axis)), v.Axis, axes}, true
		case !slices.Contains(labels[v.Axis], v.Label):
			return Lack{fmt.Sprintf("stage %q has no case %s=%s", base, v.Axis, shorten(v.Label)), v.Label, labels[v.Axis]}, true
		}
	}
	return Lack{Msg: fmt.Sprintf("stage %q has no case %s", base, c)}, true
}

// Canonical is a reference STAGE or STAGE.PORT with its case as names have it, whatever
// the order in which it was written.
func Canonical(ref string) string {
	end := strings.LastIndexByte(ref, ']') + 1
	if base, c, ok := SplitCase(ref[:end]); ok && len(c) > 0 {
		return c.Of(base) + ref[end:]
	}
	return ref
}

// Append is the name of a stage with something behind what is written in the pipeline,
// before the case.
func Append(stage, text string) string {
	base, c, _ := SplitCase(stage)
	return c.Of(base + text)
}

// Map is the labels by axis.
func (c Case) Map() map[string]string {
	m := make(map[string]string, len(c))
	for _, v := range c {
		m[v.Axis] = v.Label
	}
	return m
}
