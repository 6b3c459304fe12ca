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
	"pipe/data/table"
)

// open looks at the beginning of a file: it finds the names of the columns and
// where the data starts. A column without a name is called c1, c2 and so on, by
// its position.
func (r *reading) open(ctx context.Context, in *Reader, c *cell.Contract) error {
	start, err := r.decode(ctx, in.Encoding)
	if err != nil {
		return err
	}
	if source.IsJSON(start) {
		return diag.WithHint(fmt.Errorf("%s is JSON, not CSV", r.file.Name),
			"set format: json, which reads a list of objects and one object a line")
	}
	if bytes.HasPrefix(start, source.BOM) {
		r.offset = int64(len(source.BOM))
	}
	if err := r.detect(in); err != nil {
		return err
	}
	sp := r.splitter()
	for {
		b, err := sp.Next(nil)
		if err != nil {
			return err
		}
		if len(b.Data) == 0 {
			if r.empty {
				r.offset = r.file.Size // blank lines are no rows, even in one column
				r.names, err = nameless(r.file, in.Names, c)
				return err
			}
			return r.noRecords()
		}
		rs := records{dialect: r.dialect}
		rs.recovers = rs.recovers && !r.header
		rs.reset(b)
		if rs.next() {
			return r.first(&rs, b, in)
		}
		if rs.bad != nil {
			return r.headerError(&rs, rs.bad.pos, rs.bad.msg, rs.bad.hint)
		}
		r.lines += int64(rs.lines)
	}
}

// first makes names of the first record.
func (r *reading) first(rs *records, b block.Block, in *Reader) error {
	if last := len(rs.fields) - 1; in.Trailing && last > 0 && rs.fields[last].start == rs.fields[last].end {
		rs.fields = rs.fields[:last]
	}
	line := r.lines + int64(rs.line) + 1
	if n := len(rs.fields); n > table.MaxColumns {
		return diag.WithHint(fmt.Errorf("%s:%d: %s, at most %d are possible", r.file.Name, line, countFields(n), table.MaxColumns),
			"if rows and columns of the file are swapped, transpose it")
	}
	r.head = rs.data[rs.start:rs.pos]
	width := len(rs.fields)
	if r.rowNames = r.header && !in.Trailing && !r.recovers && r.rowsAreNamed(width); r.rowNames {
		width++
	}
	var err error
	switch r.names, err = r.given(rs, in, width, line); {
	case err != nil:
		return err
	case r.names != nil:
	case r.header:
		if err := r.nameAll(rs, in.Repeated == "number"); err != nil {
			return err
		}
	default:
		for i := range rs.fields {
			r.names = append(r.names, defaultName(i))
		}
		r.found["names"] = r.names
	}
	if !r.header {
		r.lines = r.top
		return nil // blank lines before the first record may be data
	}
	r.offset = b.Offset + int64(rs.pos)
	r.lines += int64(rs.lines)
	if r.offset == r.file.Size && !r.empty {
		return r.noRows()
	}
	return nil
}

// noRecords is about a file that has not even a header.
func (r *reading) noRecords() error {
	only := "blank lines"
	switch {
	case r.file.Size == r.offset:
		only = "a byte order mark"
	case r.comment >= 0:
		only = "comments and blank lines"
	}
	return diag.WithHint(fmt.Errorf("%s has no records, only %s", r.file.Name, only), source.HintEmpty)
}

// nameless gives the names of the columns of a file without a record, which may have no
// rows: those that settings list, or a schema or another file of the table has.
func nameless(file *source.File, names []string, contract *cell.Contract) ([]string, error) {
	switch {
	case len(names) > 0:
		return names, nil
	case contract.Agreed:
		return contract.Keep, nil
	case contract.Shared != nil:
		return contract.Shared.Plan.Names, nil
	}
	for _, typed := range [][]cell.Typed{contract.Declared, contract.Expected} {
		for _, c := range typed {
			names = append(names, c.Name)
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	what := "has no records"
	if file.Size == 0 {
		what = "is empty"
	}
	return nil, diag.WithHint(fmt.Errorf("%s %s: %w", file.Name, what, source.ErrNameless), "names: lists them, and columns: with their types")
}

func defaultName(i int) string { return fmt.Sprintf("c%d", i+1) }

// nameAll reads the names of the columns. Blanks around a name that is not in
// quotes are dropped.
func (r *reading) nameAll(rs *records, number bool) error {
	first := 0
	if r.rowNames {
		first = 1
		r.nameless = append(r.nameless, 0)
	}
	r.names = make([]string, first+len(rs.fields))
	seen := make(map[string]int, len(r.names))
	var again []int
	for i, f := range rs.fields {
		i += first
		text := rs.text(f)
		if f.form == bare {
			written := text
			if text = bytes.Trim(text, " \t"); len(text) < len(written) && len(text) > 0 {
				if r.trimmed++; r.trimmed == 1 {
					r.paddedName = cell.Quote(written)
				}
			}
		}
		name := string(text)
		fail := func(msg, hint string) error {
			return r.headerError(rs, int(f.start), msg, hint)
		}
		switch {
		case strings.ContainsRune(name, 0):
			return fail("a zero byte; this is no text file", "")
		case !utf8.ValidString(name):
			return fail(fmt.Sprintf("the name of column %d is not UTF-8", i+1), r.hintEncoding(text))
		case name == "":
			r.nameless = append(r.nameless, i)
			continue
		}
		if first, ok := seen[name]; !ok {
			seen[name] = i
		} else if number {
			again = append(again, i)
		} else {
			return fail(fmt.Sprintf("columns %d and %d are both named %q", first+1, i+1, name),
				"rename one of them in the file, set repeated_names: number, or list the names in names:")
		}
		r.names[i] = name
	}
	if len(r.nameless) == len(r.names) {
		return r.headerError(rs, rs.start, "no column has a name", "set header: false if the file has no header")
	}
	next := map[string]int{}
	for _, i := range again {
		r.names[i] = numbered(r.names[i], seen, next)
	}
	r.repeated = again
	for _, i := range r.nameless {
		r.names[i] = defaultName(i)
		if _, taken := seen[r.names[i]]; taken {
			r.names[i] = numbered(r.names[i], seen, next)
		}
		seen[r.names[i]] = i
	}
	return nil
}

// numbered gives a name that is taken the first free number from 2 on: x_2. It
// keeps in next where to look for the same name again.
func numbered(name string, taken, next map[string]int) string {
	for n := max(2, next[name]); ; n++ {
		free := fmt.Sprintf("%s_%d", name, n)
		if _, ok := taken[free]; !ok {
			taken[free] = 0
			next[name] = n + 1
			return free
		}
	}
}

func (r *reading) headerError(rs *records, pos int, msg, hint string) error {
	p := source.Problem{Line: r.lines + int64(rs.lineOf(pos)) + 1, Msg: msg, Hint: hint}
	return p.Err(r.file.Name)
}
