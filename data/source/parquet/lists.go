package parquet

import (
	"context"
	"errors"
	"fmt"
	mathbits "math/bits"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// Lists are what is stored of a column that has a list of numbers in each row. Each
// number, and each list without one, has two levels: the repetition level is 0 where a
// row begins, and the definition level says how much of it there is.
type lists struct {
	full    uint32 // definition level of a number that is there
	empty   uint32 // of a list without numbers; below it is a list that is missing
	gaps    bool   // lists may be missing, or have numbers that are
	element table.Element
	lost    atomic.Int64 // lists of which numbers were rounded
}

// mostList bounds the bytes of a list, which is in memory at once.
const mostList = 64 << 20

// width is how many bits a definition level has.
func (l *lists) width() int { return mathbits.Len32(l.full) }

// list finds the elements of a list in the ways in which they are written: in a group
// in a group, as the format has it now, or in one, or in none, as it once was. rest is
// what follows in the schema. There is none if the list is nil.
func (e *element) list(rest []element) (of element, list *lists) {
	if e.physical >= 0 {
		if e.repetition != repeated {
			return of, nil
		}
		return *e, &lists{full: 1}
	}
	if e.means().kind != logicalList || e.repetition == repeated || e.children != 1 || len(rest) == 0 || rest[0].repetition != repeated {
		return of, nil
	}
	l := &lists{full: 1}
	if e.repetition == optional {
		l.full, l.empty = 2, 1
	}
	inner := rest[0]
	switch {
	case inner.physical >= 0:
		return inner, l
	case inner.children != 1 || len(rest) < 2 || rest[1].physical < 0 || rest[1].repetition == repeated,
		inner.name == "array", inner.name == e.name+"_tuple": // a list of structs, as the format says
		return of, nil
	}
	if rest[1].repetition == optional {
		l.full++
	}
	return rest[1], l
}

// decideList finds the cast of the elements of a list.
func (l *leaf) decideList(of element, list *lists) error {
	of.repetition = required
	if err := l.decide(of); err != nil {
		return err
	}
	var ok bool
	if list.element, ok = table.ElementNamed(l.cast.to); !ok || l.cast.size == 0 {
		return nested(element{physical: -1}, logical{kind: logicalList})
	}
	l.list = list
	return nil
}

// levels are those of some numbers, which were read and not used.
type levels struct {
	starts, full []uint32
	buf          [2][step]uint32
	open         bool // a row has begun
}

var errLevels = errors.New("a row goes on that did not begin")

// nextLists is next of a column of lists. A row may begin on one page and end on
// another.
func (c *cursor) nextLists(ctx context.Context, most limit) (*piece, arrow.Array, error) {
	p, l, v := c.memory.piece(), c.leaf.list, &c.pending
	p.valid = p.valid[:0]
	p.ends = append(p.ends, 0)
	count := 0
	end := func() {
		v.open = false
		p.ends = append(p.ends, int32(count))
		p.rows++
		c.rows--
		c.at++
	}
	for whole := false; !whole; {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if len(v.starts) == 0 {
			ok, err := c.moreLevels()
			if err != nil {
				return nil, nil, err
			}
			if !ok {
				break
			}
		}
		present, used := 0, 0
		for ; used < len(v.starts); used++ {
			switch full := v.full[used]; {
			case v.starts[used] == 0:
				if v.open {
					end()
				}
				if whole = p.rows == most.rows || p.rows > 0 && count*c.leaf.cast.size >= most.text; whole {
					break
				}
				if c.rows == 0 {
					return nil, nil, errors.New("its pages have more rows than the row group")
				}
				v.open = true
				fallthrough
			default:
				switch {
				case !v.open:
					return nil, nil, errLevels
				case full == l.full:
					present, count = present+1, count+1
				case full != l.empty && l.gaps:
					p.gap(p.rows)
				case full > l.empty:
					return nil, nil, fmt.Errorf("row %d of the row group: %w", c.at+1, table.ErrNoElement)
				case full < l.empty:
					return nil, nil, table.ErrNoList(c.at + 1)
				case v.starts[used] != 0:
					return nil, nil, errLevels
				}
			}
			if whole {
				break
			}
			if n := count - int(p.ends[p.rows]); n > table.MostListed || n*c.leaf.cast.size > mostList {
				return nil, nil, fmt.Errorf("row %d of the row group: a list of more than %d MiB", c.at+1, mostList>>20)
			}
		}
		v.starts, v.full = v.starts[used:], v.full[used:]
		if present > 0 {
			if c.page.fixed == nil {
				return nil, nil, errors.New("a page holds no numbers")
			}
			have, size := len(p.fixed), c.leaf.cast.size
			p.fixed = append(p.fixed, make([]byte, present*size)...)
			if err := c.page.fixed.read(p.fixed[have:], present); err != nil {
				return nil, nil, fmt.Errorf("row %d of the row group: %w", c.at+1, err)
			}
		}
	}
	if v.open && len(v.starts) == 0 { // the last row of the group
		end()
	}
	if p.rows == 0 || len(v.starts) == 0 && c.rows > 0 {
		return nil, nil, fmt.Errorf("its pages end after row %d of the row group, which has %d", c.at, c.at+c.rows)
	}
	values, err := c.elements(p)
	if err != nil {
		return nil, nil, err
	}
	if len(p.valid) > 0 {
		return p, table.NewGaps(l.element.Of(), p.ends, values, p.validOf(p.rows)), nil
	}
	return p, table.NewRagged(l.element.Of(), p.ends, values), nil
}

// gap makes the list of a row missing.
func (p *piece) gap(row int) {
	p.valid = p.validOf(row + 1)
	p.valid[row/8] &^= 1 << (row % 8)
}

// validOf is the bitmap of so many rows.
func (p *piece) validOf(rows int) []byte {
	for len(p.valid) < (rows+7)/8 {
		p.valid = append(p.valid, 0xff)
	}
	return p.valid
}

// moreLevels reads the next levels. ok is false at the end.
func (c *cursor) moreLevels() (ok bool, err error) {
	if c.page.left == 0 {
		if ok, err := c.open(); !ok {
			return false, err
		}
	}
	v := &c.pending
	n := min(c.page.left, step)
	v.starts, v.full = v.buf[0][:n], v.buf[1][:n]
	if err := errors.Join(c.page.starts.read(v.starts), c.page.levels.read(v.full)); err != nil {
		return false, fmt.Errorf("levels: %w", err)
	}
	c.page.left -= n
	return true, nil
}

// elements makes the numbers of a piece those of a table.
func (c *cursor) elements(p *piece) ([]byte, error) {
	l, size := c.leaf.list, c.leaf.cast.size
	values, kept, err := l.element.Convert(p.fixed)
	for row := 0; row < p.rows && (err != nil || !kept); row++ {
		list := p.fixed[int(p.ends[row])*size : int(p.ends[row+1])*size]
		_, fine, failed := l.element.Convert(list)
		if failed != nil && l.gaps {
			clear(list)
			p.gap(row)
			continue
		}
		if failed != nil {
			return nil, fmt.Errorf("row %d of the row group: %w", c.at-int64(p.rows)+int64(row)+1, failed)
		}
		if !fine {
			l.lost.Add(1)
		}
	}
	if err != nil { // of lists that are missing now
		values, _, err = l.element.Convert(p.fixed)
	}
	return values, err
}
