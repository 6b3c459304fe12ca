package nn

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/pipeline/settings"
)

// Bounds of a Spec, so that a hostile model file cannot ask for more memory
// than the machine has, and sizes stay far from overflow.
const (
	maxLayers    = 1000    // written in a network, nested ones included
	maxNodes     = 10_000  // layers after transformers are taken apart
	maxDepth     = 8       // layers in each other
	maxInputs    = 1000    // named ones
	maxWidth     = 1 << 20 // features, units, filters, dimensions
	maxRecurrent = 100     // layers of one lstm, blocks of one transformer
	maxTokens    = 1 << 24 // ids, which are exact in float32
	maxValues    = 1 << 28 // of one layer for one row
	maxParams    = 1<<31 - 1
)

// Unknown is a dimension that depends on the data, where that is not known yet.
const Unknown = -1

// A Shape is what a layer makes of one row: features (F), a sequence (T, D) of
// T steps, or an image (C, H, W).
type Shape []int

// String writes s as a tuple, with ? for what is unknown.
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		if parts[i] = strconv.Itoa(d); d == Unknown {
			parts[i] = "?"
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Size is the number of values, which may be Unknown.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		if d == Unknown {
			return Unknown
		}
		n *= d
	}
	return n
}

// named is the shape with what it is.
func (s Shape) named() string {
	switch {
	case len(s) == 1 && s[0] == Unknown:
		return "features"
	case len(s) == 1:
		return "features " + s.String()
	case len(s) == 2:
		return "a sequence " + s.String()
	}
	return "an image " + s.String()
}

// A Role is what a parameter does.
type Role string

// The roles of parameters.
const (
	Weight          Role = "weight"
	StateWeight     Role = "recurrent" // weight from the state to the gates
	Table           Role = "table"     // of an embedding
	Positions       Role = "positions" // learned
	Bias            Role = "bias"
	GateBias        Role = "gate_bias" // of the gates i, f, g, o of an lstm
	Gain            Role = "scale"     // of a normalisation, 1 to begin with
	Shift           Role = "shift"     // of a normalisation
	RunningMean     Role = "running_mean"
	RunningVariance Role = "running_variance" // 1 to begin with
)

// A ParamShape is what a Spec says about one parameter.
type ParamShape struct {
	Name  string // path of the layer, dot, name in the layer
	Shape Shape
	Role  Role

	// For the initialiser, of weights and tables: the numbers of inputs and
	// outputs of each product (of one gate of a recurrent layer), and the
	// activation that follows.
	FanIn, FanOut int
	Activation    Activation
	Gates         int // of a recurrent layer: that many products side by side; else 0
}

// Trained says whether the parameter follows gradients; running statistics are
// measured.
func (p *ParamShape) Trained() bool { return p.Role != RunningMean && p.Role != RunningVariance }

// IsWeight says whether the parameter is a weight or a table, which is what
// decay is meant for, rather than a bias or part of a normalisation.
func (p *ParamShape) IsWeight() bool {
	return p.Role == Weight || p.Role == StateWeight || p.Role == Table
}

// Size is the number of values, which may be Unknown.
func (p *ParamShape) Size() int { return p.Shape.Size() }

// A Window is the geometry of a convolution or pooling, of height and width; of
// sequences of time, with 1 in place of a width.
type Window struct {
	Kernel, Stride, Dilation [2]int
	Before, After            [2]int // padding
}

// A Node is one layer of a network with all that follows from the shape it
// gets. The nodes of a network are a tree: see Inner.
type Node struct {
	Path  string // "layers.3.1": second layer within the fourth; "output"
	Kind  string // as Layer.Kind: "conv2d"
	Layer Layer  // as in the Spec, or as taken apart

	In, Out Shape

	// Lengths is the path of the embedding whose padding says how long the
	// sequences at the output are, "" if they all have their full length.
	Lengths   string
	LengthsIn string // the same of the input

	Sparse int // elements of the vectors that the input stands for, as Input.Sparse

	Window *Window // of convolutions and pooling
	Params []ParamShape

	// Inner are the layers in this one, in lists that each get its input:
	// one of a residual and of a transformer, which is nothing but its inner
	// layers; one for each branch of a concat.
	Inner [][]Node

	// Projection, a dense layer, conv1d or conv2d with a kernel of 1, is what
	// the input of a residual passes through to get the shape of the output of
	// its layers. Nil: it has that shape.
	Projection *Node

	Flops float64 // for one row, forward; with those of nodes within
}

