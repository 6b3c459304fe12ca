package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/runs"
)

func (a *app) showCommand() *cobra.Command {
	var asJSON bool
	var head int
	cmd := &cobra.Command{
		Use:   "show [REF]",
		Short: "Show a run, a stage of a run, or an artifact",
		Long: `Show what is known of a run (its parameters, stages and metrics), of one stage of a run, or of an artifact (who made
it, who read it). Of a model it lists the layers of the network, of a directory the files, of a schema how data were read,
and of a table or data set each column with its type, the number of missing and of different values, the least, the middle
and the greatest value, how numbers are spread and which other values are the most frequent; with --head the first rows.
--json has quantiles, means, histograms, lengths of texts and more of the most frequent values; what begins with ~ or says
estimate is one, within a few per cent.
Without a reference it is the latest run.

` + refHelp,
		Example: `  pipe show
  pipe show penguins
  pipe show penguins/model
  pipe show penguins/load.table --head 5
  pipe show latest/score.metrics
  pipe show penguins@production
  pipe show 9f86d081`,
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				word := "latest"
				if len(words) == 1 {
					word = words[0]
				}
				ref, err := ws.DB.Resolve(cmd.Context(), word)
				if err != nil {
					return err
				}
				switch {
				case !ref.Artifact.IsZero():
					return a.showArtifact(cmd.Context(), ws, ref.Artifact, head, asJSON)
				case ref.Stage != "":
					return a.showStage(cmd.Context(), ws, ref.Execution, asJSON)
				default:
					return a.showRun(cmd.Context(), ws, ref.RunID, asJSON)
				}
			})
		},
	}
	jsonFlag(cmd, &asJSON, printJSON)
	cmd.Flags().IntVar(&head, "head", 0, "show so many rows of a table")
	return cmd
}

// refHelp explains references; the rules are those of lineage.DB.Resolve.
const refHelp = `A reference is a run ("latest", the name of a pipeline for its latest run, or a run ID or the beginning of one), a
stage of a run (RUN/STAGE), an output of a stage (RUN/STAGE.PORT), the model of a pipeline that has a label
(PIPELINE@LABEL, see pipe promote), or an artifact ID or the beginning of one.`

func (a *app) showRun(ctx context.Context, ws *workspace.Workspace, id string, asJSON bool) error {
	run, err := runs.Show(ctx, ws, id)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, run)
	}
	fmt.Fprintf(a.out, "run       %s\npipeline  %s (%s)\nstatus    %s\nstarted   %s, took %s\nseed      %d\n",
		run.ID, run.Pipeline, diag.Visible(run.File), run.Status, ui.LocalTime(run.Started), runTime(run.Run), run.Seed)
	fmt.Fprintf(a.out, "made by   pipe %s on %s\n", diag.Visible(run.Environment.PipeVersion), diag.Visible(cmp.Or(run.Environment.Hostname, "a machine without a name")))
	if run.Git.Commit != "" {
		fmt.Fprintf(a.out, "git       %s%s\n", run.Git.Commit, run.Git.Note())
	}
	if !run.Imported.IsZero() {
		fmt.Fprintf(a.out, "imported  %s from %s\n", ui.LocalTime(run.Imported), diag.Visible(run.ImportedFrom))
	}
	if run.Error != "" {
		fmt.Fprintf(a.out, "error     %s\n", diag.Visible(run.Error))
	}
	for i, p := range run.Params {
		label := ""
		if i == 0 {
			label = "params"
		}
		fmt.Fprintf(a.out, "%-9s %s = %s\n", label, p.Name, p.Value)
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, s := range run.Executions {
		rows = append(rows, []string{s.Stage, s.Kind, string(s.Status), tookText(s), outputsText(s.Outputs)})
	}
	if err := ui.Table(a.out, []string{"STAGE", "KIND", "STATUS", "TOOK", "OUTPUTS"}, rows); err != nil {
		return err
	}
	var warnings []string
	for _, e := range run.Executions {
		for _, message := range e.Warnings {
			warnings = append(warnings, e.Stage+": "+message)
		}
	}
	a.showWarnings(warnings)
	return a.showMetrics(run.Executions)
}

// showWarnings prints what stages warned of.
func (a *app) showWarnings(list []string) {
	for i, message := range list {
		if i == 0 {
			fmt.Fprintln(a.out)
		}
		a.showWarning(message)
	}
}

func (a *app) showWarning(message string) {
	text, hint := runner.SplitHint(diag.Visible(message))
	fmt.Fprintf(a.out, "warning   %s\n", text)
	if hint != "" {
		fmt.Fprintf(a.out, "          hint: %s\n", hint)
	}
}

// tookText is how long the work of an execution took. One that was found in
// the cache did none.
func tookText(e runs.Stage) string {
	if e.Status == lineage.Cached {
		return ""
	}
	return ui.Duration(e.Took)
}

func outputsText(outputs []runs.Port) string {
	var parts []string
	for _, o := range outputs {
		parts = append(parts, o.Port+" "+o.ID.Short())
	}
	return ui.Join(parts...)
}

// maxGroups is how many data sets get a column of their own.
const maxGroups = 6

// metricGroup takes the data set, or what else a metric is of, from its name. recall.sex.difference is none of a
// data set: it stands as it is.
func metricGroup(name string) (group, rest string, ok bool) {
	plain, _, _ := strings.Cut(name, "[")
	if group, rest, ok = strings.Cut(plain, "."); !ok || strings.Contains(rest, ".") {
		return "", name, false
	}
	return group, name[len(group)+1:], true
}

