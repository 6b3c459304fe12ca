package token

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// maxHeld bounds the bytes of pieces that a Counter has in memory. What is beyond it
// is in a file.
const maxHeld = 32 << 20

// pieceCost is about what a piece takes beside its bytes.
const pieceCost = 96

// A Count is how often a piece is in all texts together, and in how many.
type Count struct{ Times, Texts int64 }

// A Tally counts the pieces of some texts in memory.
type Tally struct {
	places map[string]int
	names  []string
	counts []counted
	texts  int64
}

type counted struct {
	Count
	last int64 // the number of the text that was counted last
}

// NewTally makes a Tally of no texts.
func NewTally() *Tally { return &Tally{places: map[string]int{}} }

// Text begins the next text.
func (t *Tally) Text() { t.texts++ }

// Add counts a piece of the text.
func (t *Tally) Add(piece []byte) {
	at, ok := t.places[string(piece)]
	if !ok {
		at = len(t.names)
		name := string(piece)
		t.places[name], t.names, t.counts = at, append(t.names, name), append(t.counts, counted{})
	}
	c := &t.counts[at]
	c.Times++
	if c.last != t.texts {
		c.last = t.texts
		c.Texts++
	}
}

// Len is how many different pieces there are.
func (t *Tally) Len() int { return len(t.names) }

// reset forgets all, and keeps the memory.
func (t *Tally) reset() {
	clear(t.places)
	clear(t.names)
	t.names, t.counts, t.texts = t.names[:0], t.counts[:0], 0
}

// A Counter adds up tallies exactly, however many different pieces there are: those
// that are too many for the memory are in a file, sorted, one run behind the other.
type Counter struct {
	Texts int64 // how many there were

	held   int
	bytes  int
	counts map[string]*Count
	file   *os.File
	folder func() (string, error)
	runs   []run
	at     int64
}

// A run is where sorted pieces lie in the file.
type run struct{ from, to int64 }

// NewCounter makes a counter with a place for its file; nil is the folder of the
// system. The file is removed by Close.
func NewCounter(folder func() (string, error)) *Counter {
	return &Counter{held: maxHeld, folder: folder, counts: map[string]*Count{}}
}

// Take adds what a Tally has counted, which it empties. That must be between two texts.
func (c *Counter) Take(t *Tally) error {
	c.Texts += t.texts
	for i, name := range t.names {
		have, ok := c.counts[name]
		if !ok {
			have = new(Count)
			c.counts[name] = have
			c.bytes += len(name) + pieceCost
		}
		have.Times += t.counts[i].Times
		have.Texts += t.counts[i].Texts
	}
	t.reset()
	if c.bytes > c.held {
		return c.spill()
	}
	return nil
}

// spill writes what is in memory as a run.
func (c *Counter) spill() error {
	if c.file == nil {
		folder := os.TempDir()
		var err error
		if c.folder != nil {
			if folder, err = c.folder(); err != nil {
				return err
			}
		}
		if c.file, err = os.CreateTemp(folder, "pieces-*"); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(c.file, 1<<16)
	from := c.at
	var head []byte
	for _, name := range slices.Sorted(maps.Keys(c.counts)) {
		n := c.counts[name]
		head = binary.AppendUvarint(head[:0], uint64(len(name)))
		head = binary.AppendUvarint(head, uint64(n.Times))
		head = binary.AppendUvarint(head, uint64(n.Texts))
		w.Write(head)
		w.WriteString(name)
		c.at += int64(len(head) + len(name))
	}
	c.runs = append(c.runs, run{from, c.at})
	c.bytes = 0
	clear(c.counts)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("count pieces of texts: %w", err)
	}
	return nil
}