// Shapes is a Spec with all that follows from it.
type Shapes struct {
	Branches   [][]Node // of the inputs, if they have names
	Joined     Shape    // what the layers get
	Wide       Shape    // what the output layer gets beside what they give; nil: nothing
	Nodes      []Node   // the last one is "output"
	Parameters int      // trained numbers
	Buffers    int      // numbers that are kept but not trained
	Flops      float64
}

// Walk calls f for each node, those that contain others first.
func (s *Shapes) Walk(f func(*Node)) {
	for _, b := range s.Branches {
		walk(b, f)
	}
	walk(s.Nodes, f)
}

func walk(list []Node, f func(*Node)) {
	for i := range list {
		n := &list[i]
		f(n)
		for _, inner := range n.Inner {
			walk(inner, f)
		}
		if n.Projection != nil {
			f(n.Projection)
		}
	}
}

// Params lists all parameters in network order.
func (s *Shapes) Params() []ParamShape {
	var list []ParamShape
	s.Walk(func(n *Node) { list = append(list, n.Params...) })
	return list
}

// A LayerError is a layer that cannot be.
type LayerError struct {
	Path    string // "layers.3.1", "output", "" of the network as a whole
	Kind    string // "conv2d"
	Setting string // "kernel", if one is at fault
	Text    string // "wants an image ..., but gets (64)"
	Todo    string // what to do about it

	from origin
}

func (e *LayerError) Error() string {
	switch {
	case e.Path == "":
		return "the network " + e.Text
	case e.Kind == "" || e.Path == "output":
		return e.Path + " " + e.Text
	}
	return fmt.Sprintf("%s: %s %s", e.Path, e.Kind, e.Text)
}

// Hint says what to do.
func (e *LayerError) Hint() string { return e.Todo }

// Placed is the error at the setting that the layer was written as, or at
// otherwise where Expand knows of none.
func (e *LayerError) Placed(otherwise string) error {
	field, text := e.from.setting, e.Text
	switch {
	case field == "":
		field = otherwise
	case e.Path == "output":
	case e.from.within:
		text = "its " + e.Kind + " " + text
	case e.Setting != "":
		field += "." + e.Setting
	}
	if e.Path == "output" {
		text = "the output layer " + text
	}
	return &settings.FieldError{Field: field, Err: diag.WithHint(errors.New(text), e.Todo)}
}

// Shapes infers the shapes of all layers. The error is a *LayerError.
func (s Spec) Shapes() (*Shapes, error) {
	if len(s.Branches) == 0 && (s.Inputs < 1 || s.Inputs > maxWidth) {
		return nil, &LayerError{Text: fmt.Sprintf("has %d inputs: want 1 to %d", s.Inputs, maxWidth)}
	}
	if s.Outputs < 1 || s.Outputs > maxWidth {
		return nil, &LayerError{Text: fmt.Sprintf("has %d outputs: want 1 to %d", s.Outputs, maxWidth)}
	}
	return new(inferer).infer(Shape{s.Inputs}, s.Branches, s.Layers, s.Outputs)
}

// CheckLayers finds what is wrong with layers whatever data they are for: features,
// or the only input of a data set, which may be a series or a picture. Where they fit
// none of these, the error, a *LayerError, is about the one that they fit the longest.
func CheckLayers(list []Layer) error {
	var wrong error
	most := 0
	for rank := range 3 {
		f := &inferer{}
		_, err := f.infer(Shape{Unknown, Unknown, Unknown}[:rank+1], nil, list, Unknown)
		if err == nil {
			return nil
		}
		if wrong == nil || f.nodes > most {
			wrong, most = err, f.nodes
		}
	}
	return wrong
}

