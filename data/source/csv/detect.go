package csv

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/source/charset"
)

// How much of a file is looked at to find out what its dialect is: more than the
// least, up to the most, if there are fewer than some lines in it.
const (
	sampledLeast = 64 << 10
	sampledMost  = 4 << 20
	sampledLines = 4
)

// detect finds out what the settings leave open, from the beginning of the file,
// and where its first record is.
func (r *reading) detect(in *Reader) error {
	sample, err := r.sample()
	if err != nil {
		return err
	}
	above := r.offset
	if in.Skip > 0 {
		i := bytes.IndexAny(sample, "\r\n")
		returns := r.returns || in.LineEnds == auto && i >= 0 && !bytes.HasPrefix(sample[i:], []byte("\r\n")) && sample[i] == '\r'
		if err := r.skip(in.Skip, returns); err != nil {
			return err
		}
		if sample, err = r.sample(); err != nil {
			return err
		}
	}
	if in.LineEnds == auto {
		if r.returns = r.endsInReturns(sample); r.returns {
			r.detected = append(r.detected, "line_ends", "any")
			r.found["line_ends"] = "any"
		}
	}
	if in.Quote == auto {
		if r.quotesSingly(in, sample) {
			r.quote = '\''
			r.detected = append(r.detected, "quote", "'")
		}
		r.found["quote"] = string(rune(r.quote))
	}
	if in.Delimiter == auto {
		r.delim = r.sniff(in, sample)
	}
	if delim, size := separatorLine(sample); size > 0 && (in.Delimiter == auto || delim == r.delim) {
		r.delim = delim
		r.offset += int64(size)
		r.lines++
	}
	if in.Delimiter == auto {
		r.found["delimiter"] = string(rune(r.delim))
		if r.delim != ',' {
			r.detected = append(r.detected, "delimiter", string(rune(r.delim)))
		}
	}
	r.top, r.begin = r.lines, r.offset
	if r.carried && in.Skip > 0 && r.known.Expected {
		if err := r.skipsData(in, above); err != nil {
			return err
		}
	}
	r.header = in.Header.Text != "false"
	if r.header && in.Header.Text != auto && in.Names != nil && r.known.Expected {
		// The names are known, so that nothing says that this file has a header, too.
		if sample, err = r.sample(); err != nil {
			return err
		}
		if r.header, err = r.isHeader(sample, true, false); err != nil {
			return err
		}
		if !r.header {
			r.detected = append(r.detected, "header", false)
			r.found["header"] = false
		}
	}
	if in.Header.Text == auto {
		if sample, err = r.sample(); err != nil {
			return err
		}
		if r.known.Expected {
			if r.header, err = r.isHeader(sample, in.Names == nil, true); err != nil {
				return err
			}
		} else {
			r.header = r.hasHeader(sample)
		}
		r.detected = append(r.detected, "header", r.header)
		r.found["header"] = r.header
	}
	return nil
}

// hasHeader tells from a sample whether its first record is of other types than the
// records below it.
func (r *reading) hasHeader(sample []byte) bool {
	rs := records{dialect: r.dialect}
	rs.recovers, rs.open = true, r.offset+int64(len(sample)) < r.file.Size
	rs.reset(block.Block{Data: sample})
	var first, others []cell.Tally
	for n := 0; rs.record(); n++ {
		if n == 0 {
			first, others = make([]cell.Tally, len(rs.fields)), make([]cell.Tally, len(rs.fields))
		}
		if len(rs.fields) != len(first) {
			continue
		}
		to := others
		if n == 0 {
			to = first
		}
		for i := range rs.fields {
			to[i].Value(&r.rules, cell.ColumnType{}, rs.fields[i].cell(), rs.text(rs.fields[i]))
		}
	}
	data := false
	for i := range first {
		name, value := first[i].Type() != cell.String, others[i].Type() != cell.String
		if value && !name {
			return true
		}
		data = data || value && name
	}
	return !data
}

// separatorLine reads the line that names the delimiter to Excel. Its size is 0
// if the sample does not begin with one.
func separatorLine(sample []byte) (delim byte, size int) {
	for _, form := range []struct{ before, after string }{{"sep=", ""}, {`"sep=`, `"`}} {
		rest, ok := bytes.CutPrefix(sample, []byte(form.before))
		if !ok || len(rest) < 2 || rest[0] >= 0x80 || bytes.IndexByte([]byte("\r\n\x00\""), rest[0]) >= 0 {
			continue
		}
		delim = rest[0]
		if rest, ok = bytes.CutPrefix(rest[1:], []byte(form.after)); !ok {
			continue
		}
		for _, end := range []string{"\r\n", "\n", "\r"} {
			if bytes.HasPrefix(rest, []byte(end)) {
				return delim, len(sample) - len(rest) + len(end)
			}
		}
	}
	return 0, 0
}

// quotesSingly tells from a sample whether its quotes are single ones.
func (r *reading) quotesSingly(in *Reader, sample []byte) bool {
	if bytes.IndexByte(sample, '"') >= 0 || bytes.IndexByte(sample, '\'') < 0 || r.escape == '\'' || r.comment == '\'' || r.delim == '\'' {
		return false
	}
	as := *r
	as.quote = '\''
	if in.Delimiter == auto {
		as.delim = as.sniff(in, sample)
	}
	p := as.parting(as.delim, in, sample)
	return p.all && p.quoted > 0
}

