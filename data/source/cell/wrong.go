package cell

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Quote quotes a text for a message, its beginning if it is long.
func Quote(b []byte) string {
	const limit = 40
	if len(b) <= limit {
		return strconv.Quote(string(b))
	}
	cut := limit
	for cut > limit-utf8.UTFMax && !utf8.RuneStart(b[cut]) {
		cut--
	}
	return strconv.Quote(string(b[:cut])) + "..."
}

// Wrong says that the raw text of a value is not one of the column.
func (c ColumnType) Wrong(raw []byte) (msg, hint string) {
	msg, hint = c.wrong(raw)
	if c.agreed {
		return msg, "the schema says so: correct the file, or the type in the schema if other values are right now"
	}
	return msg, hint
}

func (c ColumnType) wrong(raw []byte) (msg, hint string) {
	if l := c.layout; l != nil {
		q := Quote(trimBlanks(raw))
		return fmt.Sprintf("%s is not a %s as %s", q, c.Type, l),
			fmt.Sprintf("if %s means that a value is missing, add it to missing:; if dates are written in several ways, declare the column as string in columns: in place of dates:", q)
	}
	return c.Type.Wrong(raw)
}

// Wrong says that the raw text of a value is not one of the type, which is
// declared. To take what is a number for missing is never the way out.
func (t Type) Wrong(raw []byte) (msg, hint string) {
	text := trimBlanks(raw)
	q := Quote(text)
	article := "a"
	if t == Int64 {
		article = "an"
	}
	msg = fmt.Sprintf("%s is not %s %s", q, article, t)
	_, number := scanNumber(text)
	one, column := Tally{}, "COLUMN"
	if (t == Int64 || t == Float64) && !number {
		one.count(new(Rules), classText, Bare, text)
	}
	switch {
	case one.values() == 1 && one.oddity(column) != "":
		return msg, one.oddity(column)
	case len(text) == 0: // in quotes, or it would be missing
		return msg, "set quoted_missing: true if a value in quotes can be missing"
	case t == Int64 && Float64.Accepts(text):
		return msg, "declare the column as float64 in columns:"
	case number && (t == Int64 || t == Float64):
		return msg, "declare the column as string in columns:"
	}
	hint = fmt.Sprintf("declare the column as string in columns:, or if %s means that a value is missing, add it to missing:", q)
	switch t {
	case Bool:
		hint = "a bool is true or false, or 1 or 0; " + hint
	case Date:
		hint = "a date is written 2006-01-02, and dates: takes other formats; " + hint
	case Time:
		hint = "a time is written 15:04:05 or 15:04; " + hint
	case TimestampNs:
		hint = "a timestamp is written 2006-01-02T15:04:05.999999999Z, in the years 1678 to 2261; " + hint
	case Timestamp:
		hint = "a timestamp is written 2006-01-02T15:04:05Z or 2006-01-02 15:04:05; " + hint
	}
	return msg, hint
}
