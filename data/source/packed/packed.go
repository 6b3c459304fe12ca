// Package packed unpacks compressed files, since readers read at offsets and more
// than once. It owns what counts as compressed, by the first bytes alone, and how
// much may come out of it. It knows nothing of what the files hold.
package packed

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"pipe/base/diag"
	"pipe/base/infile"
)

// A Packing is a way of compressing a file.
type Packing struct {
	Name    string   // for messages
	Endings []string // that its files add to the names of what they hold

	magic  []byte
	unpack func(r *bufio.Reader, threads int) (io.ReadCloser, error)
}

// Packings lists what can be unpacked.
func Packings() []Packing {
	return []Packing{
		{"gzip", []string{".gz", ".gzip"}, []byte(gzipMagic), ungzip},
		{"zstd", []string{".zst", ".zstd"}, []byte("\x28\xb5\x2f\xfd"), unzstd},
	}
}

// maxWindow is the memory that a zstd file may ask for: what zstd --ultra and
// --long write, and what zstd itself unpacks without being told to.
const maxWindow = 128 << 20

func unzstd(r *bufio.Reader, threads int) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(max(1, threads)), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// Inner is the name of what a file holds, by its own: data.csv of data.csv.gz.
func Inner(name string) string {
	ending := path.Ext(name)
	for _, p := range Packings() {
		if ending != "" && slices.Contains(p.Endings, strings.ToLower(ending)) {
			return strings.TrimSuffix(name, ending)
		}
	}
	return name
}

// Of is the packing of a file, by its first bytes; nil if it has none of these.
func Of(start []byte) *Packing {
	for _, p := range Packings() {
		if bytes.HasPrefix(start, p.magic) {
			return &p
		}
	}
	return nil
}

// A File is a compressed file.
type File struct {
	io.ReaderAt
	Size int64 // of what is compressed
	Name string
}

// Options bound the unpacking.
type Options struct {
	// Limit is how many bytes may come out; 0 is Usual.
	Limit   int64
	Threads int // to use
	// Scratch makes a file for what is too large for memory. It is read at the end,
	// too, and it is the caller who closes it.
	Scratch func() (*os.File, error)
}

// Usual is how much may come out of a file of a size. It bounds what a small file
// that is made for it can fill a disk with: data are seldom compressed to a
// hundredth.
func Usual(size int64) int64 {
	const least, times = 1 << 30, 100
	return max(least, size*times)
}

// TooMuch is the error of data out of whose size in bytes more than a limit come.
func TooMuch(name string, limit, size int64) error {
	return diag.WithHint(fmt.Errorf("%s: more than %d bytes come out of its %d bytes", name, limit, size),
		"if that is right, set unpack_limit, for example unpack_limit: 20GB")
}

// inMemory is how much is kept in memory.
const inMemory = 4 << 20

// Unpack gives what a file holds, and its size.
func (p *Packing) Unpack(ctx context.Context, f *File, o Options) (io.ReaderAt, int64, error) {
	limit := o.Limit
	if limit == 0 {
		limit = Usual(f.Size)
	}
	count := &counter{r: infile.Reader(ctx, io.NewSectionReader(f, 0, f.Size))}
	packed := bufio.NewReaderSize(count, 256<<10)
	out := &output{limit: limit, scratch: o.Scratch}
	err := p.unpackTo(out, packed, o.Threads)
	at := count.n - int64(packed.Buffered())
	switch {
	case err == nil:
		return out.whole()
	case ctx.Err() != nil:
		return nil, 0, context.Cause(ctx)
	case errors.Is(err, errLimit):
		return nil, 0, TooMuch(f.Name, limit, f.Size)
	case out.err != nil:
		return nil, 0, fmt.Errorf("unpacking %s: %w", f.Name, out.err)
	case count.err != nil:
		return nil, 0, fmt.Errorf("%s: %w", f.Name, count.err)
	case errors.Is(err, errBehind):
		return nil, 0, diag.WithHint(fmt.Errorf("%s: from byte %d on it holds what is no %s data: %q", f.Name, at+1, p.Name, peek(packed)),
			fmt.Sprintf("something was added to it: copy or download it again, or keep what is before: head -c %d", at))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, 0, diag.WithHint(fmt.Errorf("%s: the %s data end too early, at byte %d", f.Name, p.Name, f.Size),
			"the file is a part of what it should be: copy or download it again")
	}
	return nil, 0, diag.WithHint(fmt.Errorf("%s: the %s data are wrong at byte %d or shortly before: %w", f.Name, p.Name, at, err),
		"the file is damaged, or something was added to it: copy or download it again")
}

func (p *Packing) unpackTo(out *output, packed *bufio.Reader, threads int) error {
	r, err := p.unpack(packed, threads)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return err
}

// A counter counts what is read, and keeps what fails other than by the end.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

var errLimit = errors.New("too much")

// An output takes what comes out, in memory as long as it is little.
type output struct {
	limit   int64
	scratch func() (*os.File, error)
	size    int64
	mem     []byte
	file    *os.File // nil as long as all is in memory
	err     error    // of writing
}

func (o *output) Write(p []byte) (int, error) {
	if o.size+int64(len(p)) > o.limit {
		return 0, errLimit
	}
	o.size += int64(len(p))
	if o.file == nil && o.size <= inMemory {
		o.mem = append(o.mem, p...)
		return len(p), nil
	}
	if o.file == nil {
		if o.file, o.err = o.scratch(); o.err != nil {
			return 0, o.err
		}
		if _, o.err = o.file.Write(o.mem); o.err != nil {
			return 0, o.err
		}
		o.mem = nil
	}
	n, err := o.file.Write(p)
	o.err = err
	return n, err
}

func (o *output) whole() (io.ReaderAt, int64, error) {
	if o.file == nil {
		return bytes.NewReader(o.mem), o.size, nil
	}
	return o.file, o.size, nil
}
