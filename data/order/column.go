package order

import (
	"math"
	"slices"
)

// A Column is a column of numbers, or of keys that somebody else has made. It is for
// one goroutine.
type Column struct {
	store *Store
	runs  []stored
	n     int64
}

// Add adds a run, which belongs to the column from then on.
func (c *Column) Add(r Run) error {
	if len(r) == 0 {
		return nil
	}
	s, err := c.store.keep(r)
	if err != nil {
		return err
	}
	c.runs = append(c.runs, s)
	c.n += int64(len(r))
	return nil
}

// Len is how many numbers there are.
func (c *Column) Len() int64 { return c.n }

// Free forgets the numbers.
func (c *Column) Free() {
	for _, r := range c.runs {
		c.store.held -= 8 * int64(len(r.keys))
	}
	c.runs, c.n = nil, 0
}

// A window is the part of a run that a search has not ruled out.
type window struct {
	stored
	from, to int64
	some     []uint64 // keys from one on that were read from a file
	at       int64
}

// windows are all of all runs.
func (c *Column) windows() []window {
	list := make([]window, len(c.runs))
	for i, r := range c.runs {
		list[i] = window{stored: r, to: r.n}
	}
	return list
}

// after finds the first place in the window, or its end, whose key is greater than
// one, or, with or, equal to it.
func (w *window) after(key uint64, or bool) (int64, error) {
	from, to := w.from, w.to
	for from < to {
		if w.keys == nil && to-from <= atOnce && (w.some == nil || from < w.at || to > w.at+int64(len(w.some))) {
			some := make([]uint64, to-from)
			if err := w.read(some, from); err != nil {
				return 0, err
			}
			w.some, w.at = some, from
		}
		middle := from + (to-from)/2
		k, err := w.key(middle)
		if err != nil {
			return 0, err
		}
		if k > key || or && k == key {
			to = middle
		} else {
			from = middle + 1
		}
	}
	return from, nil
}

func (w *window) key(i int64) (uint64, error) {
	switch {
	case w.keys != nil:
		return w.keys[i], nil
	case w.some != nil && i >= w.at && i < w.at+int64(len(w.some)):
		return w.some[i-w.at], nil
	}
	var one [1]uint64
	err := w.read(one[:], i)
	return one[0], err
}

// At is the number at a place of the order, counted from 0.
func (c *Column) At(place int64) (float64, error) {
	key, err := c.keyAt(place)
	return Number(key), err
}

// keyAt halves the range of keys until few are left, which are sorted.
func (c *Column) keyAt(place int64) (uint64, error) {
	windows := c.windows()
	least, most := uint64(math.MaxUint64), uint64(0)
	for _, r := range c.runs {
		least, most = min(least, r.first), max(most, r.last)
	}
	ends := make([]int64, len(windows))
	for least < most {
		middle := least + (most-least)/2
		var below, left int64
		for i := range windows {
			end, err := windows[i].after(middle, false)
			if err != nil {
				return 0, err
			}
			ends[i] = end
			below += end
		}
		for i := range windows {
			w := &windows[i]
			if below > place {
				w.to = ends[i]
			} else {
				w.from = ends[i]
			}
			left += w.to - w.from
		}
		if below > place {
			most = middle
		} else {
			least = middle + 1
		}
		if left <= atOnce {
			keys, first, err := between(windows)
			if err != nil {
				return 0, err
			}
			return keys[place-first], nil
		}
	}
	return least, nil
}

// between gives the keys in the windows, in order, and how many are before them.
func between(windows []window) (keys []uint64, before int64, err error) {
	for i := range windows {
		w := &windows[i]
		before += w.from
		n := len(keys)
		keys = slices.Grow(keys, int(w.to-w.from))[:n+int(w.to-w.from)]
		if w.keys != nil {
			copy(keys[n:], w.keys[w.from:w.to])
		} else if err := w.read(keys[n:], w.from); err != nil {
			return nil, 0, err
		}
	}
	if len(keys) < fewKeys {
		slices.Sort(keys)
		return keys, before, nil
	}
	return sortDigits(keys), before, nil
}

// Below is how many numbers are smaller than one.
func (c *Column) Below(x float64) (n int64, err error) {
	windows := c.windows()
	return c.cut(windows, Key(x), true)
}

// cut ends all windows before a key, or, without or, behind it, and says how many
// keys lie before that.
func (c *Column) cut(windows []window, key uint64, or bool) (n int64, err error) {
	for i := range windows {
		w := &windows[i]
		w.to = w.n
		if w.to, err = w.after(key, or); err != nil {
			return 0, err
		}
		n += w.to
	}
	return n, nil
}

// Mode is the number that is there most often, the smallest of several, and how
// often. There is at least one.
func (c *Column) Mode() (x float64, count int64, err error) {
	var mode uint64
	err = c.Each(func(key uint64, n int64) {
		if n > count {
			mode, count = key, n
		}
	})
	return Number(mode), count, err
}

// Each visits the keys that there are, in order, and how often each is there.
func (c *Column) Each(visit func(key uint64, n int64)) error {
	windows := c.windows()
	for from := int64(0); from < c.n; {
		to := from + c.store.piece
		if to < c.n {
			next, err := c.keyAt(to)
			if err != nil {
				return err
			}
			if to, err = c.cut(windows, next, true); err != nil {
				return err
			}
			if to == from { // more of one key than is looked at in one go
				if to, err = c.cut(windows, next, false); err != nil {
					return err
				}
				visit(next, to-from)
				advance(windows)
				from = to
				continue
			}
		} else {
			for i := range windows {
				windows[i].to = windows[i].n
			}
			to = c.n
		}
		keys, _, err := between(windows)
		if err != nil {
			return err
		}
		for len(keys) > 0 {
			n := 1
			for n < len(keys) && keys[n] == keys[0] {
				n++
			}
			visit(keys[0], int64(n))
			keys = keys[n:]
		}
		advance(windows)
		from = to
	}
	return nil
}

// advance goes on behind the windows.
func advance(windows []window) {
	for i := range windows {
		windows[i].from = windows[i].to
	}
}
