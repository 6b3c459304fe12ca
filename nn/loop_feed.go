package nn

import "sync"

// A feeder brings the batches of an epoch to a plan. While one is computed, a
// goroutine gathers the next, if that is worth while. What comes out does not
// depend on it. Of a set that a device has, it says which rows are the next.
type feeder struct {
	set   *set
	there *resident // nil: rows come from the set
	alter augment   // of the epoch to come; nil: rows stay as they are
	order order
	batches
	ahead bool

	full, empty chan *batch
	quit        chan struct{}
	running     sync.WaitGroup
	foreseen    int   // rows of the epoch that a Foreseer was told of
	soon        []int // memory for those
	from        int   // of the next batch
	rows        []int // without a goroutine
	slots       [2]*batch
	held        *batch // the next one, if somebody has asked for its extent
}

// A batch is rows that were gathered ahead.
type batch struct {
	rows   []int
	x      []given
	y, w   []float32
	weight float64
	extent int // index of it, among those of the set
	err    error
}

// worthAhead is the number of features of a batch from which on handing it over
// costs less than gathering it.
const worthAhead = 1 << 15

func newFeeder(s *set, b batches) *feeder {
	f := &feeder{set: s, batches: b, rows: make([]int, b.most())}
	f.ahead = !s.inMemory || b.size*s.size >= worthAhead || len(s.extents) > 1
	return f
}

// start begins an epoch at a row of an order. stop ends it.
func (f *feeder) start(o order, from int) {
	f.order, f.from = o, from
	if !f.ahead || f.there != nil {
		return
	}
	f.full, f.empty, f.quit = make(chan *batch, 2), make(chan *batch, 2), make(chan struct{})
	for i := range f.slots {
		if f.slots[i] == nil {
			most := f.most()
			f.slots[i] = &batch{rows: make([]int, most), x: newGiven(f.set.inputs, most), y: make([]float32, most*len(f.set.heads)), w: make([]float32, most)}
		}
		f.empty <- f.slots[i]
	}
	f.foreseen = from
	f.running.Go(func() { f.gather(from) })
}

// gather fills batches from a row on until all rows are taken, one cannot be read, or stop.
func (f *feeder) gather(from int) {
	for n := 0; from < f.order.rows; from += n {
		select {
		case <-f.quit:
			return
		case b := <-f.empty:
			n = f.order.take(b.rows[:f.batches.next(from, f.order.rows)], from)
			b.rows = b.rows[:n]
			if b.err = f.foresee(from + n); b.err == nil {
				b.weight, b.extent, b.err = f.set.gather(b.rows, b.x, b.y[:n*len(f.set.heads)], b.w[:n], f.alter)
			}
			f.full <- b // there is room for both
			if b.err != nil {
				return
			}
		}
	}
}

// foreseenBytes is about how much of a file is asked for before it is needed. A disk
// that is told of a single batch at a time stands still between one and the next.
const foreseenBytes = 16 << 20

// foresee tells a Foreseer of the rows that are gathered up to a place of the epoch
// and of some behind it.
func (f *feeder) foresee(to int) error {
	source, ok := f.set.source.(Foreseer)
	if !ok {
		return nil
	}
	const page = 4 << 10 // the least that is read of a row
	ahead := max(f.size, foreseenBytes/max(page, 4*f.set.size))
	to = min(f.order.rows, to+ahead)
	if to < f.order.rows && to-f.foreseen < f.size {
		return nil
	}
	if n := to - f.foreseen; cap(f.soon) < n {
		f.soon = make([]int, n)
	}
	n := f.order.take(f.soon[:to-f.foreseen], f.foreseen)
	f.foreseen = to
	return source.Foresee(f.soon[:n])
}

// next is the number of rows of the next batch, 0 at the end of the epoch.
func (f *feeder) next() int { return f.batches.next(f.from, f.order.rows) }

// extent is the index of that of the next batch, which a plan to load it has to have.
func (f *feeder) extent() int {
	if len(f.set.extents) == 1 || f.there != nil {
		return 0
	}
	if f.held == nil {
		f.held = <-f.full
	}
	return f.held.extent
}

// load gives a plan the next batch, whose targets and weights it copies, as far as
// there is room, and returns the sum of the weights. The batch begins behind so many
// rows of the plan: those of a set that a device has end with it.
func (f *feeder) load(p *plan, y, w []float32) (weight float64, skip int, err error) {
	if f.there == nil {
		weight, err = f.fill(p.x, y, w)
		return weight, 0, err
	}
	n := f.next()
	f.order.take(f.rows[:n], f.from)
	each := len(f.set.heads)
	for i, row := range f.rows[:n] {
		weight += float64(f.there.w[row])
		if i < len(w) {
			w[i] = f.there.w[row]
			copy(y[i*each:(i+1)*each], f.there.y[row*each:])
		}
	}
	skip = max(0, f.from+p.rows-f.order.rows)
	p.row = f.from - skip
	f.from += n
	return weight, skip, nil
}

// fill puts the next batch into memory of its size and returns the sum of its
// weights.
func (f *feeder) fill(x []given, y, w []float32) (weight float64, err error) {
	n := f.next()
	from := f.from
	f.from += n
	if !f.ahead {
		f.order.take(f.rows[:n], from)
		weight, _, err = f.set.gather(f.rows[:n], x, y, w, f.alter)
		return weight, err
	}
	b := f.held
	if f.held = nil; b == nil {
		b = <-f.full
	}
	for i := range x {
		copy(x[i].values, f.set.extents[b.extent].inputs[i].first(b.x[i], n).values)
		copy(x[i].lengths, b.x[i].lengths)
	}
	copy(y, b.y[:n*len(f.set.heads)])
	copy(w, b.w[:n])
	weight, err = b.weight, b.err
	f.empty <- b
	return weight, err
}

// stop ends the goroutine and waits for it.
func (f *feeder) stop() {
	if f.quit == nil {
		return
	}
	close(f.quit)
	f.running.Wait()
	f.quit, f.held = nil, nil
}
