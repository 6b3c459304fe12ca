// Package trace is where artifacts came from and what came of them: graphs and
// columns, as documents and as drawings.
package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/walk"
)

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

func executionNode(n walk.ExecutionNode) graphNode {
	return graphNode{id: fmt.Sprintf("e%d", n.ID), kind: "execution",
		lines: []string{n.Pipeline + "/" + n.Stage, n.Kind, n.RunID}}
}

// A graphEdge points the way that the bytes took.
type graphEdge struct{ from, to, port string }

func graphEdges(g *walk.Graph) iter.Seq[graphEdge] {
	return func(yield func(graphEdge) bool) {
		for _, e := range g.Edges {
			from, to := "a"+g.Artifacts[e.Artifact].ID.String(), fmt.Sprintf("e%d", e.Execution)
			if e.Output {
				from, to = to, from
			}
			if !yield(graphEdge{from, to, g.Ports[e.Port]}) {
				return
			}
		}
	}
}

func graphNodes(g *walk.Graph) iter.Seq[graphNode] {
	return func(yield func(graphNode) bool) {
		for _, n := range g.Artifacts {
			if !yield(artifactNode(n)) {
				return
			}
		}
		for _, n := range g.Executions {
			if !yield(executionNode(n)) {
				return
			}
		}
	}
}

// WriteDOT draws a graph in the language of Graphviz.
func WriteDOT(w io.Writer, g *walk.Graph) error {
	b := bufio.NewWriter(w)
	b.WriteString("digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	shapes := map[string]string{"artifact": "note", "file": "cylinder", "execution": "box"}
	for n := range graphNodes(g) {
		fmt.Fprintf(b, "  %s [shape=%s, label=%s];\n", n.id, shapes[n.kind], dotString(n.lines...))
	}
	for e := range graphEdges(g) {
		fmt.Fprintf(b, "  %s -> %s [label=%s];\n", e.from, e.to, dotString(e.port))
	}
	b.WriteString("}\n")
	return b.Flush()
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
		line = strings.ReplaceAll(diag.Visible(line), `\`, `\\`)
		b.WriteString(strings.ReplaceAll(line, `"`, `\"`))
	}
	b.WriteByte('"')
	return b.String()
}

// WriteMermaid draws a graph in the language that Markdown renderers draw.
func WriteMermaid(w io.Writer, g *walk.Graph) error {
	b := bufio.NewWriter(w)
	b.WriteString("flowchart LR\n")
	shapes := map[string][2]string{"artifact": {"(", ")"}, "file": {"[(", ")]"}, "execution": {"[", "]"}}
	for n := range graphNodes(g) {
		shape := shapes[n.kind]
		fmt.Fprintf(b, "  %s%s%s%s\n", n.id, shape[0], mermaidString(n.lines...), shape[1])
	}
	for e := range graphEdges(g) {
		fmt.Fprintf(b, "  %s -->|%s| %s\n", e.from, mermaidString(e.port), e.to)
	}
	return b.Flush()
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

// WriteJSON writes a graph as one object of three lists, an element at a
// time: a graph may have millions.
func WriteJSON(w io.Writer, g *walk.Graph) error {
	type artifact struct {
		ID   string `json:"id"`
		Type string `json:"type"`
		Size int64  `json:"size"`
		Path string `json:"path,omitempty"`
	}
	type execution struct {
		ID       int64          `json:"id"`
		Run      string         `json:"run"`
		Pipeline string         `json:"pipeline"`
		Stage    string         `json:"stage"`
		Kind     string         `json:"kind"`
		Status   lineage.Status `json:"status"`
	}
	type edge struct {
		Execution int64  `json:"execution"`
		Direction string `json:"direction"` // "in": the execution read the artifact; "out": it made it
		Port      string `json:"port"`
		Artifact  string `json:"artifact"`
	}
	b := bufio.NewWriter(w)
	b.WriteString("{\n")
	err := errors.Join(
		writeList(b, "", "artifacts", g.Artifacts, func(n lineage.ArtifactNode) any {
			return artifact{n.ID.String(), n.Type, n.Size, n.Path}
		}),
		writeList(b, ",\n", "executions", g.Executions, func(n walk.ExecutionNode) any {
			return execution{n.ID, n.RunID, n.Pipeline, n.Stage, n.Kind, n.Status}
		}),
		writeList(b, ",\n", "edges", g.Edges, func(e walk.Edge) any {
			direction := "in"
			if e.Output {
				direction = "out"
			}
			return edge{e.Execution, direction, g.Ports[e.Port], g.Artifacts[e.Artifact].ID.String()}
		}))
	if err != nil {
		return err
	}
	b.WriteString("\n}\n")
	return b.Flush()
}

// writeList writes a member of an object that is a list.
func writeList[T any](w *bufio.Writer, before, name string, list []T, element func(T) any) error {
	fmt.Fprintf(w, "%s  %q: [", before, name)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	for i, v := range list {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString("\n    ")
		text.Reset()
		if err := enc.Encode(element(v)); err != nil {
			return err
		}
		w.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	}
	if len(list) > 0 {
		w.WriteString("\n  ")
	}
	return w.WriteByte(']')
}
