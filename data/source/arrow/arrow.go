// Package arrow reads Arrow files and streams as other programs write them: the
// reader is that of package table, which reads those of commands too.
package arrow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "arrow",
		Version: 2,
		Title:   "Arrow",
		Doc: `Arrow IPC files and streams, which are also Feather files of version 2, compressed with LZ4 or Zstandard or not. Columns
have the types that the file says, dictionaries become what they stand for, and only the columns are read that the table keeps.
Lists of numbers are lists in a table, of a fixed length if all rows have the same. Other lists, maps, structs and bytes are an error
unless select leaves them out.`,
		Endings: []string{".arrow", ".arrows", ".ipc", ".feather"},
		Detect:  table.IsArrow,
		Typed:   true,
		New:     func() source.Reader { return new(Reader) },
	}
}

// Reader reads an Arrow file or stream. It has no settings.
type Reader struct{}

// Open reads the schema.
func (*Reader) Open(ctx context.Context, in source.Inputs) (source.Rows, error) {
	file, err := in.One()
	if err != nil {
		return nil, err
	}
	start, err := file.Begin()
	if err != nil {
		return nil, err
	}
	if !table.IsArrow(start) {
		if err := source.NotOf("Arrow", file.Name, start); err != nil {
			return nil, err
		}
	}
	var all []arrow.Field // with the types of those that are kept
	f, err := table.OpenForeignColumns(file, file.Size, func(names []string) (func(int) bool, error) {
		for _, name := range names {
			all = append(all, arrow.Field{Name: name, Type: arrow.Null, Nullable: true})
		}
		keep, err := in.Keep(file.Name, arrow.NewSchema(all, nil))
		return func(column int) bool { return slices.Contains(keep, column) }, err
	})
	if err != nil {
		return nil, wrap(file, err)
	}
	if len(in.Contract.Expected) > 0 {
		f.AllowGaps() // they are a matter of their row
	}
	at := make([]int, 0, len(all)) // of the columns that are read, among all
	for i := range all {
		if k := f.Schema().FieldIndices(all[i].Name); len(k) > 0 {
			all[i].Type = f.Schema().Field(k[0]).Type
			if f.Local(all[i].Name) {
				all[i].Metadata = source.Local()
			}
			if _, shape, ok := table.ShapeOf(f.Schema().Field(k[0])); ok && len(shape) > 1 {
				all[i] = table.WithShape(all[i], shape)
			}
			at = append(at, i)
		}
	}
	rows, err := source.Stream(&in, file.Name, arrow.NewSchema(all, nil), func(yield func(columns ...arrow.Array) bool) error {
		err := f.Each(ctx, func(rec arrow.RecordBatch) error {
			columns := make([]arrow.Array, len(all))
			for k, i := range at {
				columns[i] = rec.Column(k)
				columns[i].Retain()
			}
			if !yield(columns...) {
				return errEnough
			}
			return nil
		})
		if err == nil || err == errEnough {
			return nil
		}
		return wrap(file, err)
	})
	if err != nil {
		return nil, err
	}
	return &opened{rows, file.Name, f}, rows.Peek()
}

var errEnough = errors.New("no more rows are wanted")

// wrap says which file an error is about.
func wrap(file *source.File, err error) error {
	return diag.WithHint(fmt.Errorf("%s: %w", file.Name, err), diag.HintOf(err))
}

// An opened file knows what was lost.
type opened struct {
	source.Typed
	name string
	f    *table.Foreign
}

// Told implements source.Teller.
func (o *opened) Told() (map[string]string, bool) { return o.f.Schema().Metadata().ToMap(), true }

// Report implements source.Rows.
func (o *opened) Report(log *slog.Logger) {
	o.losses(log)
	o.Typed.Report(log)
}

// Remark implements source.Remarker.
func (o *opened) Remark(log *slog.Logger, w *cell.Warner) {
	o.losses(log)
	o.Typed.Remark(log, w)
}

func (o *opened) losses(log *slog.Logger) {
	o.f.Losses(func(loss string) { log.Warn(loss, "file", o.name) })
}
