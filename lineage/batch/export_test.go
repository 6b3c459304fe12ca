package batch

// New reads a value of pipe_batch.
func New(data []byte) (*Batch, error) { return newBatch(data) }

// Columns is the number of values in a row.
func (b *Batch) Columns() int { return b.columns }
