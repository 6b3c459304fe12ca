package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"pipe/diag"
	"pipe/table"
)

var bom = []byte("\xef\xbb\xbf")

// open looks at the beginning of a file: it finds the names of the columns and
// where the data starts. names are the names if there is no header; without
// any the columns are called c1, c2 and so on.
func (r *reader) open(header bool, names []string) error {
	if r.src.size == 0 {
		return fmt.Errorf("%s is empty", r.src.name)
	}
	start := make([]byte, min(4, r.src.size))
	if err := r.src.read(start, 0); err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(start, bom):
		r.offset = int64(len(bom))
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return diag.WithHint(fmt.Errorf("%s is UTF-16, not UTF-8", r.src.name),
			"save it as UTF-8, or convert it: iconv -f utf-16 -t utf-8")
	}
	sp := splitter{src: r.src, quote: r.quote, size: r.blockBytes, offset: r.offset}
	for {
		b, err := sp.next(nil)
		if err != nil {
			return err
		}
		if len(b.data) == 0 {
			return fmt.Errorf("%s has no records, only blank lines", r.src.name)
		}
		rs := records{delim: r.delim, quote: r.quote}
		rs.reset(b)
		if rs.next() {
			return r.first(&rs, b, header, names)
		}
		if rs.bad != nil {
			return r.headerError(&rs, rs.bad.pos, rs.bad.msg, rs.bad.hint)
		}
		r.lines += int64(rs.lines)
		r.offset = sp.offset
	}
}

// first makes names of the first record.
func (r *reader) first(rs *records, b block, header bool, names []string) error {
	if n := len(rs.fields); n > table.MaxColumns {
		return diag.WithHint(fmt.Errorf("%s:%d: %s, at most %d are possible", r.src.name, r.lines+int64(rs.line)+1, countFields(n), table.MaxColumns),
			"if rows and columns of the file are swapped, transpose it")
	}
	if header {
		if err := r.header(rs); err != nil {
			return err
		}
		r.offset = b.offset + int64(rs.pos)
		r.lines += int64(rs.lines)
		if r.offset == r.src.size {
			return fmt.Errorf("%s has a header but no rows", r.src.name)
		}
		return nil
	}
	r.offset = b.offset
	if names == nil {
		for i := range rs.fields {
			names = append(names, fmt.Sprintf("c%d", i+1))
		}
	}
	if len(names) != len(rs.fields) {
		return fmt.Errorf("%s:%d: %s, but names: lists %d", r.src.name, r.lines+int64(rs.line)+1, countFields(len(rs.fields)), len(names))
	}
	r.names = names
	return nil
}

// header reads the names of the columns. Blanks around a name that is not in
// quotes are dropped.
func (r *reader) header(rs *records) error {
	seen := make(map[string]int, len(rs.fields))
	for i, f := range rs.fields {
		text := rs.text(f)
		if f.form == bare {
			text = trimBlanks(text)
		}
		name := string(text)
		fail := func(msg, hint string) error {
			return r.headerError(rs, int(f.start), msg, hint)
		}
		switch {
		case strings.ContainsRune(name, 0):
			return fail("a zero byte; this is no text file", "")
		case !utf8.ValidString(name):
			return fail(fmt.Sprintf("the name of column %d is not UTF-8", i+1), "convert the file to UTF-8, for example with iconv")
		case name == "":
			return fail(fmt.Sprintf("column %d has no name", i+1),
				"name it in the file, or set header: false if the file has no header")
		}
		if first, again := seen[name]; again {
			return fail(fmt.Sprintf("columns %d and %d are both named %q", first+1, i+1, name),
				"rename one of them in the file, or set header: false if the file has no header")
		}
		seen[name] = i
		r.names = append(r.names, name)
	}
	return nil
}

func (r *reader) headerError(rs *records, pos int, msg, hint string) error {
	p := problem{line: r.lines + int64(rs.lineOf(pos)) + 1, msg: msg, hint: hint}
	return diag.WithHint(errors.New(p.text(r.src.name)), hint)
}
