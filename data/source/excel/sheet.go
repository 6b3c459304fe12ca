package excel

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pipe/data/source/cell"
)

const (
	maxRows    = 1 << 20 // of a sheet, as the programs have it
	maxColumns = 1 << 14
)

// An area is a part of a sheet: columns and rows from 0 on, the last ones too.
type area struct{ left, top, right, bottom int }

// everything is all of a sheet.
var everything = area{0, 0, maxColumns - 1, maxRows - 1}

// parseArea reads A1:C9, A1 (from there on), A:C or 3:9.
func parseArea(s string) (area, error) {
	if s == "" {
		return everything, nil
	}
	from, to, two := strings.Cut(strings.ReplaceAll(s, "$", ""), ":")
	a := everything
	left, top, ok := parseCell(from)
	if left >= 0 {
		a.left = left
	}
	if top >= 0 {
		a.top = top
	}
	if two {
		right, bottom, ok2 := parseCell(to)
		if ok = ok && ok2 && (right >= 0) == (left >= 0); right >= 0 {
			a.right = right
		}
		if bottom >= 0 {
			a.bottom = bottom
		}
	} else {
		ok = ok && left >= 0 && top >= 0
	}
	if !ok || a.left > a.right || a.top > a.bottom {
		return a, fmt.Errorf("%q is no range: write it as A1:C9, A:C, or A1 for all from there on", s)
	}
	return a, nil
}

// String is the area as parseArea reads it.
func (a area) String() string {
	from := columnName(a.left) + strconv.Itoa(a.top+1)
	if a.right == everything.right && a.bottom == everything.bottom {
		return from
	}
	return from + ":" + columnName(a.right) + strconv.Itoa(a.bottom+1)
}

// parseCell reads B3, B or 3, and gives -1 for what is not there.
func parseCell(s string) (column, row int, ok bool) {
	column, row = -1, -1
	i := 0
	for ; i < len(s) && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' && i < 4; i++ {
		column = (column+1)*26 + int(s[i]|0x20-'a')
	}
	if i < len(s) {
		n, err := strconv.Atoi(s[i:])
		if err != nil || n < 1 || s[i] == '+' {
			return 0, 0, false
		}
		row = n - 1
	}
	return column, row, len(s) > 0 && column < maxColumns && row < maxRows
}

// columnName is that of a column: A to Z, AA and so on.
func columnName(column int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name
}

// A value is that of a cell.
type value struct {
	column int // from the left of the area
	form   cell.Form
	kind   kind
	text   []byte
}

// A kind is what a cell holds instead of a value.
type kind uint8

const (
	present kind = iota
	failed       // an error, which is its text
	unknown      // a formula of which no program has stored the result
)

// rows reads the rows of a sheet that hold anything.
type rows struct {
	book *Workbook
	part *part
	area area

	row    int // of the sheet, from 0
	column int // of the last cell
	values []value
	bytes  []byte // of their texts
}

func (w *Workbook) rows(s *sheetRef, a area) (*rows, error) {
	p, err := w.open(s.part)
	if p == nil {
		return nil, errors.Join(err, fmt.Errorf("%s: %s is not there", w.name, s.part))
	}
	return &rows{book: w, part: p, area: a, row: -1}, nil
}

// next goes on to the next row. It is io.EOF at the end.
func (r *rows) next() error {
	for {
		t, err := r.part.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "row" {
				continue
			}
			row := r.row + 1
			if at := attr(&t, "r"); at != "" {
				n, err := strconv.Atoi(at)
				if err != nil || n < 1 || n > maxRows {
					return fmt.Errorf("%s: row %.20q", r.part.name, at)
				}
				row = n - 1
			}
			if row <= r.row || row >= maxRows {
				return fmt.Errorf("%s: row %d comes after row %d", r.part.name, row+1, r.row+1)
			}
			r.row = row
			if err := r.cells(); err != nil {
				return r.part.ended(err)
			}
			if row > r.area.bottom {
				return io.EOF
			}
			if row >= r.area.top && len(r.values) > 0 {
				return nil
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				return io.EOF
			}
		}
	}
}

// cells reads the cells of a row.
func (r *rows) cells() error {
	r.values, r.bytes, r.column = r.values[:0], r.bytes[:0], -1
	for {
		t, err := r.part.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if err := r.cell(&t); err != nil {
				return err
			}
		case xml.EndElement:
			if t.Name.Local == "row" {
				return nil
			}
		}
	}
}

// cell reads a cell.
func (r *rows) cell(e *xml.StartElement) error {
	column := r.column + 1
	if at := attr(e, "r"); at != "" {
		var ok bool
		if column, _, ok = parseCell(at); !ok || column < 0 {
			return fmt.Errorf("%s: cell %.20q", r.part.name, at)
		}
	}
	if column <= r.column || column >= maxColumns {
		return fmt.Errorf("%s: cell %s%d comes after %s", r.part.name, columnName(column), r.row+1, columnName(r.column))
	}
	r.column = column
	kindOf, style := attr(e, "t"), attr(e, "s")
	start := len(r.bytes)
	inValue, formula, has := false, false, false
	for {
		t, err := r.part.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				inValue, has = true, true
			case "f":
				formula = true
			case "is":
				text, err := r.part.richText(nil, "is")
				if err != nil {
					return err
				}
				r.bytes, has = append(r.bytes, text...), true
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "v":
				inValue = false
			case "c":
				return r.add(column, kindOf, style, start, has, formula)
			}
		case xml.CharData:
			if inValue {
				r.bytes = append(r.bytes, t...)
			}
		}
	}
}

// add adds the value of a cell, unless the cell is empty or outside of the area.
func (r *rows) add(column int, kindOf, style string, start int, has, formula bool) error {
	if column < r.area.left || column > r.area.right {
		r.bytes = r.bytes[:start]
		return nil
	}
	v := value{column: column - r.area.left}
	text := r.bytes[start:]
	switch {
	case !has && formula, has && len(text) == 0 && formula && kindOf != "str":
		v.kind = unknown
	case !has:
		return nil
	case kindOf == "s":
		i, err := strconv.Atoi(string(text))
		shared, ok := r.book.shared.get(i)
		if err != nil || !ok {
			return fmt.Errorf("%s: cell %s%d: there is no text %.20q", r.part.name, columnName(column), r.row+1, text)
		}
		v.form, r.bytes = cell.Text, append(r.bytes[:start], shared...)
	case kindOf == "str" || kindOf == "inlineStr":
		v.form = cell.Text
		r.bytes = append(r.bytes[:start], unescape(text)...)
	case kindOf == "b":
		v.form = cell.Truth
		word := "false"
		if string(text) == "1" || string(text) == "true" {
			word = "true"
		}
		r.bytes = append(r.bytes[:start], word...)
	case kindOf == "e":
		v.kind = failed
	case kindOf == "d":
		v.form = cell.Text
	case len(text) == 0:
		return nil
	default:
		r.number(&v, style, start)
	}
	v.text = r.bytes[start:len(r.bytes):len(r.bytes)]
	r.values = append(r.values, v)
	return nil
}

// number makes a value of a number, which may be shown as a date.
func (r *rows) number(v *value, style string, start int) {
	v.form = cell.Number
	i, err := strconv.Atoi(style)
	if err != nil || i < 0 || i >= len(r.book.styles) || r.book.styles[i] == plain {
		return
	}
	var buf [32]byte
	number := append(buf[:0], r.bytes[start:]...)
	if text, ok := r.book.appendTime(r.bytes[:start], r.book.styles[i], number); ok {
		r.bytes, v.form = text, cell.Text
	}
}
