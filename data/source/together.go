package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"reflect"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/tensor"
)

// Surveyed are Rows of texts, whose types follow from all values.
type Surveyed interface {
	Rows
	// Plan is how columns are made: a guess until all values were looked at.
	Plan() *cell.Plan
	// Survey is what was found out by looking at all values, which Open may do or
	// Batches; nil until then.
	Survey() *cell.Survey
	// Remark tells people what Report does apart from columns and their values.
	Remarker
}

// Together is a reader of any number of files as one table, each of which another
// reader reads. All have the same columns; types are right for the rows of all. Of
// several files one is open at a time. A column that is named Column says which file
// a row is from, by its Label; there is none if Column is empty.
type Together struct {
	Reader
	Column string
}

// Open implements Reader.
func (t *Together) Open(ctx context.Context, in Inputs) (Rows, error) {
	if len(in.Files) == 0 || len(in.Files) == 1 && t.Column == "" {
		return t.Reader.Open(ctx, in)
	}
	r := &together{reader: t.Reader, in: in, column: t.Column}
	return r, r.open(ctx)
}

const (
	maxRemarked = 10      // files that are remarked on
	maxRejected = 100_000 // records that are kept of those that were left out
)

type together struct {
	reader Reader
	in     Inputs
	column string

	first  string       // file that says which columns there are
	shared *cell.Shared // nil if the files say which types there are
	loose  []string     // columns that are text then, since in some file they misfit what was expected, or lists of any length
	schema *arrow.Schema

	meta     arrow.Metadata // of the table
	told     bool           // a file with rows has said it
	rows     int64
	detected map[string]any // of all files alike
	records  int64
	left     int64             // of them, those that were left out
	found    []cell.Found      // of the columns, if there is no shared plan
	says     map[string]string // as Teller has it, of the first file
	unlike   bool              // another one says something else
	remarks  []func(log *slog.Logger, w *cell.Warner)
	rejected []Rejected
}

// open finds out about the columns: by the first file, or by all if a reader has to
// look at all values before it can read.
func (t *together) open(ctx context.Context) error {
	var join cell.Join
	var nameless error // of the first file, as long as no other says which columns there are
	for _, f := range t.in.Files {
		known, err := t.begin(ctx, f, &join)
		if errors.Is(err, ErrNameless) {
			if nameless == nil {
				nameless = err
			}
			continue
		}
		if err != nil || known {
			return err
		}
	}
	if t.first == "" {
		return nameless
	}
	plan := join.Plan()
	if err := plan.CheckLists(t.first); err != nil {
		return err
	}
	return t.take(plan)
}

// begin opens a file to see what it is. known says that no other has to be.
func (t *together) begin(ctx context.Context, f *File, join *cell.Join) (known bool, err error) {
	rows, end, err := t.one(ctx, f)
	if err != nil {
		return true, err
	}
	defer ended(&err, end)
	if t.first == "" {
		t.first = f.Name
		t.says = toldBy(rows)
	}
	s, ok := rows.(Surveyed)
	switch {
	case !ok:
		t.schema, err = t.with(rows.Schema())
		return true, err
	case s.Survey() == nil:
		return true, t.take(s.Plan())
	}
	join.Add(f.Name, s.Survey())
	return false, nil
}

// one opens one of the files. end closes it.
func (t *together) one(ctx context.Context, f *File) (rows Rows, end func() error, err error) {
	if f.Acquire != nil {
		opened := *f
		release, err := f.Acquire(ctx, &opened)
		if err != nil {
			return nil, nil, err
		}
		f, end = &opened, release
	} else {
		end = func() error { return nil }
	}
	in := t.in
	in.Files, in.Contract.Shared, in.Contract.Loose, in.Progress = []*File{f}, t.shared, t.loose, nil
	if rows, err = t.reader.Open(ctx, in); err != nil {
		ended(&err, end)
		return nil, nil, err
	}
	release := end
	return rows, func() error { return errors.Join(rows.Close(), release()) }, nil
}

// ended ends the use of a file, whose error is only of interest if there is none.
func ended(err *error, end func() error) {
	if e := end(); *err == nil {
		*err = e
	}
}

// take makes columns by another plan.
func (t *together) take(plan *cell.Plan) (err error) {
	t.shared = &cell.Shared{Plan: plan, First: t.first}
	t.schema, err = t.with(plan.Bare())
	return err
}

