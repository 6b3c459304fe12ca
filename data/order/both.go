package order

import "iter"

// Both visits the keys of two columns, in order, and how often each is in one and in
// the other.
func Both(a, b *Column, visit func(key uint64, inA, inB int64)) error {
	var failed error
	next, stop := iter.Pull2(func(yield func(uint64, int64) bool) {
		going := true
		failed = b.Each(func(key uint64, n int64) { going = going && yield(key, n) })
	})
	defer stop()
	key, n, more := next()
	err := a.Each(func(at uint64, inA int64) {
		for more && key < at {
			visit(key, 0, n)
			key, n, more = next()
		}
		inB := int64(0)
		if more && key == at {
			inB = n
			key, n, more = next()
		}
		visit(at, inA, inB)
	})
	if err != nil {
		return err
	}
	for ; more; key, n, more = next() {
		visit(key, 0, n)
	}
	return failed
}
