package graph

// What is done with gradients: sums over batches, regularisation, optimisers and
// averages. Each changes states in place, and its first result is the new value.

// Assign makes a state what another value is.
type Assign struct{ backward }

// Assign makes a state what a value is and gives the state.
func (g *Graph) Assign(state, value *Node) *Node { return g.Apply(Assign{}, state, value) }

func (Assign) Name() string   { return "assign" }
func (Assign) Updates() []int { return []int{0} }
func (Assign) Infer(in []Shape) ([]Shape, error) {
	if in[0].Size() != in[1].Size() {
		return nil, misfit("shapes %v and %v differ", in[0], in[1])
	}
	return in[:1], nil
}

// Accumulate adds to a state a value times a factor (1).
type Accumulate struct{ backward }

func (Accumulate) Name() string   { return "sum over batches" }
func (Accumulate) Updates() []int { return []int{0} }
func (Accumulate) Infer(in []Shape) ([]Shape, error) {
	if in[0].Size() != in[1].Size() || !in[2].vector(1) {
		return nil, misfit("shapes %v, %v and %v do not fit", in[0], in[1], in[2])
	}
	return in[:1], nil
}

// Average moves a state towards a value: state keep + value take, both (1).
type Average struct{ backward }

func (Average) Name() string   { return "average" }
func (Average) Updates() []int { return []int{0} }
func (Average) Infer(in []Shape) ([]Shape, error) {
	if in[0].Size() != in[1].Size() || !in[2].vector(1) || !in[3].vector(1) {
		return nil, misfit("shapes %v, %v, %v and %v do not fit", in[0], in[1], in[2], in[3])
	}
	return in[:1], nil
}

// SquareSums is, for each of its inputs, the sum of the squares of its elements.
type SquareSums struct{ backward }

func (SquareSums) Name() string                      { return "squares" }
func (SquareSums) Infer(in []Shape) ([]Shape, error) { return []Shape{{len(in)}}, nil }

// A Hyper is the place of a number in the block (HyperSize) that an update reads
// at each step.
type Hyper int

const (
	HyperRate  Hyper = iota // the learning rate, of Adam with its correction
	HyperRoot               // of Adam: 1 / sqrt(1 - Beta2^t)
	HyperDecay              // of weights, by itself
	HyperL2                 // added to gradients: so much of the parameter
	HyperL1                 // and so much of its sign
	HyperScale              // what gradients are multiplied by first
	HyperLimit              // what they are cut to, then
	HyperSize  = 8
)

// Regularize scales gradients, adds L1 and cuts them, by the numbers of a block:
// of parameters, gradients and the block. Gradients change.
type Regularize struct {
	backward
	Decays bool // L1 applies
}

func (Regularize) Name() string   { return "regularize" }
func (Regularize) Updates() []int { return []int{1} }
func (Regularize) Infer(in []Shape) ([]Shape, error) {
	if !in[0].Equal(in[1]) || !in[2].vector(HyperSize) {
		return nil, misfit("shapes %v, %v and %v do not fit", in[0], in[1], in[2])
	}
	return in[:1], nil
}

// ClipNorm is the norm of gradients, of all of them together and times the scale
// of a block, and the factor that brings it down to Limit: of the block and gradients.
type ClipNorm struct {
	backward
	Limit float64
}

func (ClipNorm) Name() string { return "norm of gradients" }
func (ClipNorm) Infer(in []Shape) ([]Shape, error) {
	if len(in) < 2 || !in[0].vector(HyperSize) {
		return nil, misfit("shapes %v", in)
	}
	return []Shape{{2}}, nil
}

// A Descent is what all optimisers share: inputs are parameters, gradients, a
// block of numbers, the result of ClipNorm or nil, and what the rule keeps from
// step to step, of which some may be left out.
type Descent struct {
	backward
	Decays bool // weight decay and L1 apply
}

func (Descent) Name() string { return "update" }
func (Descent) Infer(in []Shape) ([]Shape, error) {
	if !in[0].Equal(in[1]) || !in[2].vector(HyperSize) || !in[3].vector(2) {
		return nil, misfit("shapes %v", in)
	}
	for _, s := range in[4:] {
		if s != nil && !s.Equal(in[0]) {
			return nil, misfit("shapes %v", in)
		}
	}
	return in[:1], nil
}

// SGD is stochastic gradient descent; it keeps b, if there is a momentum:
//
//	b = Momentum b + d,  p = p - rate b    (Nesterov: d + Momentum b in place of b)
type SGD struct {
	Descent
	Momentum float64
	Nesterov bool
}

// Adam keeps m and v:
//
//	m = Beta1 m + (1-Beta1) d,  v = Beta2 v + (1-Beta2) d²
//	p = p - rate m / (sqrt(v) root + Epsilon)
type Adam struct {
	Descent
	Beta1, Beta2, Epsilon float64
}

// RMSprop keeps v, a, which may be left out (0), and b, if there is a momentum:
//
//	v = Alpha v + (1-Alpha) d²,  a = Alpha a + (1-Alpha) d
//	b = Momentum b + d / (sqrt(v - a²) + Epsilon),  p = p - rate b
type RMSprop struct {
	Descent
	Alpha, Epsilon, Momentum float64
}

// Adagrad keeps s:
//
//	s = s + d²,  p = p - rate d / (sqrt(s) + Epsilon)
type Adagrad struct {
	Descent
	Epsilon float64
}

// Lion keeps m:
//
//	p = p - rate sign(Beta1 m + (1-Beta1) d),  m = Beta2 m + (1-Beta2) d
type Lion struct {
	Descent
	Beta1, Beta2 float64
}

// What each of them changes: the parameters and what it keeps, as far as it does.

func (o SGD) Updates() []int {
	if o.Momentum == 0 {
		return []int{0}
	}
	return []int{0, 4}
}

func (Adam) Updates() []int    { return []int{0, 4, 5} }
func (RMSprop) Updates() []int { return []int{0, 4, 5, 6} }
func (Adagrad) Updates() []int { return []int{0, 4} }
func (Lion) Updates() []int    { return []int{0, 4} }
