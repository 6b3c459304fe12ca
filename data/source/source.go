// Package source says what it takes to read data of some format into a table. A
// Kind is a format: a value in a list (see package all), with the settings that
// it has as a struct with tags, which is also what reads. Helpers for readers
// are in cell (typed columns of text), in block (large files in parallel) and
// in Problems (messages that say where).
package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/address"
	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/source/packed"
	"pipe/pipeline/settings"
)

// A Kind is a format of data that can be read.
type Kind struct {
	Name    string // as the setting format has it
	Version int    // raised when the same settings and bytes would give another table
	Title   string // for messages: "JSON Lines"
	Doc     string // what is read, and how it becomes columns

	// Endings are those of the names of its files: ".csv". Detect knows a file
	// by its beginning, of which it gets Start bytes or what there is; it is nil
	// if files of the format look like nothing in particular.
	Endings []string
	Detect  func(start []byte) bool

	// Together says that files which are read as one table are columns of it, side by
	// side. Those of other formats hold one row behind the other.
	Together bool

	// Typed says that a file tells the columns with their types apart from its rows, so
	// that Open is quick however many there are.
	Typed bool

	// Elsewhere says that the settings of the Reader say where the data are, as those
	// of a database do: it reads no files.
	Elsewhere bool

	// New returns a pointer to a zero Reader, whose exported fields are settings,
	// tagged as those of a stage are.
	New func() Reader
}

// ByName finds the kind that the ending of the name of a file tells, or nil; the name
// may be an address. An ending that says how the file is compressed is left out.
func ByName(kinds []Kind, name string) *Kind {
	ending := strings.ToLower(path.Ext(packed.Inner(address.Name(name))))
	for i := range kinds {
		if ending != "" && slices.Contains(kinds[i].Endings, ending) {
			return &kinds[i]
		}
	}
	return nil
}

// For finds the kind of a file: by its name or, if that says nothing, by its
// beginning. It is the first kind if neither says what it is.
func For(kinds []Kind, f *File) (*Kind, error) {
	if k := ByName(kinds, f.Name); k != nil {
		return k, nil
	}
	if f.Size == 0 {
		return &kinds[0], nil
	}
	start, err := f.Begin()
	if err != nil {
		return nil, err
	}
	for i := range kinds {
		if detect := kinds[i].Detect; detect != nil && detect(start) {
			return &kinds[i], nil
		}
	}
	return &kinds[0], nil
}

// A Reader reads data of one format as its settings say.
type Reader interface {
	// Open looks at the data, as far as it has to know the columns: at a header
	// of types, or at all values. The contract holds for the table that comes
	// out; same inputs give the same table, whatever the threads and blocks.
	Open(ctx context.Context, in Inputs) (Rows, error)
}

// Inputs are what a Reader reads.
type Inputs struct {
	// Files are what a path names: one, or those of a folder or a pattern, sorted
	// by name, which are one table together. They are local, whole and not
	// compressed, wherever they came from. There is none if the settings of the
	// reader say where the data are, as those of a database do.
	Files    []*File
	Contract cell.Contract
	Empty    bool // there may be no rows
	// Carried says that settings which tell where the data begin are those of other
	// data, so that nothing that may be data can be left out by them.
	Carried bool

	// Limit is how many bytes may come out of the files if they are compressed within, as
	// those of Parquet are; 0 is packed.Usual of their size.
	Limit int64

	Threads  int                     // to use, at least 1
	Block    int                     // bytes of a file to read in one go, 0 if that is all the same
	Progress func(done, total int64) // in any unit; may be nil
	// Variable gives the environment variables that hold what is secret; nil if there
	// are none.
	Variable func(name string) (value string, ok bool)
}

// A Secretive is a Reader whose settings name environment variables that hold what
// is secret. Nothing of their values may be in a message, and none of it is stored.
type Secretive interface {
	Variables() []string
}

// One is the file of a reader that reads one.
func (in *Inputs) One() (*File, error) {
	switch len(in.Files) {
	case 1:
		return in.Files[0], nil
	case 0:
		return nil, diag.WithHint(errors.New("there is nothing to read"), "name a file")
	}
	return nil, fmt.Errorf("%s and %d other files: one file at a time can be read in this format", in.Files[0].Name, len(in.Files)-1)
}

// NoRows is what becomes of data, named for messages, without rows: an error, or nil
// if that may be.
func (in *Inputs) NoRows(data string) error {
	if in.Empty {
		return nil
	}
	return diag.WithHint(errors.New(data+" has no rows"), HintEmpty)
}

