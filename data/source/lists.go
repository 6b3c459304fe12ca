package source

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/table"
	"pipe/data/tensor"
)

// A listing finds out whether the lists of a column, which may have any length, have
// the same one in all rows.
type listing struct {
	of     tensor.Type
	width  int  // tensor.Ragged as long as they may have any
	closed bool // nothing is to be found out any more

	gaps int64 // lists that are missing
	gap  int64 // the first such row, from 1
	text bool  // the column is text for them

	rows  bool // there were some
	first int  // length of the first
	same  bool // all have it so far
}

// newListing is nil for what is no column of lists of any length.
func newListing(f arrow.Field, loose []string) *listing {
	of, shape, ok := table.ShapeOf(f)
	if !ok || shape[0] != tensor.Ragged {
		return nil
	}
	return &listing{of: of, width: tensor.Ragged, closed: slices.Contains(loose, f.Name)}
}

func (l *listing) typ() arrow.DataType {
	if l.text {
		return arrow.BinaryTypes.String
	}
	return table.ListType(l.of, l.width)
}

func (l *listing) begin() { l.rows, l.first, l.same, l.gaps, l.gap = false, 0, true, 0, 0 }

// even says whether all rows have a length that the column could have.
func (l *listing) even() bool { return l.rows && l.same && table.CheckList(l.of, l.first) == nil }

// look takes in some rows.
func (l *listing) look(a *array.List) {
	offsets := a.Offsets()[a.Data().Offset():][:a.Len()+1]
	for i := range a.Len() {
		n := int(offsets[i+1] - offsets[i])
		if !l.rows {
			l.rows, l.first = true, n
		}
		l.same = l.same && n == l.first
	}
}

// apply makes lists of the length that the column has, if it has one. Rows come before
// those of the array.
func (l *listing) apply(arr arrow.Array, rows int64) (arrow.Array, error) {
	for row := 0; row < arr.Len() && arr.NullN() > 0; row++ {
		if arr.IsNull(row) {
			if l.gaps++; l.gaps == 1 {
				l.gap = rows + int64(row) + 1
			}
		}
	}
	if l.text {
		return table.ListTexts(arr), nil
	}
	if l.gaps > 0 {
		return nil, errMisfit
	}
	a, ok := arr.(*array.List)
	if ok && !l.closed || l.width != tensor.Ragged {
		l.look(a)
	}
	switch {
	case l.width == tensor.Ragged:
		arr.Retain()
		return arr, nil
	case !l.same || l.first != l.width:
		return nil, errMisfit
	}
	return table.FixedLists(a, l.width), nil
}

// decide settles the length when all rows were looked at.
func (l *listing) decide() {
	if l.text = l.text || l.gaps > 0; l.text {
		return
	}
	if !l.rows || l.closed && l.width == tensor.Ragged {
		return
	}
	width := tensor.Ragged
	if l.even() {
		width = l.first
	}
	if l.width != tensor.Ragged {
		l.closed = true // it was a guess, and is none any more
	}
	l.width = width
}

// even says whether a column of lists has to be read again, with a length.
func (s *stream) even() bool {
	return slices.ContainsFunc(s.lists, func(l *listing) bool { return l != nil && !l.closed && l.width == tensor.Ragged && l.even() })
}

// Peek implements Typed.
func (s *stream) Peek() error {
	if !slices.ContainsFunc(s.lists, func(l *listing) bool { return l != nil && !l.closed }) {
		return nil
	}
	s.begin()
	// What is wrong there is found again, with its row.
	_ = s.read(func(columns ...arrow.Array) bool {
		for i, at := range s.keep {
			if a, ok := columns[at].(*array.List); ok && s.lists[i] != nil {
				s.lists[i].look(a)
			}
		}
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
		return false
	})
	for _, l := range s.lists {
		if l == nil || l.closed {
			continue
		}
		l.decide()
		l.closed = l.width == tensor.Ragged // of different lengths already
	}
	s.describe()
	return nil
}
