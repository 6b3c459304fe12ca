package trace

import (
	"context"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/walk"
	"pipe/workspace"
)

// Columns are columns of artifacts with those of the files that they were made from.
type Columns struct {
	Columns []Column `json:"columns"`
}

// A Column is one of a table, a data set, a transform or a model.
type Column struct {
	Artifact artifacts.ID `json:"artifact"`
	Type     string       `json:"type"`
	Run      string       `json:"run"`
	Stage    string       `json:"stage"`
	Port     string       `json:"port"`
	Column   string       `json:"column"`
	From     []Source     `json:"from"`
	Through  []string     `json:"through"` // the stages between

	Execution int64 `json:"-"` // that made the artifact
}

// A Source is a column that another one was made from.
type Source struct {
	Path   string       `json:"path,omitempty"` // of a file
	Stage  string       `json:"stage,omitempty"`
	Port   string       `json:"port,omitempty"`
	ID     artifacts.ID `json:"id"`
	Column string       `json:"column"`
}

// ColumnsOf traces columns back to those of files.
func ColumnsOf(ctx context.Context, w *workspace.Workspace, ref lineage.Ref) (*Columns, error) {
	list, err := walk.Columns(ctx, w.DB, ref)
	if err != nil {
		return nil, err
	}
	out := &Columns{[]Column{}}
	for _, c := range list {
		col := Column{c.Artifact, c.Type, c.RunID, c.Stage, c.Port, c.Name, []Source{}, c.Through, c.Execution}
		for _, s := range c.Sources {
			col.From = append(col.From, Source{s.Path, s.Stage, s.Port, s.Artifact, s.Column})
		}
		out.Columns = append(out.Columns, col)
	}
	return out, nil
}