// Close removes the file. It may be called more than once.
func (c *Counter) Close() error {
	if c.file == nil {
		return nil
	}
	f := c.file
	c.file = nil
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Each tells of all pieces in the order of their bytes. They must not be kept.
func (c *Counter) Each(f func(piece []byte, n Count) error) error {
	if len(c.runs) == 0 {
		for _, name := range slices.Sorted(maps.Keys(c.counts)) {
			if err := f([]byte(name), *c.counts[name]); err != nil {
				return err
			}
		}
		return nil
	}
	if len(c.counts) > 0 {
		if err := c.spill(); err != nil {
			return err
		}
	}
	var m merge
	for _, r := range c.runs {
		s := &stream{r: bufio.NewReaderSize(io.NewSectionReader(c.file, r.from, r.to-r.from), 1<<15)}
		if more, err := s.next(); err != nil {
			return err
		} else if more {
			m = append(m, s)
		}
	}
	heap.Init(&m)
	var piece []byte
	for len(m) > 0 {
		piece = append(piece[:0], m[0].piece...)
		var n Count
		for len(m) > 0 && bytes.Equal(m[0].piece, piece) {
			s := m[0]
			n.Times += s.n.Times
			n.Texts += s.n.Texts
			more, err := s.next()
			if err != nil {
				return err
			}
			if more {
				heap.Fix(&m, 0)
			} else {
				heap.Pop(&m)
			}
		}
		if err := f(piece, n); err != nil {
			return err
		}
	}
	return nil
}

// A stream is a run as it is read.
type stream struct {
	r     *bufio.Reader
	piece []byte
	n     Count
}

func (s *stream) next() (more bool, err error) {
	size, err := binary.ReadUvarint(s.r)
	if err == io.EOF {
		return false, nil
	}
	var times, texts uint64
	if err == nil {
		times, err = binary.ReadUvarint(s.r)
	}
	if err == nil {
		texts, err = binary.ReadUvarint(s.r)
	}
	if err == nil {
		s.piece = slices.Grow(s.piece[:0], int(size))[:size]
		_, err = io.ReadFull(s.r, s.piece)
	}
	if err != nil {
		return false, fmt.Errorf("count pieces of texts: %w", err)
	}
	s.n = Count{int64(times), int64(texts)}
	return true, nil
}

// merge is a heap of streams by their pieces.
type merge []*stream

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return bytes.Compare(m[i].piece, m[j].piece) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*stream)) }
func (m *merge) Pop() any {
	old := *m
	s := old[len(old)-1]
	*m = old[:len(old)-1]
	return s
}

// A Piece is one with its counts.
type Piece struct {
	Text string
	Count
}

// Choice says which pieces are taken into a vocabulary.
type Choice struct {
	MinTimes int64                  // in all texts together
	Texts    func(texts int64) bool // nil: in any number of texts
	Most     int                    // at most so many, the most frequent ones; 0 is no limit
	Limit    int                    // more are an error
}

// A TooManyError is a vocabulary that is larger than its limit.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string { return fmt.Sprintf("more than %d pieces", e.Limit) }

// Choose lists pieces in the order of their bytes. Of equally frequent ones those
// that come first in that order are taken. The memory is that of what is chosen.
func (c *Counter) Choose(how Choice) ([]Piece, error) {
	var best rarest
	err := c.Each(func(piece []byte, n Count) error {
		if n.Times < how.MinTimes || how.Texts != nil && !how.Texts(n.Texts) {
			return nil
		}
		if how.Most > 0 && len(best) == how.Most {
			if n.Times <= best[0].Times { // what comes later loses among equals
				return nil
			}
			best[0] = Piece{string(piece), n}
			heap.Fix(&best, 0)
			return nil
		}
		if len(best) == how.Limit {
			return &TooManyError{how.Limit}
		}
		if best = append(best, Piece{string(piece), n}); how.Most > 0 {
			heap.Fix(&best, len(best)-1)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(best, func(a, b Piece) int { return cmp.Compare(a.Text, b.Text) })
	return best, nil
}

// rarest is a heap with the piece that is the first to go.
type rarest []Piece

func (r rarest) Len() int { return len(r) }
func (r rarest) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(r[i].Times, r[j].Times), cmp.Compare(r[j].Text, r[i].Text)) < 0
}
func (r rarest) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r *rarest) Push(any)     {}
func (r *rarest) Pop() any     { return nil }
