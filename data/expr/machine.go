package expr

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
)

// A part is a node whose type is known, with what computes it.
type part struct {
	at    int
	name  string // of the function or operator; of a column its name
	kind  Kind
	dtype arrow.DataType // of a column of it
	args  []*part

	reg    int      // the vec that holds it
	try    int      // that of the innermost try around it; -1: none
	value  *literal // of a constant
	column int      // of a column, its place among those of the program; else -1

	// lead begins the arguments in messages: those that are no args any more.
	lead string

	// finds says that run finds what is NaN by what it makes of it, so that nobody
	// has to look for it before.
	finds bool

	// run computes the values from those of the arguments, which are strict: what
	// is missing in one of them is missing in the result before it is called.
	run kernel
	// lazy computes them and the arguments, in those rows where they matter.
	lazy func(m *machine, p *part, mask bitset) *vec
}

type kernel func(m *machine, p *part, in []*vec, out *vec)

// A Note says that values are missing though what they were computed of was
// there: they have none, such as 1/0, or try() found that they cannot be had.
type Note struct {
	At      int    // byte of the expression with the operator or function
	Tried   bool   // try() was around it
	Count   int64  // of rows
	Row     int64  // the first of them, from 0
	Example string // what was to be computed there
}

// Notes are what was met in some rows.
type Notes []Note

// Add joins the notes of later rows.
func (n *Notes) Add(later Notes) {
	for _, l := range later {
		at := slices.IndexFunc(*n, func(o Note) bool { return o.At == l.At && o.Tried == l.Tried })
		if at < 0 {
			*n = append(*n, l)
			continue
		}
		(*n)[at].Count += l.Count
	}
	slices.SortStableFunc(*n, func(a, b Note) int { return cmp.Compare(a.At, b.At) })
}

