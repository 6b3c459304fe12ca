package table

import (
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
)

// A Piece is some rows of a table.
type Piece struct {
	Rows arrow.RecordBatch // for whoever gets it to release
	At   int64             // row of the table that it begins with
}

// pieceBytes is about the most memory that a piece lies over, unless a row does, so
// that however long texts are, many goroutines hold few batches.
const pieceBytes = 4 << 20

// Pieces reads a table in order, in pieces of at most n rows and some bytes. Where it
// is cut depends on the table alone.
func (r *Reader) Pieces(n int64) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		var base int64
		for rec, err := range r.Batches() {
			if err != nil {
				yield(Piece{}, err)
				return
			}
			step := min(n, max(1, rec.NumRows()*pieceBytes/max(1, Bytes(rec))))
			for from := int64(0); from < rec.NumRows(); from += step {
				to := min(from+step, rec.NumRows())
				if !yield(Piece{rec.NewSlice(from, to), base + from}, nil) {
					return
				}
			}
			base += rec.NumRows()
		}
	}
}
