package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/lineage/walk"
	"pipe/workspace"
	"pipe/workspace/trace"
)

func (a *app) lineageCommand() *cobra.Command {
	var (
		down, up, asJSON, columns bool
		format                    string
		depth                     int
		row                       string
		rows                      bool
	)
	cmd := &cobra.Command{
		Use:   "lineage REF",
		Short: "Show what an artifact came from, or what came from it",
		Long: `Walk the lineage of an artifact, of a stage or of a whole run: upstream to the files it came from (the default), or
downstream to everything that was made from it. Cached stages are shown as the execution that did the work.

With --columns, trace each column of a table, each feature of a data set, of a transform or of a model back to the
columns of the files that it was made from.

With --row FILE:NUMBER, follow a row of a file, from 1 and without the header, through the runs: into which part it came, which
models saw it. That is the newest run of each pipeline, and each run that made a model, or the run that REF names. With
--rows, list the rows of files that a model was trained on, or that are in a table. Rows are followed through splits,
filters, samples, joins and transforms by asking the stages once more, so what they read has to be in the store; exec,
sql, aggregate and window make rows that are those of no single ones.

` + refHelp,
		Example: `  pipe lineage penguins/score.metrics          from the metrics back to the hash of the CSV
  pipe lineage penguins/load.table --down      everything that was made from a table
  pipe lineage penguins/model --format mermaid   a drawing for a Markdown page
  pipe lineage penguins --format dot | dot -Tsvg -o penguins.svg
  pipe lineage penguins/model --columns        which columns of which file are in the model
  pipe lineage --row data/penguins.csv:17        which parts and models saw the 17th row
  pipe lineage penguins/model --rows             which rows a model saw
  pipe lineage 9f86d081 --format json`,
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			if up && down {
				return diag.Usagef("--up and --down are two questions: ask one")
			}
			if asJSON && cmd.Flags().Changed("format") && format != "json" {
				return diag.Usagef("--json and --format %s are two formats: choose one", format)
			}
			if asJSON {
				format = "json"
			}
			if !slices.Contains(lineageFormats, format) {
				return diag.Unknown("format", format, lineageFormats)
			}
			if depth < 0 {
				return diag.Usagef("--depth %d: it is a number of stages, or 0 for all", depth)
			}
			if columns && (down || format == "dot" || format == "mermaid") {
				return diag.Usagef("--columns goes upstream only, and is shown as tree or json")
			}
			if row != "" || rows {
				if down || up || columns || format != "tree" && format != "json" || row != "" && rows {
					return diag.Usagef("--row and --rows are questions of their own, answered as a table or as json")
				}
				return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
					if rows {
						return a.rowsOf(cmd.Context(), ws, words, format == "json")
					}
					return a.lineageOfRow(cmd.Context(), ws, row, words, format == "json")
				})
			}
			if len(words) == 0 {
				return diag.Usage(diag.WithHint(errors.New("missing argument REF"), "name what to trace, such as penguins/model"))
			}
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				ref, err := ws.DB.Resolve(cmd.Context(), words[0])
				if err != nil {
					return err
				}
				if columns {
					list, err := trace.ColumnsOf(cmd.Context(), ws, ref)
					if err != nil {
						return err
					}
					if format == "json" {
						return ui.WriteJSON(a.out, list)
					}
					return writeColumns(a.out, list.Columns, a.painter(a.out))
				}
				follow := walk.Upstream
				if down {
					follow = walk.Downstream
				}
				graph, err := follow(cmd.Context(), ws.DB, ref)
				if err != nil {
					return err
				}
				switch format {
				case "json":
					return trace.WriteJSON(a.out, graph)
				case "dot":
					return trace.WriteDOT(a.out, graph)
				case "mermaid":
					return trace.WriteMermaid(a.out, graph)
				}
				return newTree(graph, down, depth, a.painter(a.out)).print(a.out, ref)
			})
		},
	}
	cmd.Flags().BoolVar(&up, "up", false, "what it came from (the default)")
	cmd.Flags().BoolVar(&down, "down", false, "what came from it")
	cmd.Flags().StringVar(&format, "format", "tree", "tree, dot (Graphviz), mermaid, or json: artifacts, executions and edges")
	cmd.Flags().IntVar(&depth, "depth", 50, "how many stages deep the tree goes; 0 shows all")
	jsonFlag(cmd, &asJSON, "short for --format json")
	cmd.Flags().BoolVar(&columns, "columns", false, "which columns of which files its columns and features were made from")
	cmd.Flags().StringVar(&row, "row", "", "FILE:NUMBER: which parts and models a row of a file came into")
	cmd.Flags().BoolVar(&rows, "rows", false, "which rows of which files a model was trained on, or are in a table")
	completeWords(cmd, "format", lineageFormats)
	return cmd
}

// lineageFormats are the forms in which a lineage graph is printed.
var lineageFormats = []string{"tree", "dot", "json", "mermaid"}

// completeWords completes a flag that takes one of a few words.
func completeWords(cmd *cobra.Command, flag string, words []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist: a bug that no user can cause
	}
}

