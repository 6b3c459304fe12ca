package graph

import (
	"fmt"
	"strings"
)

// String is the graph as a program, a line for each operator.
func (g *Graph) String() string {
	var b strings.Builder
	for _, n := range g.leaves {
		fmt.Fprintf(&b, "%s %v\n", map[role]string{input: "input", param: "param", state: "state"}[n.role], n)
	}
	for _, c := range g.calls {
		for i, n := range c.Out {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(n.String())
		}
		fmt.Fprintf(&b, " = %s(", show(c.Op))
		for i, n := range c.In {
			if i > 0 {
				b.WriteString(", ")
			}
			switch {
			case n == nil:
				b.WriteString("-")
			case n.call == nil:
				b.WriteString(n.name)
			default:
				fmt.Fprintf(&b, "%%%d", n.id)
			}
		}
		b.WriteString(")")
		if c.Scope != "" {
			b.WriteString("  # " + c.Scope)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// show is an operator with its attributes: "Dense{Act:{Kind:relu Alpha:0}}".
func show(op Op) string {
	s := strings.TrimPrefix(fmt.Sprintf("%T%+v", op, op), "graph.")
	s = strings.ReplaceAll(strings.ReplaceAll(s, "backward:{} ", ""), "backward:{}", "")
	return strings.TrimSuffix(s, "{}")
}
