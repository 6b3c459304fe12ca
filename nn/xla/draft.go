package xla

import (
	"errors"
	"fmt"

	"pipe/nn/backend"
	"pipe/nn/graph"
)

// A Draft is a Device that is not there: it builds the programs that a GPU would
// run, to know what they take. Nothing that it makes can be run, read or written.
type Draft struct {
	d    *Device
	held map[cellAt]int64 // parts of variables that programs need, in bytes
}

var _ backend.Device = (*Draft)(nil)

// NewDraft is the draft of an NVIDIA GPU.
func NewDraft(o Options) *Draft {
	o.Devices = max(1, o.Devices)
	if o.Precision == "" {
		o.Precision = Float32
	}
	o.Unfused = true // operations are counted in products, and a call has none
	return &Draft{d: &Device{o: o, name: cuda, kind: "a GPU", draft: true}, held: map[cellAt]int64{}}
}

// errDraft is what one gets who takes a draft for a device.
var errDraft = errors.New("there is no device, only the draft of one")

// Name is that of a GPU that nobody has.
func (d *Draft) Name() string { return d.d.Name() }

// Ahead is that of a Device.
func (d *Draft) Ahead() int { return d.d.Ahead() }

// Variable makes memory that nobody keeps.
func (d *Draft) Variable(data []float32, parts ...int) backend.Variable {
	if len(parts) == 0 {
		parts = []int{len(data)}
	}
	return &variable{d: d.d, sizes: parts, parts: make([]buffers, len(parts))}
}

// Held is the memory of the variables that the programs so far need, in bytes.
func (d *Draft) Held() (bytes int64) {
	for _, n := range d.held {
		bytes += n
	}
	return bytes
}

// Compile makes the draft of a program.
func (d *Draft) Compile(g *graph.Graph, keep []*graph.Node, o backend.Options) (backend.Program, error) {
	return d.Join([]backend.Part{{Graph: g, Keep: keep, Places: o.Places}}, backend.JoinOptions{})
}

// Join makes the draft of a program of graphs.
func (d *Draft) Join(parts []backend.Part, o backend.JoinOptions) (backend.Queue, error) {
	m, err := d.d.build(parts, o)
	if err != nil {
		return nil, err
	}
	m.ledger.settle()
	s := &Sketch{module: m, Operations: m.ledger.operations()}
	s.Working, s.Gradients, s.Layers = m.ledger.most()
	for _, a := range m.args {
		if c := a.cell; c != nil {
			d.held[c.cellAt] = 4 * int64(c.variable.sizes[c.part])
		}
	}
	return s, nil
}

// Room is none: a draft holds no rows.
func (d *Draft) Room() int64 { return 0 }

// Table fails: a draft holds no rows.
func (d *Draft) Table(backend.Content) (backend.Table, error) { return nil, errDraft }

// Order fails: a draft holds no rows.
func (d *Draft) Order(int) (backend.Order, error) { return nil, errDraft }

// A Sketch is what is known of a program before it is compiled.
type Sketch struct {
	*module
	Operations []Operation
	Working    int64   // bytes beside variables, as far as they are results of operators
	Gradients  int64   // what of Working is gradients of parameters
	Layers     []Share // that the rest of it belongs to
}

var _ backend.Queue = (*Sketch)(nil)

// Text is the module in StableHLO.
func (s *Sketch) Text() string { return s.text }

// Bytes is Working.
func (s *Sketch) Bytes() int { return int(s.Working) }

// Flops is the number of floating point operations of products in a run.
func (s *Sketch) Flops() float64 { return s.products }

// Run fails.
func (s *Sketch) Run(uint64) error { return errDraft }

// Read fails.
func (s *Sketch) Read(n *graph.Node, _ []float32) error { return fmt.Errorf("%v: %w", n, errDraft) }

// Later gives what fails.
func (s *Sketch) Later(n *graph.Node) func([]float32) error {
	return func(into []float32) error { return s.Read(n, into) }
}

// Write does nothing.
func (s *Sketch) Write(*graph.Node, []float32) {}

// From does nothing.
func (s *Sketch) From(int) {}

// Profile says nothing.
func (s *Sketch) Profile(int) []backend.Timing { return nil }

// FirstNonFinite says nothing.
func (s *Sketch) FirstNonFinite() (backend.Fault, bool) { return backend.Fault{}, false }

// Close does nothing.
func (s *Sketch) Close() error { return nil }