// Unpacked is an error if more bytes come out of the files than may. data is for messages.
func (in *Inputs) Unpacked(data string, bytes int64) error {
	if len(in.Files) == 0 {
		return nil
	}
	size := int64(0)
	for _, f := range in.Files {
		size += f.Size
	}
	if bytes <= cmp.Or(in.Limit, packed.Usual(size)) {
		return nil
	}
	return packed.TooMuch(data, cmp.Or(in.Limit, packed.Usual(size)), size)
}

// ErrEmpty is the error about a file without a byte that may be one without rows.
func ErrEmpty(f *File) error {
	return diag.WithHint(fmt.Errorf("%s is empty", f.Name), HintEmpty)
}

// HintEmpty is what to do about data without rows.
const HintEmpty = "if that may be, set empty: allow"

// Advance reports progress.
func (in *Inputs) Advance(done, total int64) {
	if in.Progress != nil {
		in.Progress(done, total)
	}
}

// CheckNames checks a setting that lists names of columns.
func CheckNames(setting string, names []string) error {
	var errs []error
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			errs = append(errs, settings.FieldErrorf(setting, "name %d is empty", i+1))
		} else if seen[name] {
			errs = append(errs, settings.FieldErrorf(setting, "%q is listed twice", name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}

// Rows are opened data.
type Rows interface {
	// Schema is that of the table. The metadata of columns may come with the last
	// row only.
	Schema() *arrow.Schema
	// Batches are the rows in order, once. A batch is valid until the next one,
	// and holds some megabytes at most, or one row. The types of Schema may have
	// been a guess that rows far behind refuted: then Batches ends with ErrRetyped,
	// what it gave is void, Schema is right, and the rows can be had once more.
	Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error]
	// Report tells people what was read, and what may surprise them. It is
	// called when all rows have been.
	Report(log *slog.Logger)
	// Close gives back what Open took.
	Close() error
}

// ErrNameless says that data without rows, which there may be, name no columns either.
var ErrNameless = errors.New("not even a header says which columns there are")

// ErrRetyped says that columns have other types than was said.
var ErrRetyped = errors.New("columns have other types than was said before all rows were read")

// A Finder is Rows that know more of the columns than a table says. It is asked
// when all rows have been read.
type Finder interface {
	// Found is what was found in the columns of the table, in their order.
	Found() []cell.Found
}

// A Remarker is Rows that tell people of what is in a single file, apart from what
// Report says of the table.
type Remarker interface {
	Remark(log *slog.Logger, w *cell.Warner)
}

// A Teller is Rows of data that say more of their table than what its columns are. It is
// asked when the data are open, and again when all rows have been read.
type Teller interface {
	// Told are the pairs of metadata that are of pipe; alike is false if several files have
	// different ones.
	Told() (pairs map[string]string, alike bool)
}

// A Counter is Rows that count the records of the data apart from making rows of
// them. It is asked when all rows have been read.
type Counter interface {
	// Counted is how many records there are, and how many of them were left out.
	Counted() (records, left int64)
}

// A Liner is Rows of a file of lines. It is asked when all rows have been read.
type Liner interface {
	// FirstLine is the line of the first row, counted from 1, if each row is a line
	// and no other line is between them.
	FirstLine() (line int64, ok bool)
}

// A Detector is Rows that had to find out how their file is written, since settings
// were open. It is asked when all rows have been read.
type Detector interface {
	// Detected has these settings by name, with what they are for this file.
	Detected() map[string]any
}

// A File is one that is read.
type File struct {
	io.ReaderAt
	Size  int64
	Name  string // for messages
	Label string // for rows, by which they tell the files of a table apart
	// Path is a file of this machine that holds the same bytes and no others, for what
	// can only open one. It is empty if there is none.
	Path string

	// Acquire, if not nil, opens the file of which only the names are known yet,
	// since there may be many. It fills in a copy, which release closes.
	Acquire func(ctx context.Context, f *File) (release func() error, err error)
}

// Folder is the name of the folder that the file lies in, empty if it is the one
// that is read.
func (f *File) Folder() string {
	dir := path.Dir(strings.ReplaceAll(f.Label, `\`, "/"))
	if dir == "." || dir == "/" {
		return ""
	}
	return path.Base(dir)
}

// Title is what the file is called among the others.
func (f *File) Title() string { return cmp.Or(f.Label, f.Name) }

// Begin gives the first bytes of the file, at most Start. It has at least one.
func (f *File) Begin() ([]byte, error) {
	if f.Size == 0 {
		return nil, fmt.Errorf("%s is empty", f.Name)
	}
	start := make([]byte, min(Start, f.Size))
	return start, f.ReadFull(start, 0)
}

// ReadFull fills buf from an offset of the file.
func (f *File) ReadFull(buf []byte, offset int64) error {
	n, err := f.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %s at byte %d: %w", f.Name, offset, err)
}
