package replay

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/source/cell"
	"pipe/data/table"
)

// A typing makes a later version of a table that is joined one of the types that it had
// in training: a column of numbers or truth values is text if one of its values is none.
// Beside the others it puts a column that says what is wrong with a row.
type typing struct {
	names   []string // that are needed
	columns []cell.Typed
	at      []int         // in names
	fields  []arrow.Field // of what is made; the last says what is wrong
}

// typingOf finds the columns that are text and were not in training, nil if there are
// none.
func (j *joining) typingOf(right *arrow.Schema) (*typing, error) {
	t := &typing{names: j.Needs()}
	for i, name := range t.names {
		at, err := table.Column(right, name)
		if err != nil {
			return nil, err
		}
		f := right.Field(at)
		switch c := (cell.Typed{Name: name, Type: cell.TypeOf(j.Types[name])}); c.Type {
		case cell.Int64, cell.Float64, cell.Bool: // others may be written in many ways
			if class := table.ClassOf(f.Type); class != table.ClassText && (c.Type != cell.Int64 || class != table.ClassReal) {
				break
			}
			t.columns, t.at = append(t.columns, c), append(t.at, i)
			f = arrow.Field{Name: name, Type: c.Type.Arrow(), Nullable: true}
		}
		t.fields = append(t.fields, f)
	}
	if len(t.columns) == 0 {
		return nil, nil
	}
	wrong := "wrong"
	for len(right.FieldIndices(wrong)) > 0 || j.added(wrong) || slices.Contains(j.from, wrong) {
		wrong += "_"
	}
	t.fields = append(t.fields, arrow.Field{Name: wrong, Type: arrow.PrimitiveTypes.Int32})
	return t, nil
}

// wrong is the name of the column that says what is wrong with a row.
func (t *typing) wrong() string { return t.fields[len(t.fields)-1].Name }

func (t *typing) schema() *arrow.Schema { return arrow.NewSchema(t.fields, nil) }

// read makes the table, in memory, as that of a join is anyway.
func (t *typing) read(right *table.Reader) (*table.Reader, error) {
	from, err := right.Select(t.names...)
	if err != nil {
		return nil, err
	}
	var made bytes.Buffer
	w, err := table.NewWriter(&made, t.schema())
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	for rec, err := range from.Batches() {
		if err != nil {
			return nil, err
		}
		rows, err := t.typed(rec)
		if err == nil {
			err = w.Write(rows)
			rows.Release()
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return table.Open(bytes.NewReader(made.Bytes()), int64(made.Len()))
}

// typed reads some rows of the table.
func (t *typing) typed(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns := slices.Clone(rec.Columns())
	wrong := make([]int32, rec.NumRows())
	for i, c := range t.columns {
		texts, valid, err := table.Texts(columns[t.at[i]])
		if err != nil {
			return nil, err
		}
		arr, rows := c.Read(texts, valid, nil)
		defer arr.Release()
		columns[t.at[i]] = arr
		for _, row := range rows {
			if wrong[row] == 0 {
				wrong[row] = int32(i + 1)
			}
		}
	}
	return array.NewRecordBatch(t.schema(), append(columns, table.NewArray(wrong, nil)), rec.NumRows()), nil
}

// apart takes what is wrong from rows beside which a join has put it: of each row
// the number of a column + 1, or 0.
func (t *typing) apart(rec arrow.RecordBatch) (rows arrow.RecordBatch, wrong *array.Int32) {
	n := int(rec.NumCols()) - 1
	return array.NewRecordBatch(without(rec.Schema()), rec.Columns()[:n], rec.NumRows()), rec.Column(n).(*array.Int32)
}

// without is the schema without its last column.
func without(s *arrow.Schema) *arrow.Schema {
	meta := s.Metadata()
	return arrow.NewSchema(s.Fields()[:s.NumFields()-1], &meta)
}

// reason says why a row whose match has a wrong value in a column has no prediction.
func (t *typing) reason(wrong int32, table string) string {
	c := t.columns[wrong-1]
	return fmt.Sprintf("the text in column %s of %s is no %s", c.Name, table, c.Type.Noun())
}
