package runs

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/report"
	"pipe/lineage"
	"pipe/workspace"
)

// A report says nothing about where it comes from: equal runs make equal bytes.
// The page that is written for people says it at its end.

// maxDataFiles is how many files a page names.
const maxDataFiles = 20

// WritePage writes a report as an HTML page that says at its end where it comes
// from.
func (r *Report) WritePage(ctx context.Context, w *workspace.Workspace, out io.Writer) error {
	f, err := w.Store.Open(ctx, r.ID)
	if err != nil {
		return err
	}
	defer f.Close()
	from, err := provenanceOf(ctx, w, r.ID, r.Run)
	if err != nil {
		return err
	}
	return report.AddOrigin(out, f, f.Size(), from)
}

// provenanceOf collects what is known of a report and the run that it is asked of.
func provenanceOf(ctx context.Context, w *workspace.Workspace, id artifacts.ID, runID string) ([]report.Fact, error) {
	run, err := w.DB.Run(ctx, runID)
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
	graph, err := w.DB.Upstream(ctx, lineage.Ref{Artifact: id})
	if err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(slices.Clone(graph.Artifacts), func(n lineage.ArtifactNode) bool { return n.Path == "" })
	slices.SortFunc(files, func(a, b lineage.ArtifactNode) int { return cmp.Compare(a.Path, b.Path) })
	for i, f := range files {
		if i == maxDataFiles {
			add("Data", fmt.Sprintf("and %d more files: pipe lineage %s", len(files)-i, id.Short()))
			break
		}
		add("Data", f.Path+", SHA-256 "+f.ID.String())
	}
	add("Report", "SHA-256 "+id.String())
	return list, nil
}