// infer follows a row through a network; row is its shape where there are no branches.
func (f *inferer) infer(row Shape, branches []Branch, list []Layer, outputs int) (*Shapes, error) {
	count := len(branches)
	for i, b := range branches {
		if err := checkCount(b.Layers, &count, BranchPath(i), origin{}, 1); err != nil {
			return nil, err
		}
	}
	if err := checkCount(list, &count, "layers", origin{}, 1); err != nil {
		return nil, err
	}
	in, wide := flow{shape: row, raw: true}, flow{}
	inner, flops, err := f.branches(branches, &in, &wide)
	if err != nil {
		return nil, err
	}
	nodes, out, err := f.list("layers", list, in, origin{})
	if err != nil {
		return nil, err
	}
	last := dense(outputs, Linear)
	if len(list) > 0 {
		last.from.setting = list[len(list)-1].from.setting
	}
	if len(out.shape) != 1 && out.sparse == 0 {
		return nil, &LayerError{Path: "output", Kind: "dense",
			Text: fmt.Sprintf("wants features, but the last layer gives %s", out.shape.named()),
			Todo: "add " + towardsFeatures(out.shape) + " at the end", from: last.from}
	}
	if wide.shape != nil { // both are features
		out.shape = append(Shape{}, out.shape...)
		out.join(wide)
	}
	end, _, err := f.layer("output", last, out, nil)
	if err != nil {
		return nil, err
	}
	s := &Shapes{Branches: inner, Joined: in.shape, Wide: wide.shape, Flops: flops, Nodes: append(nodes, end), Parameters: int(f.trained), Buffers: int(f.kept)}
	for i := range s.Nodes {
		s.Flops += s.Nodes[i].Flops
	}
	return s, nil
}

// BranchPath is the path of the layers of an input.
func BranchPath(i int) string { return child("inputs", i) }

// branches infers what inputs pass through, and leaves what they are joined to, and what
// those that are wide are.
func (f *inferer) branches(branches []Branch, in, wide *flow) (inner [][]Node, flops float64, err error) {
	var first Shape
	firstAt, joined := "", false
	for i, b := range branches {
		at := BranchPath(i)
		if err := b.Shape.checkRow(); err != nil {
			return nil, 0, &LayerError{Path: at, Text: err.Error()}
		}
		from := flow{shape: b.Shape, raw: true, sparse: b.Sparse}
		if b.Ragged {
			from.lengths = at
		}
		nodes, out, err := f.list(at, b.Layers, from, origin{})
		if err != nil {
			return nil, 0, err
		}
		for j := range nodes {
			flops += nodes[j].Flops
		}
		if inner = append(inner, nodes); out.sparse > 0 && len(branches) > 1 {
			return nil, 0, &LayerError{Path: at, Text: fmt.Sprintf("gives %s, which cannot be joined with other inputs", out.named()), Todo: sparseHint}
		}
		if b.Wide {
			if len(out.shape) != 1 {
				return nil, 0, &LayerError{Path: at, Text: fmt.Sprintf("gives %s, but leads to the output layer, which takes features", out.shape.named()),
					Todo: "add " + towardsFeatures(out.shape) + " at the end of its branch"}
			}
			if wide.shape == nil {
				wide.shape = append(Shape{}, out.shape...)
			} else {
				wide.join(out)
			}
			continue
		}
		if !joined {
			*in, first, firstAt, joined = out, out.shape, at, true
			in.shape = append(Shape{}, out.shape...)
			continue
		}
		if !in.join(out) {
			gives, other, whose := out.shape, in.shape, "of the inputs before it"
			if len(gives) == 1 { // then those before are the ones that give no features
				at, gives, other, whose = firstAt, first, gives, fmt.Sprintf("of the input %q", b.Input)
			}
			return nil, 0, &LayerError{Path: at, Text: fmt.Sprintf("gives %s, which cannot be joined with %s %s", gives.named(), other.named(), whose),
				Todo: "add " + towardsFeatures(gives) + " at the end of each branch that does not give features"}
		}
	}
	if len(branches) > 0 && !joined {
		return nil, 0, &LayerError{Text: "has wide inputs alone, so that its layers get nothing", Todo: "leave one of them out of wide"}
	}
	return inner, flops, nil
}

