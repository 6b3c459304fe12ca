// Package text reads texts as they are: each line a row, or each file.
package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/table"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "text",
		Version: 1,
		Title:   "text",
		Doc: `Texts in UTF-8, as they are. Each line is a row, without its line end (LF or CRLF), in the column text with its number in
the column line; or each file is one, if rows says so. Of several files the column file says which it is, and where they lie in
folders of their classes, as in path: reviews/ with reviews/good/1.txt, the column label is the name of the folder. A file is
read so only if format: text says it.`,
		Together: true,
		New:      func() source.Reader { return new(Reader) },
	}
}

// Reader reads texts.
type Reader struct {
	Rows  string `yaml:"rows" default:"line" enum:"line,file" doc:"What a row is: a line, or a whole file."`
	Blank string `yaml:"blank" default:"keep" enum:"keep,skip" doc:"Whether lines, or files, of nothing but blanks are rows."`
}

const (
	// MaxText bounds the bytes of a line, or of a file that is a row.
	MaxText = block.MaxRecord

	batchRows  = 1 << 16
	batchBytes = 4 << 20
)

// Open says which columns there are.
func (in *Reader) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	if len(from.Files) == 0 {
		return nil, diag.WithHint(errors.New("there is nothing to read"), "name a file, or a folder of files")
	}
	r := &reading{Reader: in, from: from, whole: in.Rows == "file", labelled: true, data: from.Files[0].Name}
	if n := len(from.Files); n > 1 {
		r.data = fmt.Sprintf("%d texts from %s", n, r.data)
	}
	r.named = r.whole || len(from.Files) > 1
	for _, f := range from.Files {
		r.labelled = r.labelled && f.Folder() != ""
	}
	texts := func(name string) arrow.Field { return arrow.Field{Name: name, Type: arrow.BinaryTypes.String} }
	var fields []arrow.Field
	if r.named {
		fields = append(fields, texts("file"))
	}
	if !r.whole {
		fields = append(fields, arrow.Field{Name: "line", Type: arrow.PrimitiveTypes.Int64})
	}
	fields = append(fields, texts("text"))
	if r.labelled {
		fields = append(fields, texts("label"))
	}
	return source.Stream(&r.from, r.data, arrow.NewSchema(fields, nil), func(yield func(...arrow.Array) bool) error {
		r.yield, r.more = yield, true
		return r.read(ctx)
	})
}

// A reading is what is known of the files, and the rows that were not yielded yet.
type reading struct {
	*Reader
	from                   source.Inputs
	data                   string // for messages
	whole, named, labelled bool

	yield  func(columns ...arrow.Array) bool
	more   bool
	files  []string
	lines  []int64
	texts  []string
	labels []string
	bytes  int
}

func (r *reading) read(ctx context.Context) error {
	for i, f := range r.from.Files {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		read := r.readLines
		if r.whole {
			read = r.readFile
		}
		if err := read(f); err != nil || !r.more {
			return err
		}
		r.from.Advance(int64(i+1), int64(len(r.from.Files)))
	}
	r.flush()
	return nil
}

// readFile makes a row of a file.
func (r *reading) readFile(f *source.File) error {
	if f.Size > MaxText {
		return diag.WithHint(fmt.Errorf("%s has %d bytes, and a row holds at most 64 MiB", f.Name, f.Size), "read it line by line: rows: line")
	}
	data := make([]byte, f.Size)
	if err := f.ReadFull(data, 0); err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, source.BOM)
	if !utf8.Valid(data) {
		return r.notUTF8(f, data, 1)
	}
	r.add(f, 0, data)
	return nil
}

// readLines makes a row of each line of a file.
func (r *reading) readLines(f *source.File) error {
	if f.Size == 0 {
		return nil
	}
	sp := block.Splitter{File: f, Quote: -1, Size: block.Usual}
	if r.from.Block > 0 {
		sp.Size = r.from.Block
	}
	start, err := f.Begin()
	if err != nil {
		return err
	}
	if bytes.HasPrefix(start, source.BOM) {
		sp.Offset = int64(len(source.BOM))
	}
	var buf []byte
	for line := int64(0); r.more; {
		b, err := sp.Next(buf)
		if err != nil || len(b.Data) == 0 {
			return err
		}
		buf = b.Data[:cap(b.Data)]
		valid := utf8.Valid(b.Data)
		for text := range bytes.Lines(b.Data) {
			line++
			if b.Cut || len(text) > MaxText {
				return diag.WithHint(fmt.Errorf("%s:%d: a line of more than 64 MiB", f.Name, line), "is it a text?")
			}
			if !valid && !utf8.Valid(text) {
				return r.notUTF8(f, text, line)
			}
			text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
			if r.add(f, line, text); !r.more {
				return nil
			}
		}
	}
	return nil
}

// notUTF8 says where a text that starts in a line is not UTF-8.
func (r *reading) notUTF8(f *source.File, text []byte, line int64) error {
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRune(text[i:])
		if c == utf8.RuneError && n <= 1 {
			break
		}
		if i += n; c == '\n' {
			line++
		}
	}
	return diag.WithHint(fmt.Errorf("%s:%d: text that is not UTF-8", f.Name, line), source.HintUTF8)
}

// add adds a row.
func (r *reading) add(f *source.File, line int64, text []byte) {
	if r.Blank == "skip" && len(bytes.TrimSpace(text)) == 0 {
		return
	}
	if r.named {
		r.files = append(r.files, f.Title())
	}
	if !r.whole {
		r.lines = append(r.lines, line)
	}
	r.texts = append(r.texts, string(text))
	if r.labelled {
		r.labels = append(r.labels, f.Folder())
	}
	if r.bytes += len(text); r.bytes >= batchBytes || len(r.texts) == batchRows {
		r.flush()
	}
}

// flush yields the rows that there are.
func (r *reading) flush() {
	if len(r.texts) == 0 || !r.more {
		return
	}
	var columns []arrow.Array
	if r.named {
		columns = append(columns, table.NewArray(r.files, nil))
	}
	if !r.whole {
		columns = append(columns, table.NewArray(r.lines, nil))
	}
	columns = append(columns, table.NewArray(r.texts, nil))
	if r.labelled {
		columns = append(columns, table.NewArray(r.labels, nil))
	}
	r.more = r.yield(columns...)
	r.files, r.lines, r.texts, r.labels, r.bytes = nil, nil, nil, nil, 0
}