// A RowError is a value that cannot be computed.
type RowError struct {
	Row  int64 // of the table, from 0
	At   int   // byte of the expression
	Msg  string
	Todo string
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %s", e.Row+1, e.Msg) }

// Hint says what to write instead.
func (e *RowError) Hint() string { return e.Todo }

// A Program is an expression that was bound to columns. It is safe for concurrent
// use.
type Program struct {
	text     string
	root     *part
	inputs   []string // names of columns
	regs     int
	machines sync.Pool
}

// Inputs are the columns that Eval wants, in their order.
func (p *Program) Inputs() []string { return p.inputs }

// Type is that of the column that Eval makes.
func (p *Program) Type() arrow.DataType { return p.root.dtype }

// Eval computes rows of a table, of which the first has the number row, from 0.
// columns are those of Inputs. The error is a *RowError of the first row that has
// one.
func (p *Program) Eval(columns []arrow.Array, rows int, row int64) (arrow.Array, Notes, error) {
	if p.root.column >= 0 { // is passed on as it is
		arr := columns[p.root.column]
		arr.Retain()
		return arr, nil, nil
	}
	m, ok := p.machines.Get().(*machine)
	if !ok {
		m = newMachine(p)
	}
	defer func() {
		m.columns = nil
		if p.root.value == nil {
			own := &m.regs[p.root.reg].own
			own.f, own.i = nil, nil // are those of the result
		}
		p.machines.Put(m)
	}()
	m.columns = columns
	clear(m.notes)
	out := newSink(p.root.dtype, rows)
	for from := 0; from < rows; from += chunk {
		m.n, m.from, m.row, m.failed = min(chunk, rows-from), from, row+int64(from), nil
		clear(m.loaded)
		if p.root.value == nil {
			out.lend(&m.regs[p.root.reg], p.root.kind, m.n)
		}
		v := m.eval(p.root, nil)
		if m.failed != nil {
			return nil, nil, m.failed
		}
		if err := out.add(v, p.root.kind, m.n); err != nil {
			return nil, nil, &RowError{Row: m.row, At: p.root.at, Msg: err.Error(), Todo: diag.HintOf(err)}
		}
	}
	var notes Notes
	for _, n := range m.notes {
		if n.Count > 0 {
			notes.Add(Notes{n})
		}
	}
	return out.array(), notes, nil
}

// A machine computes one chunk at a time.
type machine struct {
	program *Program
	regs    []vec
	in      [][]*vec    // of each part, where its arguments are
	masks   [][2]bitset // of each lazy part
	notes   []Note      // of each part
	loaded  []loading   // of each input
	columns []arrow.Array

	n      int    // rows of the chunk
	from   int    // its first row in the columns
	row    int64  // and in the table
	mask   bitset // rows that matter to the kernel that is running; nil: all
	failed *RowError
}

func newMachine(p *Program) *machine {
	m := &machine{program: p, regs: make([]vec, p.regs), in: make([][]*vec, p.regs), masks: make([][2]bitset, p.regs),
		notes: make([]Note, p.regs), loaded: make([]loading, len(p.inputs))}
	m.constants(p.root)
	return m
}

// constants fills in what never changes.
func (m *machine) constants(p *part) {
	m.in[p.reg] = make([]*vec, len(p.args))
	if l := p.value; l != nil {
		v := &m.regs[p.reg]
		v.prepare(p.kind, chunk)
		if l.kind == Missing {
			clear(v.validity(chunk))
			if p.kind == Bool {
				clear(v.b)
			}
		}
		for i := range chunk {
			switch {
			case p.kind.whole():
				v.i[i] = l.i
			case p.kind == Float:
				v.f[i] = l.f
			case p.kind == Text:
				v.s[i] = l.s
			}
		}
		if p.kind == Bool && l.b {
			v.b.fill(chunk)
		}
	}
	if p.lazy != nil {
		m.masks[p.reg] = [2]bitset{make(bitset, chunkWords), make(bitset, chunkWords)}
	}
	for _, a := range p.args {
		m.constants(a)
	}
}

// eval computes a part in the rows of a mask; nil: all.
func (m *machine) eval(p *part, mask bitset) *vec {
	out := &m.regs[p.reg]
	switch {
	case p.value != nil:
		m.cut(out, p)
		return out
	case p.column >= 0:
		m.load(p, out)
		if p.kind == Float && m.loaded[p.column] != clean {
			m.loaded[p.column] = clean
			out.withoutNaN(m.n)
		}
		return out
	case p.lazy != nil:
		return p.lazy(m, p, mask)
	}
	in := m.in[p.reg]
	for i, a := range p.args {
		if p.finds && a.column >= 0 {
			in[i] = &m.regs[a.reg]
			m.load(a, in[i])
			continue
		}
		in[i] = m.eval(a, mask)
	}
	out.prepare(p.kind, m.n)
	out.strict(in, m.n)
	m.mask = mask
	p.run(m, p, in, out)
	return out
}

// A loading says how far a column of the chunk is.
type loading uint8

const (
	absent loading = iota
	loaded
	clean // what is NaN is missing
)

func (m *machine) load(p *part, v *vec) {
	if m.loaded[p.column] == absent {
		m.loaded[p.column] = loaded
		v.load(m.columns[p.column], p.kind, m.from, m.n)
	}
}

// cut makes a constant as long as the chunk.
func (m *machine) cut(v *vec, p *part) {
	switch {
	case p.kind.whole():
		v.i = v.own.i[:m.n]
	case p.kind == Float:
		v.f = v.own.f[:m.n]
	case p.kind == Text:
		v.s = v.own.s[:m.n]
	case p.kind == Bool:
		if v.b = v.own.b[:words64(m.n)]; p.value.b {
			v.b.fill(m.n)
		}
	}
	if v.own.valid != nil {
		v.valid = v.own.valid[:words64(m.n)]
	}
}

// matters says whether a row is one that is asked for and there.
func (m *machine) matters(v *vec, i int) bool { return m.mask.has(i) && v.valid.has(i) }

// undefined makes a value missing that has none, and counts it.
func (m *machine) undefined(p *part, in []*vec, out *vec, i int) {
	if m.matters(out, i) {
		m.note(p, in, i, p.try >= 0)
	}
	out.drop(i, m.n)
}

// reject makes a value an error, or that of the try around it missing.
func (m *machine) reject(p *part, in []*vec, out *vec, i int, why, todo string) {
	if !m.matters(out, i) {
		return
	}
	out.drop(i, m.n)
	if p.try >= 0 {
		if failed := m.masks[p.try][0]; failed[i/64]>>(i%64)&1 == 0 {
			failed[i/64] |= 1 << (i % 64)
			m.note(p, in, i, true)
		}
		return
	}
	row := m.row + int64(i)
	if m.failed == nil || row < m.failed.Row || row == m.failed.Row && p.at < m.failed.At {
		m.failed = &RowError{Row: row, At: p.at, Msg: p.example(in, i) + " " + why, Todo: todo}
	}
}

func (m *machine) note(p *part, in []*vec, i int, tried bool) {
	n := &m.notes[p.reg]
	if n.Count == 0 {
		*n = Note{At: p.at, Tried: tried, Row: m.row + int64(i), Example: p.example(in, i)}
	}
	n.Count++
}

// example writes what was to be computed in a row.
func (p *part) example(in []*vec, i int) string {
	texts := make([]string, len(in))
	for k, v := range in {
		a := p.args[k]
		if !v.valid.has(i) {
			texts[k] = "missing"
			continue
		}
		texts[k] = a.text(v, i)
	}
	if _, is := levels[p.name]; is && len(texts) == 2 {
		return texts[0] + " " + p.name + " " + texts[1]
	}
	if p.name == "neg" {
		return "-" + texts[0]
	}
	list := p.lead
	for k, t := range texts {
		if k > 0 {
			list += ", "
		}
		list += t
	}
	return p.name + "(" + list + ")"
}

// text writes a value for a message.
func (p *part) text(v *vec, i int) string {
	if p.kind == Text {
		return diag.Quote(v.s[i])
	}
	s := newSink(p.dtype, 1)
	one := vec{}
	switch {
	case p.kind.whole():
		one.i = v.i[i : i+1]
	case p.kind == Float:
		one.f = v.f[i : i+1]
	case p.kind == Bool:
		return fmt.Sprint(v.b.has(i))
	}
	if s.add(&one, p.kind, 1) != nil {
		return p.kind.String()
	}
	return s.texts()[0]
}
