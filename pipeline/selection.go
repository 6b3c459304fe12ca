package pipeline

import (
	"strings"

	"pipe/base/names"
)

// A selection is a reference to a stage as it is written: STAGE, STAGE.PORT, and of a
// stage that has cases some of them, as in STAGE[seed=2,network=*].PORT.
type selection struct {
	stage, port string
	dotted      bool
	every       bool       // [*]: all cases
	fixed       names.Case // axes that have a value,
	gathered    []string   // and those of which all are meant
}

// any says whether more than one case can be meant.
func (s *selection) many() bool { return s.every || len(s.gathered) > 0 }

// selectionOf reads a reference. One whose brackets hold no case is the name of a stage
// that there is not.
func selectionOf(ref string) selection {
	var s selection
	name := ref
	if end := strings.LastIndexByte(ref, ']'); end >= 0 && strings.Contains(ref[:end], "[") {
		rest := ref[end+1:]
		if rest == "" || rest[0] == '.' {
			name = ref[:end+1]
			s.port, s.dotted = strings.CutPrefix(rest, ".")
		}
	} else {
		name, s.port, s.dotted = strings.Cut(ref, ".")
	}
	if base, ok := strings.CutSuffix(name, "[*]"); ok {
		s.stage, s.every = base, true
		return s
	}
	base, c, _ := names.SplitCase(name)
	s.stage = base
	for _, v := range c {
		if v.Label == "*" {
			s.gathered = append(s.gathered, v.Axis)
		} else {
			s.fixed = append(s.fixed, v)
		}
	}
	return s
}

// reference is the text of a reference to an output of a case of a stage.
func (s *selection) reference(c names.Case) string {
	name := c.Of(s.stage)
	if s.dotted {
		return name + "." + s.port
	}
	return name
}

// Select lists the steps that a name means, in the order of the plan: the one of that
// name, or all cases of a stage that have the values which are named.
func (p *Plan) Select(name string) []string {
	return names.Select(name, p.Names())
}

// Names are those of the steps.
func (p *Plan) Names() []string {
	list := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		list[i] = s.Name
	}
	return list
}