// A tree prints a lineage graph. The graph may join branches again; what was
// printed once is only named the second time.
type tree struct {
	w          *bufio.Writer
	graph      *walk.Graph
	down       bool
	depth      int // executions below one another; 0 is all
	deeper     bool
	paint      func(code, text string) string
	executions map[int64]walk.ExecutionNode
	next       map[int64][]walk.Edge // edges that lead on from an execution
	through    map[int32][]walk.Edge // edges that lead on from an artifact
	printed    map[int64]bool
}

func newTree(g *walk.Graph, down bool, depth int, paint func(string, string) string) *tree {
	t := &tree{graph: g, down: down, depth: depth, paint: paint,
		executions: map[int64]walk.ExecutionNode{},
		next:       map[int64][]walk.Edge{}, through: map[int32][]walk.Edge{}, printed: map[int64]bool{}}
	for _, n := range g.Executions {
		t.executions[n.ID] = n
	}
	for _, e := range g.Edges {
		if e.Output == down {
			t.next[e.Execution] = append(t.next[e.Execution], e)
		} else {
			t.through[e.Artifact] = append(t.through[e.Artifact], e)
		}
	}
	return t
}

// print begins with the artifact that was asked for, or with every execution
// that nothing else in the graph leads to.
func (t *tree) print(w io.Writer, ref lineage.Ref) error {
	t.w = bufio.NewWriter(w)
	if !ref.Artifact.IsZero() {
		i := slices.IndexFunc(t.graph.Artifacts, func(n lineage.ArtifactNode) bool { return n.ID == ref.Artifact })
		fmt.Fprintln(t.w, t.artifactText("", int32(i)))
		t.branches("", t.through[int32(i)], 1)
	} else {
		t.roots()
	}
	if t.deeper {
		fmt.Fprintln(t.w, t.paint(ui.Dim, fmt.Sprintf("Cut by --depth %d: --depth 0 shows all, --format json is for programs.", t.depth)))
	}
	return t.w.Flush()
}

// roots prints the executions that nothing leads to.
func (t *tree) roots() {
	reached := map[int64]bool{}
	for _, edges := range t.next {
		for _, e := range edges {
			for _, on := range t.through[e.Artifact] {
				reached[on.Execution] = true
			}
		}
	}
	for _, n := range t.graph.Executions {
		if !reached[n.ID] {
			fmt.Fprintln(t.w, t.executionText(n.ID, ""))
			t.leaves("", n.ID, 1)
		}
	}
}

// branches prints the executions at the other end of edges.
func (t *tree) branches(indent string, edges []walk.Edge, depth int) {
	for i, e := range edges {
		fork, below := fork(i, len(edges))
		fmt.Fprintln(t.w, indent+t.paint(ui.Dim, fork)+t.executionText(e.Execution, t.graph.Ports[e.Port]))
		t.leaves(indent+t.paint(ui.Dim, below), e.Execution, depth)
	}
}

// leaves prints the artifacts that lead on from an execution.
func (t *tree) leaves(indent string, execution int64, depth int) {
	if t.printed[execution] {
		return
	}
	edges := t.next[execution]
	if depth == t.depth && len(edges) > 0 {
		// Its place may also be less deep, so it does not count as printed.
		t.deeper = true
		fmt.Fprintln(t.w, indent+t.paint(ui.Dim, "└─ ..."))
		return
	}
	t.printed[execution] = true
	for i, e := range edges {
		fork, below := fork(i, len(edges))
		fmt.Fprintln(t.w, indent+t.paint(ui.Dim, fork)+t.artifactText(t.graph.Ports[e.Port], e.Artifact))
		t.branches(indent+t.paint(ui.Dim, below), t.through[e.Artifact], depth+1)
	}
}

func fork(i, n int) (branch, below string) {
	if i == n-1 {
		return "└─ ", "   "
	}
	return "├─ ", "│  "
}

func (t *tree) artifactText(port string, artifact int32) string {
	n := t.graph.Artifacts[artifact]
	text := ui.Join(port, t.paint(ui.Cyan, n.Type), n.ID.Short())
	if n.Path != "" {
		// The walk ends here, at the bytes of a file: the whole hash.
		text = ui.Join(port, t.paint(ui.Cyan, n.Type), diag.Visible(n.Path), "sha256 "+n.ID.String())
	}
	return text + t.paint(ui.Dim, "  "+ui.Bytes(n.Size))
}

func (t *tree) executionText(id int64, port string) string {
	n := t.executions[id]
	verb := "made by"
	if t.down {
		verb = "read by"
	}
	text := fmt.Sprintf("%s %s (%s)", t.paint(ui.Dim, verb), t.paint(ui.Bold, n.Stage), n.Kind)
	if port == "" {
		text = fmt.Sprintf("%s (%s)", t.paint(ui.Bold, n.Stage), n.Kind)
	}
	text += t.paint(ui.Dim, "  run "+n.RunID)
	if t.printed[id] && len(t.next[id]) > 0 {
		text += t.paint(ui.Dim, "  (as above)")
	}
	return text
}
