package runs

import (
	"context"
	"fmt"

	"pipe/base/diag"
	"pipe/data/report"
	"pipe/runner"
	"pipe/workspace"
)

// maxWarned is how many warnings a page lists.
const maxWarned = 30

// warned lists what the stages of the run have warned of, but for those whose table is
// shown with its warnings; nil if that is nothing. Stages that say the same, as the cases of a
// matrix do, are one row.
func (r *Report) warned(ctx context.Context, w *workspace.Workspace) ([]report.Section, error) {
	if r.part {
		return nil, nil
	}
	list, err := w.DB.Executions(ctx, r.Run)
	if err != nil {
		return nil, err
	}
	shown := map[string]bool{}
	for _, f := range r.tables {
		shown[f.stage.Stage] = len(f.made) == 1
	}
	t := report.Table{Columns: []report.Column{{Name: "Stage"}, {Name: "Warning"}, {Name: "What to do"}}}
	at, times, more := map[string]int{}, map[string]int{}, 0
	for _, e := range list {
		if shown[e.Stage] {
			continue
		}
		for _, message := range e.Warnings {
			times[message]++
			if row, ok := at[message]; ok {
				t.Rows[row][0].Text = fmt.Sprintf("%s and %d more", diag.Visible(t.Rows[row][0].Doc), times[message]-1)
				continue
			}
			if len(t.Rows) == maxWarned {
				more++
				continue
			}
			at[message] = len(t.Rows)
			text, hint := runner.SplitHint(message)
			t.Rows = append(t.Rows, []report.Cell{{Text: diag.Visible(e.Stage), Doc: diag.Visible(e.Stage)}, {Text: diag.Visible(text)}, {Text: diag.Visible(hint)}})
		}
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	s := report.Section{Title: "Warnings", Lead: "What the stages of the run have warned of: read it before you trust the figures.", Table: &t}
	if more > 0 {
		s.Notes = []string{fmt.Sprintf("%d more are not listed: pipe logs %s has all.", more, r.Run)}
	}
	return []report.Section{s}, nil
}
