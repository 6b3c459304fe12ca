package csv

import (
	"bytes"

	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// A sample is the beginning of a file, and pieces all over it, up to its end: a
// value that is rare is not only at the beginning, and a file that is sorted has
// others at its end. No output depends on it.
const (
	sampleShare  = 32 // of them are a file, if it has a few megabytes
	sampleFirst  = 4  // of them are a block
	samplePieces = 16 // beside the first
	samplePart   = 32 // of them are a block
	sampleTries  = 4  // to find where a record begins in a piece
)

// guessed is a plan by a sample.
func (r *reading) guessed() (*cell.Plan, error) {
	var s survey
	s.clear(len(r.names))
	var p parser
	sp := r.splitter()
	share := max(r.file.Size/sampleShare, int64(r.block)/sampleShare)
	sp.Size = int(max(1, min(share, int64(r.block)/sampleFirst)))
	b, err := sp.Next(nil)
	if err != nil {
		return nil, err
	}
	p.parse(r, b, false)
	s.add(&p.found)
	rest := r.file.Size - sp.Offset
	size := max(1, min(share, int64(r.block))/samplePart)
	n := min(samplePieces, (rest+size-1)/size)
	buf := b.Data[:cap(b.Data)]
	for i := range n {
		end := sp.Offset + rest*(i+1)/n
		if err := r.samplePiece(&s, &p, max(sp.Offset, end-size), end, buf); err != nil {
			return nil, err
		}
	}
	return r.seen(&s), nil
}

// samplePiece looks at a piece of the file, which may begin anywhere in a record:
// also in a text in quotes, in which a line may begin that looks like a record. So
// it has to be one of the file without any problem.
func (r *reading) samplePiece(s *survey, p *parser, at, end int64, buf []byte) error {
	if int64(len(buf)) < end-at {
		buf = make([]byte, end-at)
	}
	data := buf[:end-at]
	if err := r.file.ReadFull(data, at); err != nil {
		return err
	}
	ends := "\n"
	if r.returns {
		ends = "\r\n"
	}
	sp := r.splitter()
	for range sampleTries {
		i := bytes.IndexAny(data, ends) + 1
		if i == 0 || i == len(data) {
			return nil
		}
		data = data[i:]
		whole := data
		if end < r.file.Size {
			whole = sp.Whole(data)
		}
		p.parse(r, block.Block{Data: whole}, false)
		if p.found.None() {
			s.add(&p.found)
			return nil
		}
	}
	return nil
}
