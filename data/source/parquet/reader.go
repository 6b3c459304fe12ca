// Package parquet reads Parquet files: columns in pages, which are unpacked and
// decoded in parallel, in memory that does not grow with the row groups. It trusts
// nothing that a file says of itself.
package parquet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "parquet",
		Version: 1,
		Title:   "Parquet",
		Doc: `Columns have the types that the file says, and only those are read that the table keeps. Dictionaries become what they
stand for, and bytes are text in UTF-8. Lists of numbers are lists in a table, of a fixed length if all rows have the same. Other lists,
maps and structs are an error unless select leaves them out.`,
		Endings: []string{".parquet", ".pq", ".parq"},
		Detect:  func(start []byte) bool { return strings.HasPrefix(string(start), magic) },
		Typed:   true,
		New:     func() source.Reader { return new(Reader) },
	}
}

// Reader reads a Parquet file. It has no settings.
type Reader struct{}

// Open reads the footer.
func (*Reader) Open(ctx context.Context, in source.Inputs) (source.Rows, error) {
	file, err := in.One()
	if err != nil {
		return nil, err
	}
	if file.Size > 0 {
		start, err := file.Begin()
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(string(start), magic) && !strings.HasPrefix(string(start), magicEncrypted) {
			if err := source.NotOf("Parquet", file.Name, start); err != nil {
				return nil, err
			}
		}
	}
	meta, err := readFooter(file)
	if err != nil {
		return nil, err
	}
	leaves, err := meta.columns()
	if err != nil {
		return nil, wrap(file.Name, err)
	}
	fields := make([]arrow.Field, len(leaves))
	for i, l := range leaves {
		fields[i] = arrow.Field{Name: l.name, Type: l.typ(), Nullable: true}
		if l.local {
			fields[i].Metadata = source.Local()
		}
	}
	schema := arrow.NewSchema(fields, nil)
	keep, err := in.Keep(file.Name, schema)
	if err != nil {
		return nil, err
	}
	for _, i := range keep {
		if err := leaves[i].err; err != nil {
			return nil, wrap(fmt.Sprintf("%s: column %q", file.Name, leaves[i].name), err)
		}
		if l := leaves[i].list; l != nil {
			l.gaps = len(in.Contract.Expected) > 0
		}
	}
	if err := in.Unpacked(file.Name, leastBytes(meta.groups, leaves, keep)); err != nil {
		return nil, err
	}
	f := &reading{file: file, groups: meta.groups, leaves: leaves, keep: keep, threads: max(1, in.Threads), inputs: &in}
	rows, err := source.Stream(&in, file.Name, schema, func(yield func(columns ...arrow.Array) bool) error { return f.read(ctx, yield) })
	if err != nil {
		return nil, err
	}
	return &opened{rows, f, meta.told}, rows.Peek()
}

// leastBytes are those that the rows take which the footer promises, without their texts
// and the elements of lists.
func leastBytes(groups []group, leaves []*leaf, keep []int) int64 {
	const offset = 4
	var rows, bytes float64
	for i := range groups {
		rows += float64(groups[i].rows)
	}
	for _, i := range keep {
		if l := leaves[i]; l.list == nil && l.cast.size > 0 {
			bytes += rows * float64(l.cast.size)
		} else {
			bytes += rows * offset
		}
	}
	return int64(min(bytes, math.MaxInt64/2))
}

// An opened file knows what was lost.
type opened struct {
	source.Typed
	f    *reading
	told map[string]string
}

// Told implements source.Teller.
func (o *opened) Told() (map[string]string, bool) { return o.told, true }

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
	for _, i := range o.f.keep {
		if l := o.f.leaves[i].list; l != nil && l.lost.Load() > 0 {
			log.Warn(fmt.Sprintf("column %q: %d of its values: %s", o.f.leaves[i].name, l.lost.Load(), table.ListLoss), "file", o.f.file.Name)
		}
	}
}

// wrap says where an error is, and keeps its hint.
func wrap(where string, err error) error { return fmt.Errorf("%s: %w", where, err) }

// A reading is what is known of a file that is being read.
type reading struct {
	file    *source.File
	groups  []group
	leaves  []*leaf
	keep    []int
	threads int
	inputs  *source.Inputs
	scratch sync.Pool      // of *[]byte: compressed pages and dictionaries
	memory  []chan *memory // of each column that is kept, where no cursor uses it
}

const (
	// inMemory bounds the bytes of the pieces that are there at a time: of each
	// column three, one that is made, one that is waiting and one that is used.
	inMemory  = 96 << 20
	alive     = 3
	mostRows  = 65536
	fewRows   = 512
	mostText  = 4 << 20
	leastText = 16 << 10
	usualText = 16 // bytes of a text
)

