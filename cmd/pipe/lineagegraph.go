package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"pipe/diag"
	"pipe/lineage"
)

// lineageFormats are the forms in which a lineage graph is printed.
var lineageFormats = []string{"tree", "dot", "json", "mermaid"}

// A graphNode is an artifact or an execution of a drawing, which needs no
// more than names.
type graphNode struct {
	id    string // a letter and hexadecimal digits: safe in every language
	lines []string
	kind  string // artifact, file, execution
}

// artifactNode and executionNode name a node for a drawing.
func artifactNode(n lineage.ArtifactNode) graphNode {
	g := graphNode{id: "a" + n.ID.String(), kind: "artifact", lines: []string{n.Type, n.ID.Short()}}
	if n.Path != "" {
		g.kind, g.lines = "file", []string{n.Path, n.ID.Short()}
	}
	return g
}

func executionNode(n lineage.ExecutionNode) graphNode {
	return graphNode{id: fmt.Sprintf("e%d", n.ID), kind: "execution",
		lines: []string{n.Pipeline + "/" + n.Stage, n.Kind, n.RunID}}
}

// A graphEdge points the way that the bytes took.
type graphEdge struct{ from, to, port string }

func graphEdges(g *lineage.Graph) []graphEdge {
	edges := make([]graphEdge, len(g.Edges))
	for i, e := range g.Edges {
		execution, artifact := fmt.Sprintf("e%d", e.Execution), "a"+g.Artifacts[e.Artifact].ID.String()
		edges[i] = graphEdge{artifact, execution, g.Ports[e.Port]}
		if e.Output {
			edges[i] = graphEdge{execution, artifact, g.Ports[e.Port]}
		}
	}
	return edges
}

func graphNodes(g *lineage.Graph) []graphNode {
	var nodes []graphNode
	for _, n := range g.Artifacts {
		nodes = append(nodes, artifactNode(n))
	}
	for _, n := range g.Executions {
		nodes = append(nodes, executionNode(n))
	}
	return nodes
}

// writeDOT draws a graph in the language of Graphviz.
func writeDOT(w io.Writer, g *lineage.Graph) error {
	var b strings.Builder
	b.WriteString("digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	shapes := map[string]string{"artifact": "note", "file": "cylinder", "execution": "box"}
	for _, n := range graphNodes(g) {
		fmt.Fprintf(&b, "  %s [shape=%s, label=%s];\n", n.id, shapes[n.kind], dotString(n.lines...))
	}
	for _, e := range graphEdges(g) {
		fmt.Fprintf(&b, "  %s -> %s [label=%s];\n", e.from, e.to, dotString(e.port))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotString quotes lines as one label. A quoted string of DOT ends at a quote
// that has no backslash before it, and labels give a meaning to every other
// backslash, so both are escaped.
func dotString(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, line := range lines {
		if i > 0 {
			b.WriteString(`\n`)
		}
		b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(diag.Visible(line)))
	}
	b.WriteByte('"')
	return b.String()
}

// writeMermaid draws a graph in the language that Markdown renderers draw.
func writeMermaid(w io.Writer, g *lineage.Graph) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	shapes := map[string][2]string{"artifact": {"(", ")"}, "file": {"[(", ")]"}, "execution": {"[", "]"}}
	for _, n := range graphNodes(g) {
		shape := shapes[n.kind]
		fmt.Fprintf(&b, "  %s%s%s%s\n", n.id, shape[0], mermaidString(n.lines...), shape[1])
	}
	for _, e := range graphEdges(g) {
		fmt.Fprintf(&b, "  %s -->|%s| %s\n", e.from, mermaidString(e.port), e.to)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidString quotes lines as one label. Inside of quotes Mermaid still
// reads Markdown, HTML and its own #codes;, so whatever is no letter, digit or
// harmless mark is written as the code of its character.
func mermaidString(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, line := range lines {
		if i > 0 {
			b.WriteString("<br>")
		}
		for _, r := range diag.Visible(line) {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" /.,:=+-_", r) {
				b.WriteRune(r)
				continue
			}
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// completeWords completes a flag that takes one of a few words.
func completeWords(cmd *cobra.Command, flag string, words []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist: a bug that no user can cause
	}
}