// showMetrics prints a row for each metric of a stage. Metrics of several data
// sets ("train.loss", "validation.loss") stand side by side. Where one is about a
// class, a last column says it.
func (a *app) showMetrics(list []runs.Stage) error {
	header := []string{"STAGE", "METRIC", "VALUE"}
	for _, e := range list {
		for _, m := range e.Metrics {
			if group, _, ok := metricGroup(m.Name); ok && !slices.Contains(header[3:], group) {
				header = append(header, group)
			}
		}
	}
	if len(header) > 3+maxGroups {
		header = header[:3]
	}
	groups := len(header)
	if slices.ContainsFunc(list, func(e runs.Stage) bool {
		return slices.ContainsFunc(e.Metrics, func(m lineage.Metric) bool { return ui.Class(m) != "" })
	}) {
		header = append(header, "CLASS")
	}
	var rows [][]string
	for _, e := range list {
		at := map[string]int{} // row of a metric
		for _, m := range e.Metrics {
			column, name := 2, m.Name
			if group, rest, ok := metricGroup(m.Name); ok && groups > 3 {
				column, name = slices.Index(header, group), rest
			}
			if _, known := at[name]; !known {
				at[name] = len(rows)
				rows = append(rows, make([]string, len(header)))
				rows[at[name]][1] = name
				if len(at) == 1 {
					rows[at[name]][0] = e.Stage
				}
			}
			rows[at[name]][column] = ui.Number(m.Value)
			if class := ui.Class(m); class != "" {
				rows[at[name]][groups] = class
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return ui.Table(a.out, header, rows)
}

func (a *app) showStage(ctx context.Context, ws *workspace.Workspace, execution int64, asJSON bool) error {
	s, err := runs.ShowStage(ctx, ws, execution)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, s)
	}
	fmt.Fprintf(a.out, "stage     %s (%s, version %d)\nrun       %s\nstatus    %s\n", s.Stage, s.Kind, s.Version, s.Run, s.Status)
	if s.Reason != "" {
		fmt.Fprintf(a.out, "because   %s\n", diag.Visible(s.Reason))
	}
	if took := tookText(*s); took != "" {
		fmt.Fprintf(a.out, "took      %s\n", took)
	}
	if !s.Key.IsZero() {
		fmt.Fprintf(a.out, "key       %s\n", s.Key)
	}
	if s.Seed != nil {
		fmt.Fprintf(a.out, "seed      %d\n", *s.Seed)
	}
	if on := s.Device; on != nil {
		fmt.Fprintf(a.out, "device    %s\n", diag.Visible(on.Name))
		if on.BegunOn != "" {
			fmt.Fprintf(a.out, "begun on  %s\n", diag.Visible(on.BegunOn))
		}
	}
	for _, p := range s.Programs {
		fmt.Fprintf(a.out, "program   %s (%s)\n", diag.Visible(p.Path), p.Hash.Short())
	}
	if s.Error != "" {
		fmt.Fprintf(a.out, "error     %s\n", diag.Visible(s.Error))
	}
	for _, message := range s.Warnings {
		a.showWarning(message)
	}
	var config bytes.Buffer
	if err := json.Indent(&config, s.Settings, "          ", "  "); err == nil && config.Len() > 0 {
		fmt.Fprintf(a.out, "settings  %s\n", &config)
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, in := range s.Inputs {
		from := cmp.Or(in.From, in.Path)
		if in.Outside != "" {
			from += ", not copied: " + in.Outside
		}
		rows = append(rows, []string{"in", in.Port, in.Type, in.ID.String(), from})
	}
	for _, o := range s.Outputs {
		rows = append(rows, []string{"out", o.Port, o.Type, o.ID.String(), ui.Bytes(o.Size)})
	}
	if err := ui.Table(a.out, []string{"", "PORT", "TYPE", "ARTIFACT", ""}, rows); err != nil {
		return err
	}
	return a.showMetrics([]runs.Stage{*s})
}

func (a *app) showArtifact(ctx context.Context, ws *workspace.Workspace, id artifacts.ID, head int, asJSON bool) error {
	art, err := runs.ShowArtifact(ctx, ws, id, head)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, art)
	}
	fmt.Fprintf(a.out, "artifact  %s\ntype      %s\nsize      %s\n", art.ID, art.Type, ui.Bytes(art.Size))
	if art.Path != "" {
		fmt.Fprintf(a.out, "file      %s\n", diag.Visible(art.Path))
	}
	if art.Outside != "" {
		fmt.Fprintf(a.out, "is at     %s, not copied\n", diag.Visible(art.Outside))
	}
	if art.Unreadable != nil {
		fmt.Fprintf(a.out, "content   cannot be read: %s\n", ui.OneLine(art.Unreadable.Error()))
	}
	fmt.Fprintf(a.out, "since     %s\n\n", ui.LocalTime(art.Created))
	var rows [][]string
	for _, u := range art.MadeBy {
		rows = append(rows, []string{"made by", u.Pipeline, u.Stage + "." + u.Port, u.Run})
	}
	for _, u := range art.ReadBy {
		rows = append(rows, []string{"read by", u.Pipeline, u.Stage + "." + u.Port, u.Run})
	}
	if err := ui.Table(a.out, []string{"", "PIPELINE", "STAGE.PORT", "RUN"}, rows); err != nil {
		return err
	}
	if err := a.showContent(art); err != nil {
		return err
	}
	a.showWarnings(art.Warnings)
	return a.showDecisions(art.Decisions)
}