// sniff finds the delimiter of a sample. It is a comma, as RFC 4180 has it, unless
// it is clear that it is another: one that parts all records of the sample, of
// which there are two or a header alone, in as many fields, at least two, where
// commas do not do so. Most records are enough where commas cannot read the file
// anyway, since the others are then errors at their lines, or are left out. Of
// several it is the one that makes most fields.
func (r *reading) sniff(in *Reader, sample []byte) byte {
	comma := r.parting(',', in, sample)
	tolerant := in.Rows != "error"
	if comma.fields > 1 && (comma.all || tolerant && comma.most) {
		return ','
	}
	most := !(comma.fields > 1 && comma.most) && (tolerant || !comma.all)
	best, fields, several := byte(','), 0, false
	for _, delim := range []byte(delimiters) {
		c := int(delim)
		if delim == ',' || c == r.quote || c == r.escape || c == r.comment {
			continue
		}
		p := r.parting(delim, in, sample)
		least := max(2, fields)
		if comma.most || !p.all {
			least = max(least, comma.fields)
		}
		switch {
		case !p.all && !(most && p.most) || p.fields < least:
		case p.fields == fields:
			several = true
		default:
			best, fields, several = delim, p.fields, false
		}
	}
	if several {
		return ','
	}
	return best
}

// A parting is what the records of a sample are with some delimiter.
type parting struct {
	fields    int  // of the first record
	quoted    int  // fields of all records in quotes
	all, most bool // of the records have as many
}

func (r *reading) parting(delim byte, in *Reader, sample []byte) (p parting) {
	rs := records{dialect: r.dialect, out: new(ragged)}
	rs.delim, rs.recovers = delim, true
	rs.open = r.offset+int64(len(sample)) < r.file.Size
	rs.reset(block.Block{Data: sample})
	records, alike := 0, 0
	for rs.record() {
		n := len(rs.fields)
		for _, f := range rs.fields {
			if f.form != bare {
				p.quoted++
			}
		}
		if in.Trailing && n > 1 && rs.fields[n-1].start == rs.fields[n-1].end {
			n--
		}
		if records++; records == 1 {
			if p.fields = n; in.Names != nil && r.known.Of(n) == nil {
				return p
			}
		}
		if n == p.fields {
			alike++
		}
	}
	if rs.bad != nil {
		return p
	}
	records += int(rs.out.skipped)
	if records > 1 || records == 1 && in.Header.Text != "false" {
		p.all, p.most = alike == records, 2*alike > records
	}
	return p
}

// decode makes the file one of UTF-8, whose beginning it gives.
func (r *reading) decode(ctx context.Context, name charset.Name) (start []byte, err error) {
	if start, err = r.file.Begin(); err != nil {
		return nil, err
	}
	encoding := name.Of(start)
	if !encoding.IsWide() {
		if name == charset.Auto && source.IsUTF16(start) {
			return nil, diag.WithHint(fmt.Errorf("%s is UTF-16 without a byte order mark", r.file.Name), "set encoding: utf-16")
		}
		if err := source.NotOf("CSV", r.file.Name, start); err != nil {
			return nil, err
		}
	}
	if encoding == charset.UTF8 {
		return start, nil
	}
	if encoding.IsWide() && len(start) > 0 && charset.OfMark(start) == "" && utf8.Valid(start) && bytes.IndexByte(start, 0) < 0 {
		return nil, diag.WithHint(fmt.Errorf("%s is no %s: its characters are those of UTF-8", r.file.Name, strings.ToUpper(string(name))), "set encoding: auto")
	}
	if charset.OfMark(start) == charset.UTF8 {
		return nil, diag.WithHint(fmt.Errorf("%s begins with the mark of UTF-8, and is read as %s", r.file.Name, encoding), "set encoding: auto")
	}
	if r.file, err = charset.Open(ctx, r.file, encoding); err != nil {
		return nil, err
	}
	if name == charset.Auto {
		r.detected = append(r.detected, "encoding", string(encoding))
	}
	return r.file.Begin()
}

// hintEncoding says which encoding a text may have that is not UTF-8.
func (r *reading) hintEncoding(text []byte) string {
	return fmt.Sprintf("set encoding: %s if the file was written so, or convert it to UTF-8", charset.Guess(text))
}

// sample is the beginning of what is to be read.
func (r *reading) sample() ([]byte, error) {
	for n := int64(sampledLeast); ; n *= 2 {
		sample := make([]byte, min(n, r.file.Size-r.offset))
		if err := r.file.ReadFull(sample, r.offset); err != nil {
			return nil, err
		}
		lines := bytes.Count(sample, []byte{'\n'}) + bytes.Count(sample, []byte{'\r'}) - bytes.Count(sample, []byte("\r\n"))
		if int64(len(sample)) < n || n >= sampledMost || lines >= sampledLines {
			return sample, nil
		}
	}
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
