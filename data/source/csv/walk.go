package csv

import (
	"context"
	"fmt"
	"unicode/utf8"

	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// Records reads a file that goes with data, as the usual settings read one, for who
// wants the lines of its records: names gets those of the columns, and each the text
// of every record with the line in which it begins. Its error ends the reading.
func Records(ctx context.Context, file *source.File, names func([]string) error, each func(line int64, fields []string) error) error {
	in := Usual()
	r := &reading{file: file, dialect: in.dialect(), found: map[string]any{}, block: block.Usual, threads: 1}
	if err := r.open(ctx, in, new(cell.Contract)); err != nil {
		return err
	}
	if err := names(r.names); err != nil {
		return err
	}
	row := int64(0)
	for b, err := range r.splitter().Blocks(nil) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = r.eachRecord(b, &row, each)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachRecord walks through a block, before which there are some rows.
func (r *reading) eachRecord(b block.Block, row *int64, each func(line int64, fields []string) error) error {
	var rs records
	r.start(&rs, b)
	fail := func(line int, msg, hint string) error {
		p := source.Problem{Line: r.lines + int64(line) + 1, Row: *row, Msg: msg, Hint: hint}
		return p.Err(r.file.Name)
	}
	for *row++; rs.next(); *row++ {
		if len(rs.fields) != len(r.names) {
			return fail(rs.line, wrongCount(len(rs.fields), len(r.names)), fmt.Sprintf("put a field that contains %q in quotes", r.delim))
		}
		fields := make([]string, len(rs.fields))
		for i, f := range rs.fields {
			text := rs.text(f)
			if !utf8.Valid(text) {
				return fail(rs.line, notUTF8, r.hintEncoding(text))
			}
			fields[i] = string(text)
		}
		if err := each(r.lines+int64(rs.line)+1, fields); err != nil {
			return err
		}
	}
	if bad := rs.bad; bad != nil {
		return fail(rs.lineOf(bad.pos), bad.msg, bad.hint)
	}
	*row--
	r.lines += int64(rs.lines)
	return nil
}
