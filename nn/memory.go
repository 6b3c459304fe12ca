package nn

import "errors"

// Memory is how many bytes Train will need for so many rows of training and of
// validation data (0: there is none), beside what the data is kept in. It is
// known before the first step: parameters with their gradients and what the
// optimizer keeps of each, the plans of all batch sizes, whose memory those of
// short rows use, and batches that are gathered ahead. Nothing is
// computed, and none of the memory is used.
func Memory(spec Spec, sig Signature, rows, validation int, cfg Config) (bytes int, err error) {
	t, _, err := assemble(spec, sig, cfg, false)
	if err != nil {
		return 0, err
	}
	t.train = setOf(max(1, rows), t.sig)
	if validation > 0 {
		t.validate = setOf(validation, t.sig)
	}
	err = t.prepare()
	bytes = t.bytes()
	return bytes, errors.Join(err, t.close())
}

// bytes is the memory of everything that prepare has made.
func (t *trainer) bytes() int {
	n := 2 * len(t.numbers.flat) // and gradients
	if t.monitor() != "" {
		n += len(t.numbers.flat) // the best
	}
	if t.update != nil {
		for _, m := range t.update.memory {
			n += len(m)
		}
		if t.update.average != nil {
			n += len(t.update.average.flat)
		}
	}
	for _, f := range append(t.measure[:], t.feed) {
		if f != nil && f.ahead {
			n += len(f.slots) * f.most() * (f.set.size + 1 + len(f.set.heads))
		}
	}
	bytes := 4 * n
	for _, p := range t.plans {
		bytes += p.bytes()
	}
	for i, p := range t.evals {
		if p != nil && (i == 0 || p != t.evals[0]) {
			bytes += p.bytes()
		}
	}
	if t.update != nil && t.update.program != nil {
		bytes += t.update.program.Bytes()
	}
	return bytes
}

// bytes is the memory of a plan with that of its batch.
func (p *plan) bytes() int {
	n := 4 * (len(p.y) + len(p.weight))
	for _, g := range p.x {
		n += 4 * (len(g.values) + len(g.lengths))
	}
	if p.program != nil {
		n += p.program.Bytes()
	}
	if p.probe != nil {
		n += p.probe.Bytes()
	}
	return n
}
