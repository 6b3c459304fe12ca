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
	held  int64 // bytes of it in memory
	n     int64
}

// Add adds what is in a run.
func (c *Column) Add(r Run) error {
	if len(r) == 0 {
		return nil
	}
	c.runs = append(c.runs, stored{n: int64(len(r)), first: r[0], last: r[len(r)-1], keys: slices.Clone(r)})
	c.n += int64(len(r))
	c.held += 8 * int64(len(r))
	c.store.held += 8 * int64(len(r))
	return c.store.shrink()
}

// Len is how many numbers there are.
func (c *Column) Len() int64 { return c.n }

// Free forgets the numbers.
func (c *Column) Free() {
	c.store.held -= c.held
	c.runs, c.held, c.n = nil, 0, 0
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
	key, err := keyAt(c.windows(), place)
	return Number(key), err
}

// keyAt halves the range of keys from the windows on until few are left, which are
// sorted. The place is one among all keys, also those before the windows.
func keyAt(windows []window, place int64) (uint64, error) {
	windows = slices.Clone(windows)
	least, most := uint64(math.MaxUint64), uint64(0)
	for i := range windows {
		w := &windows[i]
		w.to = w.n
		least, most = min(least, w.first), max(most, w.last)
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
			var s Sorter
			keys, err := between(windows, &s)
			if err != nil {
				return 0, err
			}
			for _, w := range windows {
				place -= w.from
			}
			return keys[place], nil
		}
	}
	return least, nil
}

// between gives the keys in the windows, in order. They are in memory of the Sorter.
func between(windows []window, s *Sorter) (Run, error) {
	n := 0
	for _, w := range windows {
		n += int(w.to - w.from)
	}
	keys := s.room(n)
	for _, w := range windows {
		n := len(keys)
		keys = keys[:n+int(w.to-w.from)]
		if w.keys != nil {
			copy(keys[n:], w.keys[w.from:w.to])
		} else if err := w.read(keys[n:], w.from); err != nil {
			return nil, err
		}
	}
	return s.SortKeys(keys), nil
}

// Below is how many numbers are smaller than one.
func (c *Column) Below(x float64) (n int64, err error) { return cut(c.windows(), Key(x), true) }

// cut ends all windows before a key, or, without or, behind it, and says how many
// keys lie before that.
func cut(windows []window, key uint64, or bool) (n int64, err error) {
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
	return Both(c, &Column{store: c.store}, func(key uint64, n, _ int64) { visit(key, n) })
}
