package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/workspace"
)

// A tableView is what is shown of a table.
type tableView struct {
	Rows    int64                `json:"rows"`
	Columns []columnView         `json:"columns"`
	Head    []map[string]*string `json:"head,omitempty"` // as CSV writes values; null where one is missing
	order   []string
	rows    [][]string
}

type columnView struct {
	Name    string  `json:"name"`
	Type    string  `json:"type"`
	Role    string  `json:"role,omitempty"` // in a data set
	Missing int64   `json:"missing"`
	NaN     int64   `json:"nan,omitempty"`
	Min     *string `json:"min"` // as CSV writes it; null if there is none
	Max     *string `json:"max"`
}

// viewTable reads a table once.
func viewTable(ctx context.Context, ws *workspace.Workspace, id artifacts.ID, head int) (*tableView, error) {
	f, err := ws.Store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := table.Open(contextualAt{ctx, f}, f.Size())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	list, err := table.Summarize(r)
	if err != nil {
		return nil, err
	}
	v := &tableView{Rows: r.NumRows(), Columns: make([]columnView, len(list))}
	for i, c := range list {
		v.Columns[i] = columnView{Name: c.Name, Type: c.Type, Role: string(table.RoleOf(r.Schema().Field(i))), Missing: c.Missing, NaN: c.NaN}
		if !c.Empty {
			v.Columns[i].Min, v.Columns[i].Max = &c.Min, &c.Max
		}
		v.order = append(v.order, c.Name)
	}
	return v, v.readHead(r, head)
}

// readHead reads the first rows.
func (v *tableView) readHead(r *table.Reader, n int) error {
	for rec, err := range r.Batches() {
		if err != nil {
			return err
		}
		for row := range min(n-len(v.rows), int(rec.NumRows())) {
			cells := make([]string, rec.NumCols())
			values := map[string]*string{}
			for i, col := range rec.Columns() {
				values[v.order[i]] = nil
				if !col.IsNull(row) {
					cells[i] = table.Text(col, row)
					values[v.order[i]] = &cells[i]
				}
			}
			v.rows, v.Head = append(v.rows, cells), append(v.Head, values)
		}
		if len(v.rows) >= n {
			return nil
		}
	}
	return nil
}

// How much of a table is shown to people.
const (
	maxShownColumns = 200
	maxShownText    = 40
)

func (a *app) showTable(v *tableView) error {
	fmt.Fprintf(a.out, "\n%s, %s\n\n", plural(int(v.Rows), "row"), plural(len(v.Columns), "column"))
	header := []string{"COLUMN", "TYPE", "MISSING", "MIN", "MAX"}
	nan := slices.ContainsFunc(v.Columns, func(c columnView) bool { return c.NaN > 0 })
	if nan {
		header = append(header, "NAN")
	}
	var rows [][]string
	for _, c := range v.Columns[:min(len(v.Columns), maxShownColumns)] {
		name := c.Name
		if c.Role != "" && c.Role != c.Name {
			name += " (" + c.Role + ")"
		}
		row := []string{name, c.Type, strconv.FormatInt(c.Missing, 10), shown(c.Min), shown(c.Max)}
		if nan {
			row = append(row, strconv.FormatInt(c.NaN, 10))
		}
		rows = append(rows, row)
	}
	if err := writeTable(a.out, header, rows); err != nil {
		return err
	}
	if more := len(v.Columns) - maxShownColumns; more > 0 {
		fmt.Fprintf(a.out, "and %s more, which --json lists\n", plural(more, "column"))
	}
	if len(v.rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	columns := min(len(v.order), maxShownColumns)
	rows = nil
	for _, cells := range v.rows {
		row := make([]string, columns)
		for i := range row {
			row[i] = clipText(cells[i])
		}
		rows = append(rows, row)
	}
	return writeTable(a.out, v.order[:columns], rows)
}

func shown(s *string) string {
	if s == nil {
		return ""
	}
	return clipText(*s)
}

// clipText shortens a value for a table.
func clipText(s string) string {
	s = diag.Visible(s)
	if runes := []rune(s); len(runes) > maxShownText {
		return string(runes[:maxShownText-1]) + "…"
	}
	return s
}

// A folderView is what is shown of a directory.
type folderView struct {
	Size  int64         `json:"size"`
	Files []fileVersion `json:"files"`
}

func viewFolder(ctx context.Context, ws *workspace.Workspace, id artifacts.ID) (*folderView, error) {
	d, err := ws.Store.OpenDir(ctx, id)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	v := &folderView{Size: d.Tree.Size(), Files: []fileVersion{}}
	for _, e := range d.Tree.Entries {
		v.Files = append(v.Files, fileVersion{Path: e.Path, ID: e.ID.String(), Size: e.Size, Executable: e.Executable})
	}
	return v, nil
}

// maxShownFiles is how many files of a directory are shown to people.
const maxShownFiles = 100

func (a *app) showFolder(v *folderView) error {
	fmt.Fprintf(a.out, "\n%s, %s\n\n", plural(len(v.Files), "file"), bytesText(v.Size))
	var rows [][]string
	for _, f := range v.Files[:min(len(v.Files), maxShownFiles)] {
		rows = append(rows, []string{f.Path, bytesText(f.Size), f.String()})
	}
	if err := writeTable(a.out, []string{"FILE", "SIZE", "SHA256"}, rows); err != nil {
		return err
	}
	if more := len(v.Files) - maxShownFiles; more > 0 {
		fmt.Fprintf(a.out, "and %s more, which --json lists\n", plural(more, "file"))
	}
	return nil
}

// A content is what is shown of what is in an artifact: one of its fields, or
// none.
type content struct {
	model  *nn.Model
	table  *tableView
	folder *folderView
}

// contentOf reads what can be shown of an artifact, with the first rows of a
// table.
func contentOf(ctx context.Context, ws *workspace.Workspace, art *lineage.Artifact, head int) (c content, err error) {
	switch pipeline.PortType(art.Type) {
	case pipeline.Model:
		c.model, err = readModel(ctx, ws, art.ID)
	case pipeline.Table, pipeline.Dataset:
		c.table, err = viewTable(ctx, ws, art.ID, head)
	case pipeline.Directory:
		c.folder, err = viewFolder(ctx, ws, art.ID)
	}
	if err != nil {
		return content{}, err
	}
	return c, nil
}

func (a *app) showContent(c content) error {
	switch {
	case c.model != nil:
		return a.showNetwork(c.model)
	case c.table != nil:
		return a.showTable(c.table)
	case c.folder != nil:
		return a.showFolder(c.folder)
	}
	return nil
}