// checkCount bounds the number and the depth of layers before anything is done
// with them.
func checkCount(list []Layer, count *int, path string, from origin, depth int) error {
	if *count += len(list); *count > maxLayers {
		return &LayerError{Text: fmt.Sprintf("has more than %d layers", maxLayers)}
	}
	if depth > maxDepth && len(list) > 0 {
		return &LayerError{Path: path, Text: fmt.Sprintf("are nested more than %d levels deep", maxDepth), from: from}
	}
	for i, l := range list {
		at := child(path, i)
		if l.Residual != nil {
			if err := checkCount(l.Residual.Layers, count, at, l.from, depth+1); err != nil {
				return err
			}
		}
		if l.Concat != nil {
			*count += len(l.Concat.Branches)
			for j, branch := range l.Concat.Branches {
				if err := checkCount(branch, count, child(at, j), l.from, depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func child(path string, i int) string { return path + "." + strconv.Itoa(i) }

// A flow is what passes from a layer to the next.
type flow struct {
	shape   Shape
	lengths string // as Node.Lengths
	raw     bool   // the values are still those of the data
	sparse  int    // as Input.Sparse
}

// named is the shape with what it is.
func (f *flow) named() string {
	if f.sparse > 0 {
		return fmt.Sprintf("a sparse vector (%d)", f.sparse)
	}
	return f.shape.named()
}

const sparseHint = "begin its branch with `dense: 64`, the layer that takes sparse vectors; `{dense: {units: 64, activation: linear}}` is a table of vectors, one for each element"

// An inferer infers shapes and counts.
type inferer struct {
	nodes         int
	trained, kept int64
}

// list infers layers; within is the origin of those that were not written.
func (f *inferer) list(path string, list []Layer, in flow, within origin) ([]Node, flow, error) {
	nodes := make([]Node, len(list), len(list)+1)
	for i, l := range list {
		if l.from.setting == "" {
			l.from = within
		}
		var err error
		if nodes[i], in, err = f.layer(child(path, i), l, in, list[i+1:]); err != nil {
			return nil, in, err
		}
	}
	return nodes, in, nil
}

// layer infers one layer, before the rest of its list.
func (f *inferer) layer(path string, l Layer, in flow, rest []Layer) (Node, flow, error) {
	n := Node{Path: path, Layer: l, In: in.shape, LengthsIn: in.lengths, Sparse: in.sparse}
	names, values := l.chosen()
	if len(names) != 1 {
		return n, in, &LayerError{Path: path, Text: fmt.Sprintf("must be exactly one kind of layer, not %d", len(names)), from: l.from}
	}
	n.Kind = names[0]
	if f.nodes++; f.nodes > maxNodes {
		return n, in, &LayerError{Text: fmt.Sprintf("has more than %d layers, those of transformers counted", maxNodes)}
	}
	s := step{inferer: f, Node: &n, in: in, out: flow{lengths: in.lengths}, rest: rest}
	if in.sparse > 0 && n.Kind != "dense" {
		return n, in, s.wrong("", sparseHint, "wants other values, but gets %s", in.named())
	}
	if err := values[0].infer(&s); err != nil {
		return n, in, err
	}
	n.Out, n.Lengths = s.out.shape, s.out.lengths
	if size := checkedSize(n.Out); size > maxValues {
		return n, in, s.wrong("", "make it smaller", "gives %s: more than %d values for a row", n.Out, maxValues)
	}
	for _, p := range n.Params {
		size := checkedSize(p.Shape)
		if p.Trained() {
			f.trained += size
		} else {
			f.kept += size
		}
		if size > maxParams || f.trained+f.kept > maxParams {
			return n, in, s.wrong("", "make the layers smaller", "has the parameter %s of shape %s: the network has more than %d numbers",
				p.Name, p.Shape, maxParams)
		}
	}
	return n, s.out, nil
}

// checkedSize is the size of a shape, 0 if it is unknown and MaxInt64 if it
// overflows.
func checkedSize(s Shape) int64 {
	n := int64(1)
	for _, d := range s {
		switch {
		case d == Unknown:
			return 0
		case d > 0 && n > math.MaxInt64/2/int64(d):
			return math.MaxInt64 / 2
		}
		n *= int64(d)
	}
	return n
}
