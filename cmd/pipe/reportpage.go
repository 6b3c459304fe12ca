package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/workspace"
)

// A report says nothing about where it comes from: equal runs make equal bytes.
// The page that is written for people says it at its end.

// A provenance is where a report comes from, as names and values.
type provenance []provenanceFact

type provenanceFact struct{ Name, Value string }

// maxDataFiles is how many files a page names.
const maxDataFiles = 20

// provenanceOf collects what is known of a report and the run that it is asked of.
func provenanceOf(ctx context.Context, ws *workspace.Workspace, report artifacts.ID, runID string) (provenance, error) {
	run, err := ws.DB.Run(ctx, runID)
	if err != nil {
		return nil, err
	}
	var list provenance
	add := func(name, value string) { list = append(list, provenanceFact{name, diag.Visible(value)}) }
	add("Pipeline", run.Pipeline+" ("+run.File+")")
	add("Run", run.ID)
	add("Date", run.Started.UTC().Format(time.DateTime)+" UTC")
	if run.Git.Commit != "" {
		add("Git commit", run.Git.Commit+cleanText(run.Git))
	}
	add("Made by", "pipe "+strings.TrimSpace(run.Environment.PipeVersion+" "+run.Environment.Details["revision"]))
	graph, err := ws.DB.Upstream(ctx, lineage.Ref{Artifact: report})
	if err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(slices.Clone(graph.Artifacts), func(n lineage.ArtifactNode) bool { return n.Path == "" })
	slices.SortFunc(files, func(a, b lineage.ArtifactNode) int { return cmp.Compare(a.Path, b.Path) })
	for i, f := range files {
		if i == maxDataFiles {
			add("Data", fmt.Sprintf("and %d more files: pipe lineage %s", len(files)-i, report.Short()))
			break
		}
		add("Data", f.Path+", SHA-256 "+f.ID.String())
	}
	add("Report", "SHA-256 "+report.String())
	return list, nil
}

var provenanceHTML = template.Must(template.New("provenance").Parse(`<footer style="max-width:1080px;margin:0 auto;padding:0 32px 48px;font-size:13px;color:var(--muted,#5d6670);overflow-wrap:anywhere">
<dl style="display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0;padding-top:16px;border-top:1px solid var(--line,#e4e4e0)">
{{- range .}}
<dt>{{.Name}}</dt><dd style="margin:0">{{.Value}}</dd>
{{- end}}
</dl>
</footer>
`))

// tailOfPage is how far from its end the body of a page may end.
const tailOfPage = 4 << 10

// writePage writes a report with its provenance at the end of the body. What is
// no page of HTML, as a command may have written it, stays as it is.
func writePage(w io.Writer, report *artifacts.File, p provenance) error {
	size := report.Size()
	tail := make([]byte, min(size, tailOfPage))
	if _, err := report.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return err
	}
	at := bytes.LastIndex(tail, []byte("</body>"))
	if at < 0 {
		_, err := io.Copy(w, io.NewSectionReader(report, 0, size))
		return err
	}
	end := size - int64(len(tail)) + int64(at)
	if _, err := io.Copy(w, io.NewSectionReader(report, 0, end)); err != nil {
		return err
	}
	if err := provenanceHTML.Execute(w, p); err != nil {
		return err
	}
	_, err := io.Copy(w, io.NewSectionReader(report, end, size-end))
	return err
}
