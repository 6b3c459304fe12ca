package csv

import "bytes"

// A dialect is what the characters of a file mean.
type dialect struct {
	delim    byte
	quote    int  // -1 if there is none
	escape   int  // before a character that has no meaning then; -1 if there is none
	comment  int  // begins a line that is none of the data; -1 if there is none
	lenient  bool // a quote that RFC 4180 has no place for is text
	returns  bool // a carriage return alone ends a line
	recovers bool // a record with a syntax error ends with its line, and the next one is read
}

// isRFC says whether the dialect is that of RFC 4180, but for the characters.
func (d *dialect) isRFC() bool {
	return d.escape < 0 && d.comment < 0 && !d.lenient && !d.returns && !d.recovers
}

// isPlain says whether in data nothing but delimiters and line feeds, which a
// carriage return may precede, has a meaning.
func (d *dialect) isPlain(data []byte) bool {
	return !d.has(data, d.quote, d.escape, d.comment) && !hasLoneCR(data)
}

// has says whether data have one of the characters, of which -1 is none.
func (d *dialect) has(data []byte, characters ...int) bool {
	for _, c := range characters {
		if c >= 0 && bytes.IndexByte(data, byte(c)) >= 0 {
			return true
		}
	}
	return false
}

func hasLoneCR(data []byte) bool {
	n := bytes.Count(data, []byte{'\r'})
	return n > 0 && n != bytes.Count(data, []byte("\r\n"))
}

// breaks counts the line ends in a piece of a file, which ends in none.
func (d *dialect) breaks(data []byte) int {
	n := bytes.Count(data, []byte{'\n'})
	if d.returns {
		n += bytes.Count(data, []byte{'\r'}) - bytes.Count(data, []byte("\r\n"))
	}
	return n
}

// lastEnd is the position after the last record that ends in data, 0 if none
// does. The data begins with a record, and the file goes on after it. Quotes
// cannot be counted where a dialect has some that are text, so this reads the
// records.
func (d *dialect) lastEnd(data []byte) int {
	if d.isPlain(data) {
		return bytes.LastIndexByte(data, '\n') + 1
	}
	rs := records{dialect: *d, data: data, open: true}
	for rs.record() {
	}
	if rs.bad != nil {
		return len(data) // nothing is read after it
	}
	return rs.start
}

// nextForgiving is next for the dialects that are not of RFC 4180.
func (rs *records) nextForgiving() bool {
	for rs.pos < len(rs.data) {
		rs.line, rs.start = rs.lines, rs.pos
		rs.fields = rs.fields[:0]
		if int(rs.data[rs.pos]) == rs.comment {
			if !rs.skipLine() {
				return false
			}
			continue
		}
		for more := true; more && rs.bad == nil && !rs.part; {
			more = rs.forgivingField()
		}
		if rs.bad != nil && rs.recovers && !rs.bad.fatal {
			if !rs.resync() {
				return false
			}
			continue
		}
		if rs.bad != nil || rs.part {
			return false
		}
		if !rs.blank && isBlank(rs.fields) {
			continue
		}
		return rs.checkLength()
	}
	rs.start = rs.pos
	return false
}

// skipLine moves behind the end of the line, if it is in the data.
func (rs *records) skipLine() bool {
	for i := rs.pos; i < len(rs.data); i++ {
		if c := rs.data[i]; c == '\n' || c == '\r' && rs.returns {
			after, ok := rs.afterEnd(i)
			if !ok {
				rs.part = true
				return false
			}
			rs.lines += 1 + rs.breaks(rs.data[rs.pos:i])
			rs.pos = after
			return true
		}
	}
	if rs.cut {
		rs.tooLong()
	}
	if rs.part = rs.open; rs.part || rs.cut {
		return false
	}
	rs.pos = len(rs.data)
	return true
}

