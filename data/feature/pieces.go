package feature

import (
	"iter"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// pieceBytes is about the size of what is worked on at a time. It stays in the
// cache of a processor, where what is set one by one and far from each other, as
// the features of a column are, costs little; and it bounds what many goroutines
// hold, however wide a row becomes.
const pieceBytes = 1 << 19

// A piece is some rows of a table.
type piece struct {
	rec  arrow.Record // for whoever gets it to release
	base int64        // row of the table that it begins with
}

// pieces reads a table in pieces of rows that are to become so many bytes each.
// Where it is cut depends on the table alone.
func pieces(r *table.Reader, bytes int) iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		n := int64(max(1, pieceBytes/max(1, bytes)))
		var base int64
		for rec, err := range r.Batches() {
			if err != nil {
				yield(piece{}, err)
				return
			}
			for from := int64(0); from < rec.NumRows(); from += n {
				to := min(from+n, rec.NumRows())
				if !yield(piece{rec.NewSlice(from, to), base + from}, nil) {
					return
				}
			}
			base += rec.NumRows()
		}
	}
}
