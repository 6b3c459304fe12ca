package order

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
)

const (
	usualPiece = 1 << 20 // most keys that Each looks at in one go
	leastPiece = 1 << 16 // what stays in the cache of a core is sorted faster
	fewPieces  = 32      // each costs a search in all runs
	atOnce     = 128     // keys of a run in a file that are read together
	smallRun   = 1 << 14 // shorter ones are put together before they go to the file
)

// A Store holds the numbers of columns: in memory up to a bound, what is beyond it in
// a file.
type Store struct {
	scratch func() (string, error)
	memory  int64
	piece   int64
	held    int64 // bytes of all columns in memory
	columns []*Column
	file    *os.File
	size    int64
	sorter  Sorter
	buf     []byte
}

// NewStore makes a store that holds so many bytes in memory. Its file, should it need
// one, is in the folder that scratch gives; nil is the one that the system has for
// such files.
func NewStore(memory int64, scratch func() (string, error)) *Store {
	if scratch == nil {
		scratch = func() (string, error) { return "", nil }
	}
	return &Store{scratch: scratch, memory: memory, piece: usualPiece}
}

// NewColumn makes a column without numbers.
func (s *Store) NewColumn() *Column {
	c := &Column{store: s}
	s.columns = append(s.columns, c)
	return c
}

// Close removes the file. Columns are of no use any more.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// A stored run is in memory, or in the file.
type stored struct {
	n           int64
	first, last uint64
	keys        Run      // nil: in the file
	file        *os.File // likewise
	offset      int64
}

// pieceOf is how many of n keys are looked at in one go.
func (s *Store) pieceOf(n int64) int64 { return min(s.piece, max(leastPiece, n/fewPieces)) }

// shrink has memory hold no more than its bound. The columns that have most there go
// to the file, so that what goes there is long: of a thousand columns a batch has a few
// hundred rows, and each run costs a search, and memory of its own.
func (s *Store) shrink() error {
	for s.held > s.memory {
		if err := s.spill(slices.MaxFunc(s.columns, func(a, b *Column) int { return cmp.Compare(a.held, b.held) })); err != nil {
			return err
		}
	}
	return nil
}

// spill puts the runs of a column that are in memory into the file.
func (s *Store) spill(c *Column) error {
	inFile := slices.IndexFunc(c.runs, func(r stored) bool { return r.keys != nil })
	held := slices.Clone(c.runs[inFile:])
	c.runs = c.runs[:inFile]
	for len(held) > 0 {
		n, keys := 0, int64(0)
		for n < len(held) && (n == 0 || keys+held[n].n <= smallRun) {
			keys += held[n].n
			n++
		}
		run := held[0].keys
		if n > 1 {
			all := s.sorter.room(int(keys))
			for _, r := range held[:n] {
				all = append(all, r.keys...)
			}
			run = s.sorter.SortKeys(all)
		}
		r, err := s.write(run)
		if err != nil {
			return err
		}
		c.runs, held = append(c.runs, r), held[n:]
	}
	s.held -= c.held
	c.held = 0
	return nil
}

// write puts a run into the file.
func (s *Store) write(r Run) (stored, error) {
	run := stored{n: int64(len(r)), first: r[0], last: r[len(r)-1]}
	if s.file == nil {
		dir, err := s.scratch()
		if err != nil {
			return run, err
		}
		if s.file, err = os.CreateTemp(dir, "order"); err != nil {
			return run, fmt.Errorf("put numbers aside: %w", err)
		}
	}
	s.buf = slices.Grow(s.buf[:0], 8*len(r))[:8*len(r)]
	for i, k := range r {
		binary.LittleEndian.PutUint64(s.buf[8*i:], k)
	}
	if _, err := s.file.WriteAt(s.buf, s.size); err != nil {
		return run, fmt.Errorf("put numbers aside: %w", err)
	}
	run.file, run.offset = s.file, s.size
	s.size += int64(len(s.buf))
	return run, nil
}

// read gets the keys of a run in the file from one on.
func (r *stored) read(keys []uint64, from int64) error {
	buf := make([]byte, 8*len(keys))
	if _, err := r.file.ReadAt(buf, r.offset+8*from); err != nil {
		return fmt.Errorf("read numbers that were put aside: %w", err)
	}
	for i := range keys {
		keys[i] = binary.LittleEndian.Uint64(buf[8*i:])
	}
	return nil
}