// with adds the column of the files to a schema.
func (t *together) with(s *arrow.Schema) (*arrow.Schema, error) {
	if t.column == "" {
		return s, nil
	}
	if _, there := s.FieldsByName(t.column); there {
		return nil, diag.WithHint(fmt.Errorf("file_column: %s has a column %q already", t.first, t.column), "choose another name")
	}
	meta := s.Metadata()
	fields := append(slices.Clone(s.Fields()), arrow.Field{
		Name: t.column, Type: arrow.BinaryTypes.String, Nullable: true,
		Metadata: arrow.MetadataFrom(map[string]string{cell.TypeKey: "declared", cell.MissingKey: "0"}),
	})
	return arrow.NewSchema(fields, &meta), nil
}

// Schema implements Rows.
func (t *together) Schema() *arrow.Schema { return t.schema }

// Told implements Teller.
func (t *together) Told() (map[string]string, bool) { return t.says, !t.unlike }

func toldBy(rows Rows) map[string]string {
	if t, ok := rows.(Teller); ok {
		pairs, _ := t.Told()
		return pairs
	}
	return nil
}

// Close implements Rows.
func (t *together) Close() error { return nil }

// Batches implements Rows.
func (t *together) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return Pushed(func(write func(arrow.RecordBatch) error) error {
		t.rows, t.remarks, t.rejected, t.detected, t.found, t.records, t.left = 0, nil, nil, nil, nil, 0, 0
		t.told, t.meta = false, arrow.Metadata{}
		var join cell.Join
		for i, f := range t.in.Files {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if err := t.read(ctx, f, &join, write); err != nil {
				return err
			}
			t.in.Advance(int64(i+1), int64(len(t.in.Files)))
		}
		if t.shared == nil {
			return nil
		}
		plan := join.Plan()
		if !plan.SameTypes(t.shared.Plan) {
			if err := t.take(plan); err != nil {
				return err
			}
			return ErrRetyped
		}
		t.shared.Plan = plan
		var err error
		t.schema, err = t.with(arrow.NewSchema(plan.Schema.Fields(), &t.meta))
		return err
	})
}

// read reads one of the files.
func (t *together) read(ctx context.Context, f *File, join *cell.Join, write func(arrow.RecordBatch) error) (err error) {
	rows, end, err := t.one(ctx, f)
	if err != nil {
		return err
	}
	defer ended(&err, end)
	order, err := t.order(f, rows.Schema())
	if err != nil {
		return err
	}
	t.unlike = t.unlike || !maps.Equal(toldBy(rows), t.says)
	before := t.rows
	for rec, err := range rows.Batches(ctx) {
		if err == ErrRetyped && t.shared == nil {
			t.retype(rows.Schema())
		}
		if err != nil {
			return err
		}
		whole, err := t.record(rec, order, f)
		if err != nil {
			return err
		}
		t.rows += rec.NumRows()
		err = write(whole)
		whole.Release()
		if err != nil {
			return err
		}
	}
	if s, ok := rows.(Surveyed); ok {
		join.Add(f.Name, s.Survey())
	}
	if r, ok := rows.(Remarker); ok && len(t.remarks) < maxRemarked {
		t.remarks = append(t.remarks, r.Remark)
	}
	if r, ok := rows.(Rejecter); ok {
		for _, rejected := range r.Rejected() {
			if len(t.rejected) == maxRejected {
				break
			}
			rejected.File = f.Name
			t.rejected = append(t.rejected, rejected)
		}
	}
	if finder, ok := rows.(Finder); ok && t.shared == nil {
		t.find(f, finder.Found(), order)
	}
	if c, ok := rows.(Counter); ok {
		records, left := c.Counted()
		t.records, t.left = t.records+records, t.left+left
	} else {
		t.records += t.rows - before
	}
	if t.rows == before {
		return nil // how a file without rows is written is no matter
	}
	if d, ok := rows.(Detector); ok {
		t.detect(d.Detected())
	}
	if meta := rows.Schema().Metadata(); !t.told {
		t.meta, t.told = meta, true
	} else if !meta.Equal(t.meta) {
		t.meta = arrow.Metadata{} // it is not of the table
	}
	return nil
}

// retype takes the types of a file, in which columns have turned out to be text, or to
// hold lists of any length.
func (t *together) retype(has *arrow.Schema) {
	fields := slices.Clone(t.schema.Fields())
	for i := range fields {
		if at := has.FieldIndices(fields[i].Name); len(at) > 0 && !arrow.TypeEqual(has.Field(at[0]).Type, fields[i].Type) {
			t.loose = append(t.loose, fields[i].Name)
			fields[i] = has.Field(at[0])
		}
	}
	t.schema = arrow.NewSchema(fields, nil)
}

