package feature

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"pipe/data/token"
)

// maxPieces bounds a vocabulary of words or other pieces of texts, far above what
// helps.
const maxPieces = 1 << 20

// document is the text of a row for those that cut it into pieces: one that is
// missing has none.
func (v *Values) document(row int) string {
	text, _ := v.Text(row)
	return text
}

// A looker is a Passer that is given the rows twice: to Look first, by many
// goroutines at a time, whose result Took gets in the order of the rows.
type looker interface {
	Passer
	Look(v *Values) any
	Took(seen any) error
}

// counting counts the pieces of a column of texts in one pass.
type counting struct {
	in      *Input
	counter *token.Counter
	passed  bool
	each    func() func(text string, piece func([]byte)) // for one goroutine

	adding  sync.Mutex // of the counter
	tallies sync.Pool
}

// maxTally is about how many different pieces are counted beside each other before
// they are added up.
const maxTally = 1 << 14

func (in *Input) counting(each func() func(string, func([]byte))) *counting {
	c := &counting{in: in, counter: in.scratch.counter(), each: each}
	c.tallies.New = func() any { return token.NewTally() }
	return c
}

// Again implements Passer.
func (c *counting) Again() bool {
	again := !c.passed
	c.passed = true
	return again
}

// Add implements Passer.
func (c *counting) Add(v *Values) error { return c.Took(c.Look(v)) }

// Look implements looker.
func (c *counting) Look(v *Values) any {
	t, each := c.tallies.Get().(*token.Tally), c.each()
	defer c.tallies.Put(t)
	for row := range v.Len() {
		t.Text()
		if each(v.document(row), t.Add); t.Len() < maxTally {
			continue
		}
		if err := c.add(t); err != nil {
			return err
		}
	}
	return c.add(t)
}

// add adds up what was counted. Sums of counts do not depend on their order.
func (c *counting) add(t *token.Tally) error {
	c.adding.Lock()
	defer c.adding.Unlock()
	return c.counter.Take(t)
}

// Took implements looker.
func (c *counting) Took(seen any) error {
	err, _ := seen.(error)
	return err
}

// choose lists what was counted and gives the memory back.
func (c *counting) choose(kind, limit string, how token.Choice) ([]token.Piece, error) {
	how.Limit = maxPieces
	pieces, err := c.counter.Choose(how)
	err = errors.Join(err, c.counter.Close())
	var many *token.TooManyError
	if errors.As(err, &many) {
		return nil, c.in.Errorf("chain", fmt.Sprintf("write `%s: {%s: 20000}`", kind, limit), "there are more than %d different pieces of text", many.Limit)
	}
	return pieces, err
}

// scratch is what learning from texts writes to files that are removed again.
type scratch struct {
	folder func() (string, error)
	all    []io.Closer
	held   int64 // bytes of numbers in memory
}

// largeGroup is how many numbers of groups are in memory; a group with more of its own is
// sorted by itself.
func (s *scratch) largeGroup() int { return int(s.held / 16) }

func (s *scratch) counter() *token.Counter {
	c := token.NewCounter(s.folder)
	s.all = append(s.all, c)
	return c
}

func (s *scratch) close() {
	for _, c := range s.all {
		_ = c.Close() // a file that nobody needs any more
	}
}
