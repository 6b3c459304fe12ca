package nn

// A batches divides the rows of an epoch.
type batches struct {
	size int
	// joins says that a row that is left over goes with the batch before: a normalisation over
	// a batch of one row makes the same of any row.
	joins bool
}

// next is how many rows the batch has that begins behind so many of the rows, 0 at the end.
func (b batches) next(from, rows int) int {
	left := max(0, rows-from)
	if b.joins && left == b.size+1 {
		return left
	}
	return min(b.size, left)
}

// most is how many rows a batch can have.
func (b batches) most() int {
	if b.joins {
		return b.size + 1
	}
	return b.size
}

// full is how many batches have the size.
func (b batches) full(rows int) int {
	n := rows / b.size
	if b.joins && n > 0 && rows%b.size == 1 {
		n--
	}
	return n
}

// last is how many rows there are behind those, in one batch.
func (b batches) last(rows int) int { return rows - b.full(rows)*b.size }

// count is how many batches there are.
func (b batches) count(rows int) int {
	if b.last(rows) > 0 {
		return b.full(rows) + 1
	}
	return b.full(rows)
}

// batched says how the rows of an epoch are divided.
func (t *trainer) batched() {
	size := min(t.cfg.BatchSize, t.train.rows)
	t.batches = batches{size: size, joins: size > 1 && len(t.norms) > 0}
	if t.batches.joins && t.train.rows == size+1 {
		t.batches.size = t.train.rows // all are one batch
	}
	t.cfg.BatchSize = t.batches.size
}

// alone is a *LayerError if a BatchNorm would see a single value of each feature.
func (t *trainer) alone() error {
	if min(t.cfg.BatchSize, t.train.rows) > 1 {
		return nil
	}
	for _, n := range t.norms {
		if n.In.Size() == n.In.channels() {
			return &LayerError{Path: n.Path, Kind: n.Kind, Text: "cannot normalise over batches of one row: all rows would become the same",
				Todo: "set a larger batch_size, give more rows, or use layer_norm, which normalises each row by itself", from: n.Layer.from}
		}
	}
	return nil
}
