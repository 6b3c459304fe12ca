package format

import (
	"context"
	"encoding/json"
	"io"

	"pipe/artifacts"
	"pipe/base/infile"
	"pipe/data/profile"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
)

// tables are Arrow files with any columns.
func tables() Format {
	f := rowsOf(pipeline.Table)
	f.Columns, f.Take = columnsOfTable, takeTable(func(*table.Foreign) error { return nil })
	return f
}

// datasets are tables whose columns have roles.
func datasets() Format {
	f := rowsOf(pipeline.Dataset)
	f.Columns, f.Take = columnsOfDataset, takeTable(func(f *table.Foreign) error {
		_, err := table.DatasetInfoOf(f.Schema())
		return err
	})
	return f
}

// rowsOf is what tables and data sets have in common.
func rowsOf(t pipeline.PortType) Format {
	return Format{
		Type: t, Structured: true, Rows: true, Difference: tableDifference,
		View: func(ctx context.Context, store *artifacts.Store, id artifacts.ID, head int) (View, error) {
			return viewTable(ctx, store, id, head)
		},
	}
}

// takeTable reads Arrow of any form, once it is checked.
func takeTable(check func(*table.Foreign) error) func(context.Context, io.Writer, io.ReaderAt, int64, func(string)) error {
	return func(ctx context.Context, out io.Writer, r io.ReaderAt, size int64, loss func(string)) error {
		f, err := table.OpenForeign(r, size)
		if err != nil {
			return &UnknownForm{err}
		}
		if err := check(f); err != nil {
			return err
		}
		f.Forget(replay.StepsKey) // what the program did with the columns is no step that can be repeated
		return f.WriteTable(ctx, out, loss)
	}
}

// A Table is what can be shown of a table.
type Table struct {
	Rows    int64                `json:"rows"`
	Columns []Column             `json:"columns"`
	Found   json.RawMessage      `json:"found,omitempty"` // settings that were found out of the file that was read
	Head    []map[string]*string `json:"head,omitempty"`  // as CSV writes values; null where one is missing
}

// A Column is one of a table.
type Column struct {
	Name    string  `json:"name"`
	Type    string  `json:"type"`
	Role    string  `json:"role,omitempty"` // in a data set
	Missing int64   `json:"missing"`
	NaN     int64   `json:"nan,omitempty"`
	Min     *string `json:"min"` // as CSV writes it; null if there is none
	Max     *string `json:"max"`
	Written string  `json:"written,omitempty"` // how dates or times were written in the file, unless in the usual way
	Doubt   string  `json:"doubt,omitempty"`   // why it is text although it hardly seems to be

	Distinct *profile.Distinct `json:"distinct,omitempty"`
	Numbers  *profile.Numbers  `json:"numbers,omitempty"`
	Lengths  *profile.Lengths  `json:"lengths,omitempty"`
	Top      []profile.Count   `json:"top,omitempty"`
}

// viewTable gives the profile of a table and its first rows.
func viewTable(ctx context.Context, store *artifacts.Store, id artifacts.ID, head int) (*Table, error) {
	f, err := store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := table.Open(infile.ReaderAt(ctx, f), f.Size())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	v, err := profiled(ctx, store, id, r)
	if err != nil {
		return nil, err
	}
	return v, v.readHead(r, head)
}

// readHead reads the first rows.
func (v *Table) readHead(r *table.Reader, n int) error {
	for rec, err := range r.Batches() {
		if err != nil {
			return err
		}
		for row := range min(n-len(v.Head), int(rec.NumRows())) {
			cells := make([]string, rec.NumCols())
			values := map[string]*string{}
			for i, col := range rec.Columns() {
				values[v.Columns[i].Name] = nil
				if !col.IsNull(row) {
					cells[i] = table.Text(col, row)
					values[v.Columns[i].Name] = &cells[i]
				}
			}
			v.Head = append(v.Head, values)
		}
		if len(v.Head) >= n {
			return nil
		}
	}
	return nil
}

// Name implements View.
func (*Table) Name() string { return "table" }

// mostCounted is the size in bytes up to which missing values are counted,
// which means to read all of a table.
const mostCounted = 256 << 20

// columnsOfDataset are its features, its target and what was kept.
func columnsOfDataset(f *artifacts.File) (*Columns, error) {
	ds, err := table.OpenDataset(f, f.Size())
	if err != nil {
		return nil, err
	}
	defer ds.Close()
	s := &Columns{Rows: ds.NumRows()}
	type gap struct{ column, input, feature int } // a feature that may be missing
	var gaps []gap
	for i, in := range ds.Info.Inputs {
		if in.Kind != table.Features {
			at, err := table.Column(ds.Schema(), in.Name)
			if err != nil {
				return nil, err
			}
			s.List = append(s.List, ColumnInfo{Name: in.Name, Type: table.TypeName(ds.Schema().Field(at).Type), Missing: 0})
			continue
		}
		for k, feature := range in.Features {
			s.List = append(s.List, ColumnInfo{Name: feature.Name, Type: "float32", Missing: 0})
			if feature.Missing {
				s.List[len(s.List)-1].Missing = -1
				gaps = append(gaps, gap{len(s.List) - 1, i, k})
			}
		}
	}
	if len(gaps) > 0 && f.Size() <= mostCounted {
		for _, g := range gaps {
			s.List[g.column].Missing = 0
		}
		for ex, err := range ds.Stream() {
			if err != nil {
				return nil, err
			}
			for _, g := range gaps {
				rows := &ex.Inputs[g.input]
				for at := g.feature; at < rows.Len(); at += ds.Info.Inputs[g.input].Width() {
					if v := rows.At(at); v != v {
						s.List[g.column].Missing++
					}
				}
			}
		}
	}
	for _, t := range ds.Info.Targets {
		if !ds.HasTarget() {
			break
		}
		s.List = append(s.List, ColumnInfo{Name: t.Column, Type: string(t.Task), Missing: -1})
	}
	for _, name := range ds.Info.Keep {
		i, err := table.Column(ds.Schema(), name)
		if err != nil {
			return nil, err
		}
		s.List = append(s.List, ColumnInfo{Name: name, Type: table.TypeName(ds.Schema().Field(i).Type), Missing: -1})
	}
	return s, nil
}

func columnsOfTable(f *artifacts.File) (*Columns, error) {
	r, err := table.Open(f, f.Size())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s := &Columns{Rows: r.NumRows()}
	for _, column := range r.Schema().Fields() {
		field := ColumnInfo{Name: column.Name, Type: table.TypeName(column.Type), Missing: -1}
		s.List = append(s.List, field)
	}
	if f.Size() > mostCounted {
		return s, nil
	}
	for i := range s.List {
		s.List[i].Missing = 0
	}
	for batch, err := range r.Batches() {
		if err != nil {
			return nil, err
		}
		for i := range s.List {
			s.List[i].Missing += int64(batch.Column(i).NullN())
		}
		batch.Release()
	}
	return s, nil
}

func tableDifference(was, is *artifacts.File) (string, error) {
	a, err := table.Open(was, was.Size())
	if err != nil {
		return "", err
	}
	defer a.Close()
	b, err := table.Open(is, is.Size())
	if err != nil {
		return "", err
	}
	defer b.Close()
	return table.FirstDifference(a, b)
}
