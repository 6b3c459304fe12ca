package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/data/source/packed"
	"pipe/data/table"
	"pipe/pipeline"
)

var _ pipeline.Outliner = (*Ingest)(nil)

const (
	// wholeBytes is what a file has at most that is read as a whole to know the types of
	// its columns.
	wholeBytes = 1 << 20
	// startBytes are those of a larger file that are read to know the names of its
	// columns. It has as much as is looked at to know how a file is written.
	startBytes = 256 << 10
)

// Outline implements pipeline.Outliner. What is wrong with a file is for Run to say, which
// reads all of it.
func (in *Ingest) Outline(ctx context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	known, err := in.outline(ctx, inputs)
	if err != nil || known == nil {
		return nil, nil
	}
	return map[string]*table.Outline{"table": known}, nil
}

// outline is nil if nothing is known.
func (in *Ingest) outline(ctx context.Context, inputs pipeline.Outlines) (*table.Outline, error) {
	if in.elsewhere() || len(in.Paths) > 0 || in.FileColumn != "" || len(in.Expect) > 0 {
		return nil, nil
	}
	by, contract := in, in.contract()
	if in.isAgreed(inputs.Ports()) {
		text, err := inputs.Peek(schemaPort)
		if err != nil || text == nil {
			return nil, err
		}
		defer text.Close()
		if by, contract, err = in.by(text.Path, text, text.Size); err != nil {
			return nil, err
		}
	}
	peeked, err := inputs.Peek("path")
	if err != nil || peeked == nil || peeked.Size == 0 {
		return nil, err
	}
	defer peeked.Close()
	file := &source.File{ReaderAt: peeked, Size: peeked.Size, Name: peeked.Path, Label: path.Base(peeked.Path)}
	start, err := file.Begin()
	if err != nil || packed.Of(start) != nil {
		return nil, err
	}
	reading, err := by.resolved([]*source.File{file})
	if err != nil {
		return nil, err
	}
	whole := file.Size <= wholeBytes
	switch {
	case whole || reading.Format.kind.Typed:
	case reading.Format.kind.Name == csvName:
		if err := begin(file); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	rows, err := reading.reader().Open(ctx, source.Inputs{Files: []*source.File{file}, Contract: contract, Empty: in.Empty == "allow", Carried: by.carried,
		Limit: int64(in.UnpackLimit), Threads: 1, Variable: in.lookup})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if reading.Format.kind.Typed {
		return table.OutlineOf(rows.Schema()), nil
	}
	for _, err := range rows.Batches(ctx) {
		if err != nil && !errors.Is(err, source.ErrRetyped) {
			return nil, err
		}
	}
	if whole {
		return table.OutlineOf(rows.Schema()), nil
	}
	var fields []arrow.Field
	for _, f := range rows.Schema().Fields() {
		if strings.ContainsFunc(f.Name, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return nil, errUnclear // bytes behind may tell another encoding
		}
		declared := false
		for _, d := range contract.Declared {
			declared = declared || d.Name == f.Name
		}
		if !declared {
			f = arrow.Field{Name: f.Name} // rows behind may make it another
		}
		fields = append(fields, f)
	}
	return table.NewOutline(fields...), nil
}

// errUnclear says that the start of a file does not say what its columns are.
var errUnclear = errors.New("the start of the file does not tell")

// begin cuts a file off behind one of its first lines.
func begin(f *source.File) error {
	start := make([]byte, startBytes)
	if err := f.ReadFull(start, 0); err != nil {
		return err
	}
	end := bytes.LastIndexByte(start, '\n')
	if bytes.IndexByte(start, 0) >= 0 || bytes.Count(start, []byte{'\n'}) < 10 {
		return errUnclear
	}
	f.ReaderAt, f.Size = io.NewSectionReader(f.ReaderAt, 0, int64(end)+1), int64(end)+1
	return nil
}
