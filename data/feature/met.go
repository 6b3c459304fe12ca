package feature

import (
	"slices"

	"pipe/data/replay"
)

// Counts say what Apply met.
type Counts struct {
	Rows    int64   // that came out
	Dropped int64   // that had no target
	Gone    int64   // that training would have left out
	Imputed []Count // by column, in the order of the specification, without zeros
	Unseen  []Count // categories that were not there in training, likewise
	Rounded []Count // integers that are features as they are and that float32 cannot hold, likewise

	Replayed replay.Met // while rows went through the steps of training

	Problems []ProblemCount // of ApplyRows, by column and the row of the first
}

// A Count is a number of values of a column.
type Count struct {
	Column string
	N      int64
}

// A ProblemCount is a number of rows that have the same kind of problem.
type ProblemCount struct {
	N     int64
	First *ValueError // whose row counts in the table
}

// met is what was met in some rows, piece by piece or in a whole table.
type met struct {
	rows, dropped int64
	gone          int64
	columns       []metColumn
	replayed      replay.Met
	problems      *problems      // nil: the first one is an error
	refused       map[int64]bool // rows that could not go through the steps

	again  *again          // nil: nothing was read again
	unread map[unread]bool // what could not be
}

// unread is a value of a column that was read again.
type unread struct {
	column int // of again
	row    int64
}

// metColumn is how many values of a column there were of those that are counted.
type metColumn struct{ imputed, unseen, rounded int64 }

func (a *applier) newMet() *met {
	m := &met{columns: make([]metColumn, len(a.columns)), again: a.again}
	if a.tolerant {
		m.problems = newProblems(len(a.columns) + a.again.len() + 1)
	}
	return m
}

// add counts what a column met in n rows. The first value that it failed at is an
// error, or all are problems of their rows.
func (m *met) add(column, n int, out *Out, rounded int64) error {
	for _, err := range out.fails {
		if m.refused[err.Row] {
			continue // which was said
		}
		if m.problems == nil {
			return err
		}
		if !m.follows(column, err.Row) {
			m.problems.add(column, n, err)
		}
	}
	c := &m.columns[column]
	c.imputed += out.Imputed
	c.unseen += out.Unseen
	c.rounded += rounded
	return nil
}

// unreadable notes that a value of a column that was read again, one of n rows, is none of
// its type. It is an error, or a problem of its row.
func (m *met) unreadable(column, n int, err *ValueError) error {
	if m.problems == nil {
		return err
	}
	m.problems.add(len(m.columns)+column, n, err)
	if m.unread == nil {
		m.unread = map[unread]bool{}
	}
	m.unread[unread{column, err.Row}] = true
	return nil
}

// follows says whether a problem of a column of the transform follows from one that is
// known, of what the column is made of.
func (m *met) follows(column int, row int64) bool {
	if len(m.unread) == 0 {
		return false
	}
	return slices.ContainsFunc(m.again.needed[column], func(of int) bool { return m.unread[unread{of, row}] })
}

// take takes over what rows met that went through the steps.
func (m *met) take(replayed *replay.Met, n int) error {
	m.replayed = *replayed
	for _, p := range replayed.Problems {
		err := &ValueError{Column: p.Column, Row: p.Row, Reason: Reason(p.Reason), Msg: p.Msg, Fix: p.Fix}
		if m.problems == nil {
			return err
		}
		if m.refused == nil {
			m.refused = map[int64]bool{}
		}
		if known := m.problems.rows; known == nil || known[p.Row] == "" {
			m.problems.add(len(m.problems.kinds)-1, n, err)
		}
		m.refused[p.Row] = true
	}
	return nil
}

// merge adds what was met in the next rows, which begin at row base of the table.
func (m *met) merge(next *met, base int64) {
	m.rows += next.rows
	m.dropped += next.dropped
	m.gone += next.gone
	m.replayed.Merge(&next.replayed, base)
	for i, c := range next.columns {
		m.columns[i].imputed += c.imputed
		m.columns[i].unseen += c.unseen
		m.columns[i].rounded += c.rounded
	}
	if m.problems != nil {
		m.problems.merge(next.problems, base)
	}
}

// texts are the problems by row, nil if there are none.
func (m *met) texts() []string {
	if m.problems == nil {
		return nil
	}
	return m.problems.rows
}

// counts sums up what was met in a table.
func (a *applier) counts(m *met) Counts {
	c := Counts{Rows: m.rows, Dropped: m.dropped, Gone: m.gone, Replayed: m.replayed}
	if m.problems != nil {
		c.Problems = m.problems.counts()
	}
	add := func(to *[]Count, column string, n int64) {
		if n > 0 {
			*to = append(*to, Count{column, n})
		}
	}
	for i, column := range a.Transform.columns {
		add(&c.Imputed, column.Name, m.columns[i].imputed)
		add(&c.Unseen, column.Name, m.columns[i].unseen)
		add(&c.Rounded, column.Name, m.columns[i].rounded)
	}
	return c
}