// afterEnd is the position after the line end at i. It is not known if a
// carriage return is the last of the data.
func (rs *records) afterEnd(i int) (after int, known bool) {
	if rs.data[i] == '\r' {
		if i+1 == len(rs.data) {
			return i + 1, !rs.open
		}
		if rs.data[i+1] == '\n' {
			return i + 2, true
		}
	}
	return i + 1, true
}

// forgivingField splits the field at pos and moves behind its separator. It
// tells whether the record goes on.
func (rs *records) forgivingField() bool {
	data, start, i := rs.data, rs.pos, rs.pos
	form := bare
	if i < len(data) && int(data[i]) == rs.quote {
		if i, form = rs.closing(i + 1); form == bare {
			return false
		}
		if i == len(data) || data[i] == rs.delim || data[i] == '\n' || data[i] == '\r' {
			if form == loose {
				return rs.endForgiving(start, i, i, loose)
			}
			return rs.endForgiving(start+1, i-1, i, form)
		}
		if !rs.lenient {
			rs.afterQuote(i)
			return false
		}
		form = loose
	}
	for ; i < len(data); i++ {
		switch c := data[i]; {
		case c == rs.delim, c == '\n', c == '\r':
			return rs.endForgiving(start, i, i, form)
		case int(c) == rs.escape:
			form = max(form, bareEscaped)
			i = rs.escaped(i) - 1
		case int(c) == rs.quote && !rs.lenient:
			rs.strayQuote(i)
			return false
		}
	}
	return rs.endForgiving(start, len(data), len(data), form)
}

// closing finds the quote that closes a field, and gives the position after it.
// The form is bare if there is none in the data.
func (rs *records) closing(i int) (after int, form form) {
	data := rs.data
	for form = quoted; ; {
		for i < len(data) && int(data[i]) != rs.quote && int(data[i]) != rs.escape {
			i++
		}
		switch {
		case i == len(data):
			if rs.part = rs.open; !rs.part {
				rs.unclosed()
			}
			return 0, bare
		case int(data[i]) != rs.quote:
			form = loose
			i = rs.escaped(i)
		case i+1 < len(data) && int(data[i+1]) == rs.quote:
			form = max(form, doubled)
			i += 2
		default:
			return i + 1, form
		}
	}
}

// escaped is the position after the escape at i and what it escapes.
func (rs *records) escaped(i int) int { return min(i+2, len(rs.data)) }

// endForgiving adds a field, as endField does.
func (rs *records) endForgiving(start, end, sep int, form form) bool {
	data, more, after := rs.data, false, sep
	switch {
	case sep == len(data):
		if rs.part = rs.open; rs.part {
			return false
		}
	case data[sep] == rs.delim:
		more, after = true, sep+1
	default:
		known := true
		if after, known = rs.afterEnd(sep); !known {
			rs.part = true
			return false
		}
		if data[sep] == '\r' && !rs.returns && after == sep+1 {
			rs.loneReturn(sep)
			return false
		}
	}
	if form != bare {
		rs.lines += rs.breaks(data[rs.pos:sep])
	}
	if !more {
		rs.lines++
	}
	if form == bareEscaped && string(data[start:end]) == string([]byte{byte(rs.escape), 'N'}) {
		form = bare // what databases write for NULL, and no N
	}
	rs.fields = append(rs.fields, field{start: int32(start), end: int32(end), form: form})
	rs.pos = after
	return more
}

// appendText appends what a field says that has escapes, or text behind a
// closing quote.
func (d *dialect) appendText(to, raw []byte, inQuotes bool) []byte {
	i := 0
	if inQuotes {
		i = 1
	}
	for ; i < len(raw); i++ {
		switch c := raw[i]; {
		case int(c) == d.escape && i+1 < len(raw):
			i++
			to = append(to, raw[i])
		case int(c) == d.quote && inQuotes:
			if i+1 < len(raw) && int(raw[i+1]) == d.quote {
				i++
				to = append(to, c)
			} else {
				inQuotes = false
			}
		default:
			to = append(to, c)
		}
	}
	return to
}