// find adds what was found in the columns of a file that says which types there are.
func (t *together) find(f *File, found []cell.Found, order []int) {
	if t.found == nil {
		t.found = make([]cell.Found, t.schema.NumFields())
	}
	for i, at := range order {
		t.found[i].Add(f.Name, &found[at])
	}
}

// detect keeps what is the same of all files.
func (t *together) detect(found map[string]any) {
	if t.detected == nil {
		t.detected = maps.Clone(found)
		return
	}
	maps.DeleteFunc(t.detected, func(setting string, v any) bool { return !reflect.DeepEqual(found[setting], v) })
}

// order is where the columns of the table are in those of a file.
func (t *together) order(f *File, has *arrow.Schema) ([]int, error) {
	at := make(map[string]int, has.NumFields())
	for i, field := range has.Fields() {
		at[field.Name] = i
	}
	first := t.first
	var order []int
	for _, want := range t.schema.Fields() {
		if want.Name == t.column && t.column != "" {
			break // the last
		}
		i, ok := at[want.Name]
		if !ok {
			return nil, diag.WithHint(fmt.Errorf("%s has no column %q, which %s has", f.Name, want.Name, first), "files that are one table have the same columns")
		}
		if got := has.Field(i).Type; !arrow.TypeEqual(got, want.Type) {
			if t.loosen(want, has.Field(i)) {
				return nil, ErrRetyped
			}
			return nil, diag.WithHint(fmt.Errorf("%s: column %q has the type %s, and %s in %s", f.Name, want.Name, table.TypeName(got), table.TypeName(want.Type), first),
				"files that are one table have the same types")
		}
		order = append(order, i)
		delete(at, want.Name)
	}
	for _, field := range has.Fields() {
		if _, left := at[field.Name]; left {
			return nil, diag.WithHint(fmt.Errorf("%s has no column %q, which %s has", first, field.Name, f.Name), "files that are one table have the same columns")
		}
	}
	return order, nil
}

// loosen makes lists of any length of a column if files have lists of different ones.
func (t *together) loosen(want, got arrow.Field) bool {
	of, _, one := table.ShapeOf(want)
	other, _, both := table.ShapeOf(got)
	if !one || !both || of != other || slices.Contains(t.loose, want.Name) {
		return false
	}
	fields := slices.Clone(t.schema.Fields())
	fields[t.schema.FieldIndices(want.Name)[0]].Type = table.ListType(of, tensor.Ragged)
	t.loose, t.schema = append(t.loose, want.Name), arrow.NewSchema(fields, nil)
	return true
}

// record is a batch of the table.
func (t *together) record(rec arrow.RecordBatch, order []int, f *File) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, 0, len(order)+1)
	for _, i := range order {
		c := rec.Column(i)
		c.Retain()
		columns = append(columns, c)
	}
	if t.column != "" {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		b.Reserve(int(rec.NumRows()))
		b.ReserveData(int(rec.NumRows()) * len(f.Label))
		for range rec.NumRows() {
			b.Append(f.Label)
		}
		columns = append(columns, b.NewArray())
		b.Release()
	}
	return table.NewRecord(t.schema, columns...)
}

// Report implements Rows.
func (t *together) Report(log *slog.Logger) {
	data := fmt.Sprintf("%d files", len(t.in.Files))
	for i, remark := range t.remarks {
		log := log.With("file", t.in.Files[i].Name)
		w := cell.NewWarner(log, &t.in.Contract.Rules)
		remark(log, w)
		w.End()
	}
	if t.shared == nil {
		log.Info("read "+data, "rows", t.rows, "columns", t.schema.NumFields())
		return
	}
	w := cell.NewWarner(log, &t.in.Contract.Rules)
	t.shared.Plan.Report(w, data)
}

// Counted implements Counter.
func (t *together) Counted() (records, left int64) { return t.records, t.left }

// Detected implements Detector.
func (t *together) Detected() map[string]any { return t.detected }

// Found implements Finder.
func (t *together) Found() []cell.Found {
	if t.shared == nil {
		return t.found
	}
	found := t.shared.Plan.Found()
	if t.column != "" {
		found = append(found, cell.Found{})
	}
	return found
}

// Rejected implements Rejecter.
func (t *together) Rejected() []Rejected { return t.rejected }
