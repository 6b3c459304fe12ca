package excel

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/source/cell"
)

// settle finds out of a sheet that is read as others were whether its first row is a
// header, and gives names in place of those in it, nil if it has its own. The range is
// one of the others: it is an error if it would leave rows of this sheet out.
func (r *reading) settle(ctx context.Context, in *Reader, known *cell.Known) (names []string, err error) {
	whole := r.area
	whole.top, whole.bottom = 0, maxRows-1
	rows, err := r.book.rows(r.sheet, whole)
	if err != nil {
		return nil, err
	}
	defer rows.part.Close()
	names = in.Names
	first, top, last, out, what := true, r.area.top, 0, -1, ""
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		err := rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		found := ""
		switch last = rows.row; {
		case rows.row < r.area.top:
			if found = r.knows(rows, in, known); found != "" {
				top = min(top, rows.row)
			}
		case rows.row > r.area.bottom:
			found = "values"
		case first:
			first = false
			if names, err = r.settleHeader(rows, in, known); err != nil {
				return nil, err
			}
			if r.area.bottom == maxRows-1 && out < 0 {
				return names, nil
			}
		}
		if found != "" && out < 0 {
			out, what = rows.row, found
		}
	}
	if out < 0 {
		return names, nil
	}
	all := r.area
	if all.top = top; all.bottom < last {
		all.bottom = last
	}
	return nil, diag.WithHint(fmt.Errorf("%s: sheet %q: row %d has %s, and range: %s, which the other data were read with, would leave it out", r.file.Name, r.sheet.name, out+1, what, in.Range),
		fmt.Sprintf("set format: {excel: {%srange: %q}}, or range: %q if it is right here, too", in.chosen(), all, in.Range))
}

// chosen is what a range has beside it in the settings.
func (in *Reader) chosen() string {
	if in.Sheet == "" {
		return ""
	}
	return fmt.Sprintf("sheet: %q, ", in.Sheet)
}

// settleHeader tells whether a row, the first one, is a header.
func (r *reading) settleHeader(rows *rows, in *Reader, known *cell.Known) (names []string, err error) {
	texts := rows.texts()
	header, both := known.Header(texts, func() bool { return r.areValues(rows, known) }, in.Header)
	if both {
		header = in.Header
	}
	r.header, r.found = header, header != in.Header
	if header {
		if slices.ContainsFunc(known.Needed(), func(name string) bool { return !slices.Contains(texts, name) }) {
			return in.Names, nil
		}
		return nil, nil
	}
	if names = known.Of(len(texts)); names != nil || !in.Header {
		return names, nil
	}
	return nil, diag.WithHint(fmt.Errorf("%s: sheet %q: row %d is no header, and has %d values, where %d columns are known", r.file.Name, r.sheet.name, rows.row+1, len(texts), len(known.Names)),
		"put a row with the names of the columns above it")
}

// knows says what of columns that are known a row has, as far as it would be lost.
func (r *reading) knows(rows *rows, in *Reader, known *cell.Known) string {
	texts := rows.texts()
	switch {
	case known.All(texts) && (in.Names == nil || !slices.Equal(texts, known.Of(len(texts)))):
		return "the names of the columns"
	case r.areValues(rows, known):
		return "values of the columns"
	}
	return ""
}

// areValues says whether a row has values of the types of the columns.
func (r *reading) areValues(rows *rows, known *cell.Known) bool {
	fields := make([]*value, rows.width())
	for i := range rows.values {
		if v := &rows.values[i]; v.kind == present {
			fields[v.column] = v
		}
	}
	return known.Values(&r.rules, len(fields), func(i int) (cell.Form, []byte) {
		if fields[i] == nil {
			return cell.Bare, nil
		}
		return fields[i].form, fields[i].text
	})
}

// width is the number of columns up to the last value of a row.
func (r *rows) width() int {
	if len(r.values) == 0 {
		return 0
	}
	return r.values[len(r.values)-1].column + 1
}

// texts are the values of a row as names, empty where there is none.
func (r *rows) texts() []string {
	texts := make([]string, r.width())
	for i := range r.values {
		if v := &r.values[i]; v.kind == present {
			texts[v.column] = strings.TrimSpace(string(v.text))
		}
	}
	return texts
}
