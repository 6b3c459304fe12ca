package csv

import "pipe/data/source/block"

// mark finds the marks of a block, and what can be told by them.
func (rs *records) mark() {
	k := &rs.marker
	k.mark(rs.data, rs.delim, rs.quote)
	alone := k.returns && hasLoneCR(rs.data)
	rs.plain = !rs.cut && !rs.open && !k.quotes && !alone && !rs.has(rs.data, rs.escape, rs.comment)
	rs.marks = k.marks(rs.data, rs.plain)
	rs.markable = !rs.plain && !rs.cut && rs.quote >= 0 && rs.isRFC() && !alone
}

// countTo counts the lines before a position, where a record starts.
func (rs *records) countTo(pos int) {
	if rs.marked && pos >= rs.counted {
		rs.lines += rs.breaks(rs.data[rs.counted:pos])
		rs.line, rs.counted = rs.lines, pos
	}
}

// nextMarked splits the next record by its marks, if it has the given number of
// fields, is as RFC 4180 has it and ends in a line feed. If not, nothing is done,
// and next says what it is.
func (rs *records) nextMarked(width int) bool {
	data, marks, at := rs.data, rs.marks, rs.at
	for at < len(marks) && int(marks[at]) < rs.pos {
		at++ // another has read on
	}
	fields, start := rs.fields[:0], int32(rs.pos)
	for i := 1; ; i++ {
		if at >= len(marks) {
			return false
		}
		f := field{start: start, end: marks[at]}
		at++
		sep := f.end
		if int(data[sep]) == rs.quote {
			if sep != start {
				return false
			}
			for f.start, f.form, f.mark = start+1, quoted, int32(at); ; f.form, at = doubled, at+2 {
				if at+1 >= len(marks) {
					return false
				}
				f.end, sep = marks[at], marks[at+1]
				if int(data[f.end]) != rs.quote {
					return false
				}
				if sep != f.end+1 || int(data[sep]) != rs.quote {
					break
				}
			}
			at += 2
			if sep != f.end+1 && (sep != f.end+2 || data[sep] != '\n' || data[sep-1] != '\r') {
				return false
			}
		} else if data[sep] == '\n' && sep > start && data[sep-1] == '\r' {
			f.end--
		}
		fields = append(fields, f)
		start = sep + 1
		if (data[sep] == '\n') != (i == width) {
			return false
		}
		if i == width {
			break
		}
	}
	if width == 1 && isBlank(fields) || int(start)-rs.pos > block.MaxRecord {
		return false
	}
	rs.fields, rs.start, rs.pos, rs.at = fields, rs.pos, int(start), at
	return true
}
