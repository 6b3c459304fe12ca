package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/address"
	"pipe/base/infile"
	"pipe/data/replay"
	"pipe/data/source"
	"pipe/data/source/all"
	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// found is the reading of rows with what was found out while they were read: how
// the file and its dates are written.
func (in *Reading) found(rows source.Rows) (*Reading, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(settings.Brief(in), &all); err != nil {
		return nil, err
	}
	if d, ok := rows.(source.Detector); ok {
		for name, value := range d.Detected() {
			text, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			all[name] = text
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	out := new(Reading)
	if err := settings.FromJSON(text, out); err != nil {
		return nil, err
	}
	out.Dates = nil
	for _, f := range rows.Schema().Fields() {
		if layout, ok := f.Metadata.GetValue(cell.LayoutKey); ok {
			out.Dates = append(out.Dates, settings.Entry[string]{Key: f.Name, Value: layout})
		}
	}
	return out, nil
}

// writeSchema says how rows were read.
func writeSchema(env pipeline.Env, reading *Reading, rows source.Rows, written, left int64) error {
	var found []cell.Found
	if f, ok := rows.(source.Finder); ok {
		found = f.Found()
	}
	told, err := reading.found(rows)
	if err != nil {
		return err
	}
	out, err := env.Create(schemaPort)
	if err != nil {
		return err
	}
	s := schema.Of(rows.Schema(), written, found)
	s.LeftOut = left
	return s.Write(out, told)
}

// leftOut is how many records of the data are not in the table, whose rows were
// written. It is an error if not each of the others is a row.
func leftOut(rows source.Rows, written int64) (int64, error) {
	c, ok := rows.(source.Counter)
	if !ok {
		return 0, nil
	}
	records, left := c.Counted()
	if written != records-left {
		return 0, fmt.Errorf("internal error: %d records were read and %d of them left out, and the table has %d rows", records, left, written)
	}
	return left, nil
}

// telling is rows whose table says how they were read, so that whoever learns from
// it can read others alike: see schema.Carried.
type telling struct {
	source.Rows
	reading *Reading
	isNew   bool // the table says in which line its rows begin, and what they went through
}

// Schema implements source.Rows.
func (t *telling) Schema() *arrow.Schema {
	s := t.Rows.Schema()
	meta := s.Metadata().ToMap()
	had := len(meta)
	if text := t.reading.carried(t.Rows); text != nil {
		meta[schema.ReadingKey] = string(text)
	}
	if l, ok := t.Rows.(source.Liner); ok && t.isNew {
		if line, ok := l.FirstLine(); ok {
			meta[schema.LineKey] = strconv.FormatInt(line, 10)
		}
	}
	if steps := stepsOf(t.Rows); t.isNew && steps != "" {
		meta[replay.FileStepsKey] = steps
	}
	if len(meta) == had {
		return s
	}
	with := arrow.MetadataFrom(meta)
	return arrow.NewSchema(s.Fields(), &with)
}

// stepsOf are the steps that the file of some rows says that they went through.
func stepsOf(rows source.Rows) string {
	if t, ok := rows.(source.Teller); ok {
		pairs, _ := t.Told()
		return pairs[replay.StepsKey]
	}
	return ""
}

// StepsOf is what a file of new rows says that they went through, as metadata of a table
// have it; empty if it says nothing, as text does, or if it is on a server.
func StepsOf(ctx context.Context, path string) (string, error) {
	kind := source.ByName(all.Kinds(), path)
	if kind == nil || address.Is(path) || kind.Name != "arrow" && kind.Name != "parquet" {
		return "", nil
	}
	f, err := infile.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	rows, err := kind.New().Open(ctx, source.Inputs{Files: []*source.File{{ReaderAt: f, Size: info.Size(), Name: path}}, Empty: true, Threads: 1})
	if err != nil {
		return "", nil // whoever reads it will say it
	}
	defer rows.Close()
	return stepsOf(rows), nil
}

// carried is what a table says of how its rows were read, nil if that is the usual
// way.
func (in *Reading) carried(rows source.Rows) []byte {
	told, err := in.found(rows)
	if err != nil {
		return nil // writeSchema will say it
	}
	return told.manner()
}

// manner is how rows are read, of which it is known how they are written, nil if that
// is the usual way. What to do with bad rows is no matter of those who read others,
// and each column says for itself how its dates are written.
func (in *Reading) manner() []byte {
	told, usual := *in, usual()
	told.Rows, told.Empty, told.Dates = usual.Rows, usual.Empty, nil
	if told.Format == nil || told.Format.kind.Name == csvName {
		usual.Delimiter = ","
	}
	if told.Format != nil && told.Format.kind.Elsewhere {
		told.Format = nil // it says where the data are
	}
	if told.Format != nil {
		usual.Format = &Format{kind: told.Format.kind}
		usual.Format.preset()
	}
	if text := settings.Brief(&told); !bytes.Equal(text, settings.Brief(usual)) {
		return text
	}
	return nil
}
