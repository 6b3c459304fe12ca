package runs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/report"
	"pipe/lineage"
	"pipe/lineage/walk"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
	"pipe/workspace"
)

// A report says nothing about where it comes from: equal runs make equal bytes.
// The page that is written for people says it at its end, behind the data of the
// run.

// maxDataFiles is how many files a page names.
const maxDataFiles = 20

// WritePage writes a report as an HTML page that shows what was warned of and the tables of the
// run, too, and says at its end where it comes from.
func (r *Report) WritePage(ctx context.Context, w *workspace.Workspace, out io.Writer) error {
	data, from, err := r.beside(ctx, w)
	if err != nil {
		return err
	}
	if r.ID.IsZero() {
		return r.dataPage(data, from).WriteHTML(out)
	}
	f, err := w.Store.Open(ctx, r.ID)
	if err != nil {
		return err
	}
	defer f.Close()
	return report.Append(out, f, f.Size(), data, from)
}

// beside is what a page says beside the report: warnings, the tables, and where all is from.
func (r *Report) beside(ctx context.Context, w *workspace.Workspace) ([]report.Section, []report.Fact, error) {
	data, err := sectionOf(ctx, w, r.tables)
	if err != nil {
		return nil, nil, err
	}
	warned, err := r.warned(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	from, err := r.provenance(ctx, w)
	return append(warned, data...), from, err
}

// dataPage is a page of tables alone.
func (r *Report) dataPage(data []report.Section, from []report.Fact) *report.Page {
	return &report.Page{Title: diag.Visible(r.title), Sections: data, Origin: from}
}

// A pager is a stage that can make the page of its report from its inputs.
type pager interface {
	Page(ctx context.Context, in pipeline.Sources, threads int) (*report.Page, error)
}

// WriteJSON writes the page as JSON. The store has its HTML alone: the page is
// made again of what its stage has read, and is that of the report only if its
// HTML is.
func (r *Report) WriteJSON(ctx context.Context, w *workspace.Workspace, out io.Writer) error {
	data, from, err := r.beside(ctx, w)
	if err != nil {
		return err
	}
	if r.ID.IsZero() {
		return r.dataPage(data, from).WriteJSON(out)
	}
	e, err := r.execution(ctx, w)
	if err != nil {
		return err
	}
	none := func(err error) error {
		return diag.WithHint(fmt.Errorf("the report of stage %s of run %s cannot be written as JSON: %w", e.Stage, r.Run, err), "without --json pipe report writes it as HTML")
	}
	kind, ok := w.Host().Registry().Lookup(e.Kind)
	if !ok {
		return none(fmt.Errorf("there are no stages of kind %s", e.Kind))
	}
	stage := kind.New()
	if err := settings.FromJSON(e.Config, stage); err != nil {
		return none(err)
	}
	made, ok := stage.(pager)
	if !ok {
		return none(fmt.Errorf("of a stage of kind %s there is only what it wrote", e.Kind))
	}
	page, err := made.Page(ctx, runner.SourcesOf(ctx, w.Store, e), runtime.GOMAXPROCS(0))
	if err != nil {
		return none(err)
	}
	var html bytes.Buffer
	if err := page.WriteHTML(&html); err != nil {
		return none(err)
	}
	if artifacts.Sum(html.Bytes()) != r.ID {
		return none(errors.New("another version of pipe has made it"))
	}
	page.Sections, page.Origin = append(page.Sections, data...), from
	return page.WriteJSON(out)
}

// execution is the one that made the report.
func (r *Report) execution(ctx context.Context, w *workspace.Workspace) (*lineage.Execution, error) {
	list, err := w.DB.Executions(ctx, r.Run)
	if err != nil {
		return nil, err
	}
	for i, e := range list {
		if slices.ContainsFunc(e.Outputs, func(o lineage.Output) bool { return o.ID == r.ID }) {
			return &list[i], nil
		}
	}
	return nil, fmt.Errorf("run %s has not made the report %s", r.Run, r.ID.Short())
}

// provenance collects what is known of a report and the run that it is asked of.
func (r *Report) provenance(ctx context.Context, w *workspace.Workspace) ([]report.Fact, error) {
	run, err := w.DB.Run(ctx, r.Run)
	if err != nil {
		return nil, err
	}
	var list []report.Fact
	add := func(name, value string) { list = append(list, report.Fact{Name: name, Value: diag.Visible(value)}) }
	add("Pipeline", run.Pipeline+" ("+run.File+")")
	add("Run", run.ID)
	add("Date", run.Started.UTC().Format(time.DateTime)+" UTC")
	if run.Git.Commit != "" {
		add("Git commit", run.Git.Commit+Git{run.Git.Commit, run.Git.Clean}.Note())
	}
	add("Made by", "pipe "+strings.TrimSpace(run.Environment.PipeVersion+" "+run.Environment.Details["revision"]))
	add("Seed", strconv.FormatUint(run.Seed, 10))
	if !r.ID.IsZero() {
		if e, err := r.execution(ctx, w); err == nil {
			add("Stage", fmt.Sprintf("%s (%s, version %d)", e.Stage, e.Kind, e.KindVersion))
			for _, in := range e.Inputs {
				if in.Type == string(pipeline.Model) {
					add("Model", strings.Trim(in.FromStage+"."+in.FromPort, ".")+", SHA-256 "+in.ID.String())
				}
			}
		}
	}
	add("Again", "pipe verify "+run.ID+" makes it anew and compares the bytes; pipe rerun "+run.ID+" runs it with what is in the cache")
	files, err := r.files(ctx, w)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b lineage.ArtifactNode) int { return cmp.Compare(a.Path, b.Path) })
	for i, f := range files {
		if i == maxDataFiles {
			add("Data", fmt.Sprintf("and %d more files: pipe lineage %s", len(files)-i, r.artifacts()[0].Short()))
			break
		}
		add("Data", f.Path+", SHA-256 "+f.ID.String())
	}
	switch {
	case !r.ID.IsZero():
		add("Report", "SHA-256 "+r.ID.String())
	case len(r.artifacts()) == 1:
		add("Table", "SHA-256 "+r.artifacts()[0].String())
	}
	return list, nil
}

// artifacts are those that the page is about: the report, or the tables.
func (r *Report) artifacts() []artifacts.ID {
	if !r.ID.IsZero() {
		return []artifacts.ID{r.ID}
	}
	var ids []artifacts.ID
	for _, f := range r.tables {
		for _, o := range f.made {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// files are those that the artifacts were made from.
func (r *Report) files(ctx context.Context, w *workspace.Workspace) ([]lineage.ArtifactNode, error) {
	var files []lineage.ArtifactNode
	seen := map[artifacts.ID]bool{}
	for _, id := range r.artifacts() {
		graph, err := walk.Upstream(ctx, w.DB, lineage.Ref{Artifact: id})
		if err != nil {
			return nil, err
		}
		for _, n := range graph.Artifacts {
			if n.Path != "" && !seen[n.ID] {
				seen[n.ID] = true
				files = append(files, n)
			}
		}
	}
	return files, nil
}
