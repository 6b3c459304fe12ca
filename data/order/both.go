package order

// Both visits the keys of two columns, in order, and how often each is in one and in
// the other.
func Both(a, b *Column, visit func(key uint64, inA, inB int64)) error {
	all := append(a.windows(), b.windows()...)
	ofA, ofB := all[:len(a.runs)], all[len(a.runs):]
	n, piece := a.n+b.n, a.store.pieceOf(a.n+b.n)
	var sortA, sortB Sorter
	for from := int64(0); from < n; {
		to := min(from+piece, n)
		if to < n {
			next, err := keyAt(all, to)
			if err != nil {
				return err
			}
			if to, err = cut(all, next, true); err != nil {
				return err
			}
			if to == from { // more of one key than is looked at in one go
				if to, err = cut(all, next, false); err != nil {
					return err
				}
				visit(next, left(ofA), left(ofB))
				advance(all)
				from = to
				continue
			}
		} else {
			for i := range all {
				all[i].to = all[i].n
			}
		}
		inA, err := between(ofA, &sortA)
		if err != nil {
			return err
		}
		inB, err := between(ofB, &sortB)
		if err != nil {
			return err
		}
		merge(inA, inB, visit)
		advance(all)
		from = to
	}
	return nil
}

// merge visits the keys of two runs.
func merge(a, b Run, visit func(key uint64, inA, inB int64)) {
	for len(a) > 0 || len(b) > 0 {
		var key uint64
		if len(b) == 0 || len(a) > 0 && a[0] <= b[0] {
			key = a[0]
		} else {
			key = b[0]
		}
		inA, inB := a.leading(key), b.leading(key)
		visit(key, int64(inA), int64(inB))
		a, b = a[inA:], b[inB:]
	}
}

// leading is how many keys at the beginning are one.
func (r Run) leading(key uint64) (n int) {
	for n < len(r) && r[n] == key {
		n++
	}
	return n
}

// left is how many keys are in the windows.
func left(windows []window) (n int64) {
	for _, w := range windows {
		n += w.to - w.from
	}
	return n
}

// advance goes on behind the windows.
func advance(windows []window) {
	for i := range windows {
		windows[i].from = windows[i].to
	}
}
