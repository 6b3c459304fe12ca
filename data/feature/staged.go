package feature

import (
	"errors"
	"iter"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// A pair is some rows of a table, and what became of them in steps that look at several
// rows; nil if there are no such.
type pair struct {
	table.Piece
	staged arrow.RecordBatch
}

func (p *pair) release() {
	p.Rows.Release()
	if p.staged != nil {
		p.staged.Release()
	}
}

// alone are pieces of rows that went through no such steps.
func alone(pieces iter.Seq2[table.Piece, error]) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		for p, err := range pieces {
			if !yield(pair{Piece: p}, err) {
				return
			}
		}
	}
}

// together are pieces of two tables that have as many rows, which may be cut elsewhere.
func together(rows, staged iter.Seq2[table.Piece, error]) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		next, stop := iter.Pull2(staged)
		defer stop()
		var made arrow.RecordBatch
		var at int64 // rows of it that are gone
		defer func() {
			if made != nil {
				made.Release()
			}
		}()
		for p, err := range rows {
			if err != nil {
				yield(pair{}, err)
				return
			}
			for from := int64(0); from < p.Rows.NumRows(); {
				if made == nil || at == made.NumRows() {
					if made != nil {
						made.Release()
						made = nil
					}
					s, err, ok := next()
					if err == nil && !ok {
						err = errors.New("rows that were put aside are not there any more")
					}
					if err != nil {
						p.Rows.Release()
						yield(pair{}, err)
						return
					}
					made, at = s.Rows, 0
				}
				n := min(p.Rows.NumRows()-from, made.NumRows()-at)
				one := pair{table.Piece{Rows: p.Rows.NewSlice(from, from+n), At: p.At + from}, made.NewSlice(at, at+n)}
				from, at = from+n, at+n
				if !yield(one, nil) {
					p.Rows.Release()
					return
				}
			}
			p.Rows.Release()
		}
	}
}

// without gives rows, nil for all, without those that are gone.
func without(rows []int, gone []bool) []int {
	left := make([]int, 0, len(gone))
	for i, is := range gone {
		if !is {
			left = append(left, i)
		}
	}
	if rows == nil {
		return left
	}
	return slices.DeleteFunc(rows, func(row int) bool { return gone[row] })
}
