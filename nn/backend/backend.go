// Package backend says what a processor does for package nn: it compiles graphs
// to programs over variables. Package nn/cpu is the first, package nn/xla is that
// of devices with memory of their own.
package backend

import (
	"time"

	"pipe/nn/graph"
)

// A Backend compiles graphs for a processor. It may be used by several goroutines,
// unless it is a Device.
type Backend interface {
	// Name tells it from others, for people: "cpu, kernels for avx512".
	Name() string
	// Variable makes memory that programs share and that outlives their runs. It
	// holds data, which belongs to the variable from now on. parts are the sizes of
	// what places consist of, one behind the other: each is some of them. If there
	// are none, each place is all of it.
	Variable(data []float32, parts ...int) Variable
	// Compile makes a program that computes the nodes to keep and all that
	// operators write into states; of the rest nothing more than they need. The
	// error names the layer and the operator that the backend does not know.
	Compile(g *graph.Graph, keep []*graph.Node, o Options) (Program, error)
}

// A Variable is numbers that a Backend keeps, where it computes: parameters, what
// an optimiser remembers. No program that uses it may run meanwhile. Close it after
// those that use it.
type Variable interface {
	Size() int
	Read(into []float32) error
	Write(from []float32) error
	Close() error
}

// A Place is a part of a variable, as large as the leaf that stands for it.
type Place struct {
	Variable Variable
	From     int
	// Batch says that the first dimension of the leaf is the rows of a batch, which
	// devices may divide among themselves.
	Batch bool
}

// Options say how to compile.
type Options struct {
	Threads int // that work on a run; 0: one for each CPU
	// Places are where leaves are. Those that are not named have memory of the
	// program's own, which holds 0 until it is written.
	Places map[*graph.Node]Place
	// Within is a program of the backend whose memory this one may use: of the two one at
	// a time runs, and what it gives is read before the other does. It is closed after this
	// one. Nil: there is none.
	Within Program
}

// A Program is a compiled graph. One goroutine at a time may use it, and one of
// the programs that share a variable. Close it after use.
type Program interface {
	// Run runs it once. step chooses the random numbers.
	Run(step uint64) error
	// Write fills a leaf, from its first number on; Read copies a node that was
	// kept, or a leaf, as many numbers as there is room for.
	Write(leaf *graph.Node, from []float32)
	Read(n *graph.Node, into []float32) error
	// Bytes is the memory of the program beside variables.
	Bytes() int
	// Flops is the number of floating point operations of a run.
	Flops() float64
	// Profile runs it so many times, piece by piece, and says how long each took.
	Profile(runs int) []Timing
	// FirstNonFinite runs it once more, slowly, and says after which operator a
	// result is not finite first; false if there is none.
	FirstNonFinite() (Fault, bool)
	Close() error
}

// A Device is a Backend with memory of its own. It does what it is asked for in
// that order, but later: who reads, waits. One goroutine at a time may use it and
// what it makes.
type Device interface {
	Backend
	// Join makes one program of graphs that are computed one after the other. What
	// one leaves in variables, the next finds there.
	Join(parts []Part, o JoinOptions) (Queue, error)
	// Ahead is how many runs may be asked for before somebody looks at the results
	// of the first.
	Ahead() int
	// Table brings rows of a data set to the device. Its content belongs to the
	// device from now on.
	Table(c Content) (Table, error)
	// Order makes an order of rows, at first as they are.
	Order(rows int) (Order, error)
	// Room is how many bytes of tables are welcome.
	Room() int64
}

// A Content is rows of numbers of one type, whose slice is in use.
type Content struct {
	Rows int
	F32  []float32
	I32  []int32
	U8   []uint8
}

// A Table is rows that a Device keeps. Close it after the programs that use it.
type Table interface{ Close() }

// An Order is in which order the rows of tables are taken.
type Order interface {
	Write(rows []int32) error
	Close()
}

// Rows say where a leaf comes from whose first dimension is the rows of a batch:
// from a table. They are the rows from the one on that the run begins at
// (Queue.From), in an order.
type Rows struct {
	Table Table
	Order Order   // nil: as they are
	Scale float64 // what numbers are multiplied by; 0 is 1
	// What is then taken from the numbers of each channel, the first dimension of a
	// row, and what they are divided by. Nil: nothing, and 1.
	Center, Deviation []float64
}

// A Part is one of the graphs of a program.
type Part struct {
	Graph  *graph.Graph
	Keep   []*graph.Node
	Places map[*graph.Node]Place
	Rows   map[*graph.Node]Rows // leaves that come from tables
}

// JoinOptions say how to join graphs.
type JoinOptions struct {
	// Guard are nodes of parts whose numbers have to be finite: if one is not, the
	// run changes nothing but Halt, a variable of one number, which it makes 1, and
	// nor does any later run while that is not 0. Nil Halt: there is no guard.
	Guard []*graph.Node
	Halt  Variable
	// Scratch are variables whose content is of no use after a run.
	Scratch []Variable
}

// A Queue is a program of a Device. Run does not wait for the run, nor do its
// errors: they may be those of earlier runs.
type Queue interface {
	Program
	// From says at which row of its tables the next run begins. All rows of a batch
	// have to be there.
	From(row int)
	// Later gives a function that copies what the run that was asked for last leaves
	// in a node that was kept. It waits for the run. It has to be called once.
	Later(n *graph.Node) func(into []float32) error
}

// A Fault is a place where numbers stopped being finite.
type Fault struct {
	Scope, Operator string
	Index           int // in a result of the operator
}

// A Timing is what a piece of a program costs on one thread.
type Timing struct {
	Label string // scope and operator
	Tasks int
	Took  time.Duration // the least of all runs
	Flops float64
	Bytes float64 // moved between operands and the processor
}
