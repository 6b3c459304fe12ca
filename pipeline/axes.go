package pipeline

import (
	"fmt"
	"strings"

	"pipe/base/diag"
	"pipe/pipeline/settings"
)

// lookupAxis finds the value of an axis in the case of the stage.
func (s *params) lookupAxis(n *settings.Node, name string, p *settings.Problems) *settings.Node {
	if b := s.variant.get(name); b != nil {
		s.axesUsed[name] = true
		return b.value
	}
	spoiled := &settings.Node{Type: settings.Spoiled, Line: n.Line, Column: n.Column}
	switch axes := axesOf(s.variant); {
	case s.of == nil:
		p.At(n, "it is for the inputs and settings of stages", "%s%s is known in the cases of a stage only", matrixPrefix, name)
		return nil
	case s.of.broken:
		return spoiled
	case len(axes) == 0:
		p.At(n, fmt.Sprintf("declare it: `matrix: {%s: [...]}`", name), "stage %s has no matrix, and takes data from no stage that has one", diag.Quote(s.of.key.Value))
	default:
		p.At(n, diag.NearestHint(name, axes), "stage %s has no axis %s", diag.Quote(s.of.key.Value), diag.Quote(name))
	}
	return nil
}

// preview is what the references in a text stand for, as far as that is a text and known
// already. Nothing is reported.
func (s *params) preview(text string, v variant) (string, bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	sound := true
	value := func(name string) string {
		var n *settings.Node
		if axis, ok := strings.CutPrefix(name, matrixPrefix); ok {
			if b := v.get(axis); b != nil {
				n = b.value
			}
		} else if q := s.byName[name]; q != nil {
			n = q.value
		}
		if sound = sound && n.IsScalar() && !strings.Contains(n.Value, "$"); !sound {
			return ""
		}
		return n.Value
	}
	if m := wholeReference.FindStringSubmatch(text); m != nil {
		text = value(m[1] + m[2])
		return text, sound
	}
	text = insideReference.ReplaceAllStringFunc(text, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		return value(strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}"))
	})
	return text, sound
}

// guess is a copy of a value in which references are replaced as far as they are known
// before there are cases. An axis is 1.
func (s *params) guess(n *settings.Node) *settings.Node {
	c := *n
	if m := wholeReference.FindStringSubmatch(n.Value); n.Type == settings.Text && m != nil {
		if name := m[1] + m[2]; strings.HasPrefix(name, matrixPrefix) {
			return &settings.Node{Type: settings.Int, Value: "1", Line: n.Line, Column: n.Column}
		} else if q := s.byName[name]; q != nil {
			return q.value
		}
	}
	c.Content = make([]*settings.Node, len(n.Content))
	for i := range n.Content {
		c.Content[i] = s.guess(n.Content[i])
	}
	return &c
}