// limits says how large the pieces of all columns are.
func (r *reading) limits(groups int) limit {
	width, texts := 0, 0
	for _, i := range r.keep {
		if l := r.leaves[i]; l.cast.size > 0 && l.list == nil {
			width += l.cast.size
		} else {
			width += usualText
			texts++
		}
	}
	most := inMemory / alive / groups
	return limit{
		rows: min(mostRows, max(fewRows, most/max(1, width)/64*64)),
		text: min(mostText, max(leastText, most/max(1, texts))),
	}
}

// A made piece is on its way from where it was decoded to where it is used.
type made struct {
	array    arrow.Array
	piece    *piece  // whose memory it is
	memory   *memory // where that goes when it is used
	err      error
	panicked any
}

// read yields all rows. Each column of a row group is decoded in a goroutine of its
// own, of which as many run as there are threads, and the rows of all columns are
// put together in their order.
func (r *reading) read(ctx context.Context, yield func(columns ...arrow.Array) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	ahead := 1 + (r.threads-1)/max(1, len(r.keep)) // row groups that are decoded at a time
	most := r.limits(ahead)
	r.memory = make([]chan *memory, len(r.keep))
	for k := range r.memory {
		r.memory[k] = make(chan *memory, ahead)
		for range ahead {
			r.memory[k] <- newMemory()
		}
	}
	for _, i := range r.keep {
		if l := r.leaves[i].list; l != nil {
			l.lost.Store(0)
		}
	}
	slots := make(chan struct{}, r.threads)
	var columns [][]chan made // of each group that is under way
	next, done, total := 0, int64(0), int64(0)
	for i := range r.groups {
		total += r.groups[i].rows
	}
	for g := range r.groups {
		for ; next < len(r.groups) && next < g+ahead; next++ {
			columns = append(columns, r.start(ctx, &running, slots, next, most))
		}
		if err := r.together(ctx, g, columns[0], func(rows int, arrays []arrow.Array) bool {
			done += int64(rows)
			r.inputs.Advance(done, total)
			return yield(arrays...)
		}); err != nil {
			if err == errEnough {
				return nil
			}
			return err
		}
		columns = columns[1:]
	}
	return nil
}

var errEnough = errors.New("no more rows are wanted")

// start decodes the columns of a row group.
func (r *reading) start(ctx context.Context, running *sync.WaitGroup, slots chan struct{}, g int, most limit) []chan made {
	columns := make([]chan made, len(r.keep))
	for k, i := range r.keep {
		out := make(chan made, 1)
		columns[k] = out
		running.Go(func() {
			defer close(out)
			send := func(m made) bool {
				select {
				case out <- m:
					return m.err == nil
				case <-ctx.Done():
					return false
				}
			}
			defer func() {
				if v := recover(); v != nil {
					send(made{panicked: fmt.Sprintf("%v\n%s", v, debug.Stack())})
				}
			}()
			m := <-r.memory[k]
			defer func() { r.memory[k] <- m }()
			c, err := newCursor(r.file, r.leaves[i], &r.groups[g], m, &r.scratch)
			if err != nil {
				send(made{err: err})
				return
			}
			defer c.close()
			for {
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				p, arr, err := func() (*piece, arrow.Array, error) {
					defer func() { <-slots }()
					return c.next(ctx, most)
				}()
				if arr == nil && err == nil || !send(made{array: arr, piece: p, memory: m, err: err}) {
					return
				}
			}
		})
	}
	return columns
}

// together yields the rows of a group, of which each column comes in pieces of its
// own.
func (r *reading) together(ctx context.Context, g int, columns []chan made, yield func(rows int, arrays []arrow.Array) bool) error {
	heads := make([]made, len(columns))
	for left := r.groups[g].rows; left > 0; {
		n := left
		for k, c := range columns {
			if heads[k].array == nil {
				var m made
				select {
				case m = <-c:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				if m.panicked != nil {
					panic(m.panicked)
				}
				if m.err != nil {
					where := fmt.Sprintf("%s: row group %d, column %q", r.file.Name, g+1, r.leaves[r.keep[k]].name)
					return wrap(where, m.err)
				}
				heads[k] = m
			}
			n = min(n, int64(heads[k].array.Len()))
		}
		arrays := make([]arrow.Array, len(r.leaves))
		for k, i := range r.keep {
			head := heads[k].array
			if int64(head.Len()) == n {
				arrays[i], heads[k].array = head, nil
				continue
			}
			arrays[i] = array.NewSlice(head, 0, n)
			heads[k].array = array.NewSlice(head, n, int64(head.Len()))
			head.Release()
		}
		left -= n
		if !yield(int(n), arrays) {
			return errEnough
		}
		for _, m := range heads {
			if m.array == nil {
				m.memory.reuse(m.piece)
			}
		}
	}
	return nil
}
