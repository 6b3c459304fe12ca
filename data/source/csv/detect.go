package csv

import (
	"bytes"
	"fmt"

	"pipe/base/diag"
	"pipe/data/source/block"
)

// sampled is how much of a file is looked at to find out what its dialect is.
const sampled = 64 << 10

// detect finds out what the settings leave open, from the beginning of the file,
// and where its first record is.
func (r *reading) detect(in *Reader) error {
	sample, err := r.sample()
	if err != nil {
		return err
	}
	if in.Skip > 0 {
		i := bytes.IndexAny(sample, "\r\n")
		returns := r.returns || in.LineEnds == "auto" && i >= 0 && !bytes.HasPrefix(sample[i:], []byte("\r\n")) && sample[i] == '\r'
		if err := r.skip(in.Skip, returns); err != nil {
			return err
		}
		if sample, err = r.sample(); err != nil {
			return err
		}
	}
	if in.LineEnds == "auto" {
		r.returns = r.endsInReturns(sample)
	}
	return nil
}

// sample is the beginning of what is to be read.
func (r *reading) sample() ([]byte, error) {
	sample := make([]byte, min(sampled, r.file.Size-r.offset))
	return sample, r.file.ReadFull(sample, r.offset)
}

// skip moves behind a number of lines.
func (r *reading) skip(lines int, returns bool) error {
	d := dialect{returns: returns, quote: -1, escape: -1, comment: -1}
	for int(r.lines) < lines {
		buf, err := r.sample()
		if err != nil {
			return err
		}
		if len(buf) == 0 {
			return diag.WithHint(fmt.Errorf("%s has %d lines, of which skip: %d leaves none", r.file.Name, r.lines, lines), "skip fewer lines")
		}
		rs := records{dialect: d, data: buf, open: r.offset+int64(len(buf)) < r.file.Size}
		for int(r.lines) < lines && rs.pos < len(buf) && rs.skipLine() {
			r.lines++
		}
		if rs.pos == 0 { // a line longer than the buffer, but for a return at its end
			rs.pos = max(1, len(buf)-1)
		}
		r.offset += int64(rs.pos)
	}
	return nil
}

// endsInReturns says whether all lines of a sample end in a carriage return
// alone. It is not found out where the sample has no whole record.
func (r *reading) endsInReturns(sample []byte) bool {
	if !hasLoneCR(sample) {
		return false
	}
	rs := records{dialect: r.dialect}
	rs.returns, rs.blank, rs.open = true, true, r.offset+int64(len(sample)) < r.file.Size
	rs.reset(block.Block{Data: sample})
	ends := false
	for rs.next() {
		if rs.data[rs.pos-1] == '\n' {
			return false
		}
		ends = ends || rs.data[rs.pos-1] == '\r'
	}
	return ends
}
