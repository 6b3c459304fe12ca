package cell

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"pipe/pipeline/settings"
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

// Wrong says that the raw text of a value is not one of the column, whose type is
// declared. To take what is a number for missing is never the way out.
func (c ColumnType) Wrong(in *Rules, raw []byte) (msg, hint string) {
	msg, hint = c.wrong(in, trimBlanks(raw))
	if c.agreed {
		return msg, "the schema says so: correct the file, or the type in the schema if other values are right now"
	}
	return msg, hint
}

func (c ColumnType) wrong(in *Rules, text []byte) (msg, hint string) {
	q, t, column := Quote(text), c.Type, settings.Quote(c.name)
	if t.IsList() {
		return t.wrongList(text)
	}
	article := "a"
	if t == Int64 {
		article = "an"
	}
	msg = fmt.Sprintf("%s is not %s %s", q, article, t)
	if c.layout != nil {
		msg += " as " + c.layout.String()
	}
	how := writing{in.Notation, c.layout}
	if finer := t.finer(); finer != t {
		if _, _, ok := how.parse(finer, text); ok {
			return q + " has more than six decimals, which a " + t.String() + " has no place for",
				fmt.Sprintf("set columns: {%s: %s}", column, settings.Quote(finer.String()))
		}
	}
	if zone := in.gap(how, t, text); zone != "" {
		return fmt.Sprintf("%s is no time in %s, where clocks leave it out", q, zone), hintGap
	}
	missing := fmt.Sprintf("if %s means that a value is missing, add it to missing:", q)
	if c.layout != nil {
		return msg, missing + "; if dates are written in several ways, declare the column as string in columns: in place of dates:"
	}
	_, number := scanNumber(text)
	one := Tally{}
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
	hint = "declare the column as string in columns:, or " + missing
	switch t {
	case Bool:
		if words := truthSettings(text); words != "" {
			return msg, "set " + words
		}
		hint = "a bool is true or false, or 1 or 0; " + hint
	case Date:
		hint = "a date is written 2006-01-02, and dates: takes other formats; " + hint
	case Time, TimeNs:
		hint = "a time is written 15:04:05 or 15:04; " + hint
	case TimestampNs:
		hint = "a timestamp is written 2006-01-02T15:04:05.999999999Z, in the years 1678 to 2261; " + hint
	case Timestamp:
		hint = "a timestamp is written 2006-01-02T15:04:05Z or 2006-01-02 15:04:05; " + hint
	}
	return msg, hint
}

// finer is the type that has nine decimals where others have six.
func (t Type) finer() Type {
	switch t {
	case Timestamp:
		return TimestampNs
	case Time:
		return TimeNs
	}
	return t
}

const hintGap = "if the times are those of another zone, such as UTC, set timezone: to it; if not, correct them"

// gap is the zone of the rules if a time would be one but for its clocks, which go
// from 2 to 3 in a night of spring, say.
func (in *Rules) gap(how writing, t Type, text []byte) (zone string) {
	if in.Notation == nil || in.Notation.Zone == nil {
		return ""
	}
	free := *in.Notation
	free.Zone = nil
	if _, _, ok := (&writing{&free, how.layout}).parse(t, text); !ok {
		return ""
	}
	if _, _, ok := how.parse(t, text); ok {
		return ""
	}
	return in.Notation.Zone.String()
}
