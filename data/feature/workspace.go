package feature

import "github.com/apache/arrow-go/v18/arrow"

// A workspace is the memory that a goroutine works in.
type workspace struct {
	values Values // of the column at hand
	out    Out    // likewise
	batch  batch  // that it is of

	features []float32 // of a column some of which are not selected
}

// applied is what became of some rows.
type applied struct {
	in, out arrow.RecordBatch
	vectors []float32 // in out
	met     *met
}

func (a *applier) release(p *applied) {
	p.in.Release()
	p.out.Release()
	if a.lends {
		a.lent.Put(&p.vectors)
	}
}

// room is memory for the features of the rows of a record, all of them 0.
func (a *applier) room(rec arrow.RecordBatch) []float32 {
	n := int(rec.NumRows()) * a.width()
	if lent, ok := a.lent.Get().(*[]float32); ok && cap(*lent) >= n {
		vectors := (*lent)[:n]
		clear(vectors)
		return vectors
	}
	return make([]float32, n)
}
