// Package relation finds rows of tables by the values of columns: it joins tables,
// puts rows into groups, and finds rows that are there twice. Tables may be larger
// than memory: what is beyond a bound goes to files, dealt by a hash of the values,
// so that rows with equal ones meet again. What comes out depends on neither the
// hash nor the number of threads, in values and in order. It knows no stage.
package relation

// Budget is how many bytes of rows, keys and states are held in memory, about.
const Budget = 256 << 20

// A Scratch gives the folder for temporary files.
type Scratch func() (string, error)

// Means are what the work is done with.
type Means struct {
	Threads int
	Budget  int64 // bytes that may be held in memory, about; 0 is Budget
	Scratch Scratch

	rows int64 // that are worked on at a time, for tests; 0 for as many as are usual

	Progress func(done, total int64) // is told how far the work has come, in rows; nil if nobody asks
}

func (m Means) progress(done, total int64) {
	if m.Progress != nil {
		m.Progress(done, total)
	}
}

func (m Means) budget() int64 {
	if m.Budget == 0 {
		return Budget
	}
	return m.Budget
}
