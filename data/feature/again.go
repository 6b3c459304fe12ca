package feature

import (
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/replay"
	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/data/table"
)

// An again is what of a table has to be read again before anything is made of it: columns
// that were of another type in training, and are text now since one of their values is
// none of it, or numbers of another type. The others are then taken as in training.
type again struct {
	columns  []cell.Typed
	at       []int  // in the record
	quoted   []bool // see cell.QuotedKey
	notation *cell.Notation
	needed   [][]int // by column of the transform, those that it is made of
}

// againOf finds what is to be read again: what something is computed of by steps, if there
// are any, and dates and times, which may be written in any way. A feature reads other texts
// and numbers by itself.
func (t *Transform) againOf(in *arrow.Schema, part *replay.Part) (*again, error) {
	g := &again{needed: make([][]int, len(t.columns))}
	if _, through, err := replay.Behind(in, t.replay); through || err != nil {
		return g, err // its columns are no longer those that were read
	}
	if t.reading == nil {
		return g, nil
	}
	columns, zone, err := schema.Typed(t.reading)
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	for _, c := range columns {
		found := in.FieldIndices(c.Name)
		if len(found) == 0 || !t.readsAgain(c, part, table.ClassOf(in.Field(found[0]).Type)) {
			continue
		}
		_, quoted := in.Field(found[0]).Metadata.GetValue(cell.QuotedKey)
		g.columns, g.at, g.quoted = append(g.columns, c), append(g.at, found[0]), append(g.quoted, quoted)
	}
	if len(g.columns) == 0 {
		return g, nil
	}
	for i, c := range t.columns {
		made := []string{c.Name}
		if c.of != nil {
			made = c.of
		}
		if c.beside != "" {
			made = append(made[:len(made):len(made)], c.beside)
		}
		needs := replay.NewPart(t.replay, made, nil).Needs()
		for j, a := range g.columns {
			if slices.Contains(needs, a.Name) {
				g.needed[i] = append(g.needed[i], j)
			}
		}
	}
	if zone != "" {
		at, err := time.LoadLocation(zone)
		if err != nil {
			return nil, fmt.Errorf("reading: timezone: %w", err)
		}
		g.notation = &cell.Notation{Zone: at}
	}
	return g, nil
}

// readsAgain says whether a column of a class is made one of the type that it had. part
// is nil if there are no steps.
func (t *Transform) readsAgain(c cell.Typed, part *replay.Part, class table.Class) bool {
	switch c.Type {
	case cell.String, cell.List, cell.ListF32, cell.ListU8, cell.ListI32:
		return false
	case cell.Float64, cell.Int64, cell.Bool:
		if part == nil || !part.Computes(c.Name) {
			return false
		}
		return class == table.ClassText || c.Type == cell.Float64 && class == table.ClassWhole || c.Type == cell.Int64 && class == table.ClassReal
	}
	if part != nil {
		return class == table.ClassText && slices.Contains(part.Needs(), c.Name)
	}
	return class == table.ClassText && slices.ContainsFunc(t.columns, func(of column) bool { return of.Name == c.Name && of.form == Times })
}

// len is the number of columns that are read again.
func (g *again) len() int {
	if g == nil {
		return 0
	}
	return len(g.columns)
}

// schema is that of what read makes.
func (g *again) schema(in *arrow.Schema) *arrow.Schema {
	if len(g.columns) == 0 {
		return in
	}
	fields := slices.Clone(in.Fields())
	for i, c := range g.columns {
		fields[g.at[i]].Type, fields[g.at[i]].Nullable = c.Type.Arrow(), true
	}
	meta := in.Metadata()
	return arrow.NewSchema(fields, &meta)
}

// read reads the columns of some rows. A value that is none of the type is missing, and
// a problem of its row.
func (g *again) read(rec arrow.RecordBatch, met *met) (arrow.RecordBatch, error) {
	columns := slices.Clone(rec.Columns())
	for i, c := range g.columns {
		texts, valid, err := table.Texts(columns[g.at[i]])
		if err != nil {
			return nil, err
		}
		arr, wrong := c.Read(texts, valid, g.notation)
		defer arr.Release()
		columns[g.at[i]] = arr
		for _, row := range wrong {
			if g.quoted[i] {
				texts[row] = cell.Unquote(texts[row])
			}
			if err := met.unreadable(i, len(texts), notTyped(c, int64(row), texts[row])); err != nil {
				return nil, err
			}
		}
	}
	return array.NewRecordBatch(g.schema(rec.Schema()), columns, rec.NumRows()), nil
}

// notTyped says that a text is no value of a column.
func notTyped(c cell.Typed, row int64, text string) *ValueError {
	err := &ValueError{Column: c.Name, Row: row, Reason: NotTime}
	what := c.Type.Noun()
	switch c.Type {
	case cell.Int64, cell.Float64:
		err.Reason = NotNumber
	case cell.Bool:
		err.Reason = NotTruth
	}
	err.Msg = fmt.Sprintf("%s is no %s", shortQuote(text), what)
	if c.Layout != nil {
		err.Msg += " as " + c.Layout.String()
	}
	err.Fix = fmt.Sprintf("write a %s there, as the training data have it, or leave it empty", what)
	return err
}
