package cell

import "bytes"

// noted are the values of a column that are not written as programs do, but as a
// setting says.
type noted struct {
	count int64
	used  used
	first *example

	// Numbers without a percent sign, but 0, where percentages are read.
	bare      int64
	firstBare *example
}

// note counts a value that a notation reads.
func (t *Tally) note(in *Rules, c class, u used, form Form, text []byte) Verdict {
	v := Fine
	if c.number() {
		t.decimals |= tooLong // it is no version
	}
	if c >= firstExample {
		v = t.count(in, c, form, text)
	} else {
		t.classes[c]++
	}
	if u&usedPercent == 0 {
		v = t.beside(in, c, form, text, v)
	}
	return t.use(u, text, v)
}

// use counts a value that uses what settings say. v is what is known of it so far.
func (t *Tally) use(u used, text []byte, v Verdict) Verdict {
	if t.noted == nil {
		t.noted = new(noted)
	}
	if t.noted.count == 0 {
		t.noted.first, v = t.seen(text, v), First
	}
	t.noted.count++
	t.noted.used |= u
	return v
}

// beside counts a number without a percent sign where others may have one. v is what
// is known of it so far.
func (t *Tally) beside(in *Rules, c class, form Form, text []byte, v Verdict) Verdict {
	if in.Notation == nil || !in.Notation.Percent || !c.number() || form == Number || len(bytes.Trim(text, "-0.,")) == 0 {
		return v
	}
	if t.noted == nil {
		t.noted = new(noted)
	}
	if t.noted.bare == 0 {
		t.noted.firstBare, v = t.seen(text, v), First
	}
	t.noted.bare++
	return v
}

// besideExpected is beside for a value of a column that others were read as. What a
// setting declares to be numbers has been looked at.
func (t *Tally) besideExpected(in *Rules, column ColumnType, form Form, text []byte) Verdict {
	if !column.Expected || column.Type != Int64 && column.Type != Float64 {
		return Fine
	}
	return t.beside(in, classFloat, form, text, Fine)
}

// seen is the example of a value, which there may be already.
func (t *Tally) seen(text []byte, v Verdict) *example {
	if v == Fine {
		t.last = exampleOf(text)
	}
	return t.last
}

// add adds what was noted of later records, which start after a number of lines.
func (n *noted) add(m *noted, lines int64) {
	if n.count == 0 && m.count > 0 {
		n.first = m.first.after(lines)
	}
	if n.bare == 0 && m.bare > 0 {
		n.firstBare = m.firstBare.after(lines)
	}
	n.count += m.count
	n.bare += m.bare
	n.used |= m.used
}
