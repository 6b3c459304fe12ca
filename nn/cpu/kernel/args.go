package kernel

// What kernels are told besides their operands: one struct for each shape of
// kernel. Go owns them. args.h, which C includes, is made of this file by
//
//	go run ./nn/cpu/kernel/layout nn/cpu/kernel
//
// with the offsets that the C compiler has to agree to.

// A Span is how n elements (or rows, planes, examples) are cut into tasks of Per
// each. Most kernels have one.
type Span struct{ N, Per int64 }

// Tasks is how many tasks a Span has.
func (s Span) Tasks() int { return int((s.N + s.Per - 1) / s.Per) }

// An ActArgs is an activation of elements.
type ActArgs struct {
	Span
	Act   Activation
	Alpha float32
}

// A ScaleArgs is a number that elements are multiplied with, or made of.
type ScaleArgs struct {
	Span
	S float32
}

// A ColSumArgs is a sum over the rows of a matrix; the span is of columns.
type ColSumArgs struct {
	Span
	Rows, Stride int64 // the distance of rows
}

// A PartsArgs is how many parts, one of each task of another kernel, there are.
type PartsArgs struct{ Parts int64 }

// A ClipNormArgs is a norm that is limited; Max 0 is none.
type ClipNormArgs struct {
	Parts int64
	Max   float32
}

// A DropoutArgs is which elements are dropped; Per is a multiple of 4 groups.
type DropoutArgs struct {
	Span
	Key   uint64 // of the random numbers
	Group int64  // elements that are dropped together
	Scale float32
	Below uint32 // numbers below it drop their group
}

// A PackArgs is the packing of one side of matrix products into panels.
type PackArgs struct {
	Rows, K                int64
	RowStride, KStride     int64
	BatchStride, OutStride int64 // between the matrices of a batch
	Per, BatchTasks        int64 // panels of a task, tasks of a matrix
	Columns                bool  // panels have NR rows, not MR
}

// A BiasKind says what a bias is added to.
type BiasKind int32

// The kinds of bias of a matrix product.
const (
	NoBias BiasKind = iota
	ByColumn
	ByRow
)

// A GemmArgs is matrix products C(M, N) = act(A B + bias).
type GemmArgs struct {
	M, N, K                   int64
	RowStride                 int64 // of C
	StrideA, StrideB, StrideC int64 // between the matrices of a batch
	PanelsA, PanelsB          int64 // of a task
	BatchTasks                int64 // tasks of one product
	Act                       Activation
	Alpha                     float32
	Bias                      BiasKind
	Add                       bool // to what C holds
}

// A PadArgs is planes that are copied into larger ones.
type PadArgs struct {
	Span
	H, W, OutH, OutW int64
	Top, Left        int64
}

// A ConvPackArgs is a tensor that is packed into panels of Width rows, k by k
// for k = (c, a, b).
type ConvPackArgs struct {
	Rows, C, A, B                        int64
	RowStride, CStride, AStride, BStride int64
	Width, Per                           int64 // rows of a panel, values of c for a task
	BatchStride, OutStride               int64
	Begin                                int64 // of the tensor in the source
}

// A ConvArgs is a convolution of planes, which the gradient of one is, too.
type ConvArgs struct {
	Images, H, W               int64
	M, C, Groups               int64 // M and C of a group
	Plane, Base                int64 // of the input
	OutPlane, OutBase          int64
	A, B                       int32 // size of the window
	StepH, StepW, TapA, TapB   int32 // distances in the input
	OutH, OutW                 int32 // distances in the output
	PixelsPerTask, RowsPerTask int32
	Act                        Activation
	Alpha                      float32
	Bias                       bool
}

// An Axis is an index of a tensor: how many values it has, and how far these are
// apart in memory.
type Axis struct{ Count, Step int32 }

// A ChannelsArgs is a product whose left side is read where it lies.
type ChannelsArgs struct {
	Rows, K               [3]Axis // in the left side
	Out                   [3]int32
	M, Width              int32 // columns of a group, of a panel of the right side
	RowsPerTask, KPerTask int32 // of K, values of its first index
	Groups                int32
	GroupIn, GroupRight   int32 // distances between groups
	OutBase               int32
	OutGroup, OutChunk    int64
	Base                  int64
	Act                   Activation
	Alpha                 float32
	Bias                  bool
}

// A ChannelsSumArgs is sums over the chunks of a product, turned over.
type ChannelsSumArgs struct {
	Rows, Columns                       int64
	RowStride, ChunkStride, GroupStride int64
	Chunks, Per                         int64 // rows of a task
}

// A PlaneArgs is something of planes of Size elements each.
type PlaneArgs struct {
	Span
	Size int64
	S    float32
}

// A PoolArgs is windows over planes.
type PoolArgs struct {
	Span
	H, W               int64
	OutH, OutW, KH, KW int32
	StrideH, StrideW   int32
	Top, Left          int32
	CountPadding       bool // averages divide by the size of the window, whatever part of it is in the plane
}

// A RowNormArgs is a normalisation of rows of D numbers.
type RowNormArgs struct {
	Span
	D       int64
	Epsilon float32
	RMS     bool // by the root mean square, and no mean
}

// A BatchNormArgs is a normalisation of channels; the span is of these.
type BatchNormArgs struct {
	Span
	Rows, Plane       int64 // examples, elements of a channel of one
	Epsilon, Momentum float32
	Training          bool
}

// A GroupNormArgs is a normalisation of groups of channels; the span is of the
// groups of all examples.
type GroupNormArgs struct {
	Span
	Channels, Plane, Groups int64
	Epsilon                 float32
}

// A SoftmaxArgs is softmax of rows of D numbers, of which Each have one length.
type SoftmaxArgs struct {
	Span
	D, Each int64
}

// A PackGatesArgs is the packing of the weights of G gates of H units.
type PackGatesArgs struct{ H, G int64 }

// A PackStepsArgs is the packing of [x | h before | 1] by columns.
type PackStepsArgs struct {
	N, T, D, H int64
	Per        int64 // panels of a task
	Ones       bool  // the column of ones is there
	Reversed   bool
}

// A RecurrentArgs is a recurrent layer; the span is of examples.
type RecurrentArgs struct {
	Span
	T, H     int64
	Reversed bool
}

// A StepsArgs is sequences of T steps of D numbers.
type StepsArgs struct {
	Span
	T, D  int64
	First bool // the first step, not the last valid one
}

// A ColumnsArgs is a block of columns of two matrices; the span is of rows.
type ColumnsArgs struct {
	Span
	Columns             int64
	StrideIn, StrideOut int64
	ColumnIn, ColumnOut int64 // the first
}

// An AttentionArgs is attention of heads of Dh numbers.
type AttentionArgs struct {
	Heads, Tq, Tk, Dh                    int64
	StrideQ, StrideK, StrideV, StrideOut int64  // of steps
	Key                                  uint64 // of dropout
	Scale, DropScale                     float32
	Below                                uint32 // numbers below it drop; 0: none
	Causal                               bool
}

// A SwapArgs is matrices (A, B) that are transposed.
type SwapArgs struct {
	Span
	A, B int64
}

// An EmbedArgs is rows of D numbers of a table; the span is of ids.
type EmbedArgs struct {
	Span
	D, Rows int64
	Scale   float32
}

// An EmbedSortArgs is Ids ids of a table of so many rows.
type EmbedSortArgs struct{ IDs, Rows int64 }

// An EmbedGradArgs is the gradient of a table; the span is of its rows.
type EmbedGradArgs struct {
	Span
	D, Padding int64 // Padding: an id, or -1
	Scale      float32
}

// A RowsArgs is rows of K numbers.
type RowsArgs struct {
	Span
	K int64
}

// An IDLengthsArgs is sequences of T ids.
type IDLengthsArgs struct {
	Span
	T       int64
	Padding float32
}

// A TimePoolArgs is pooling over the T steps of D numbers of each example.
type TimePoolArgs struct {
	Span
	T, D int64
	Kind Pooling
}

// A LossArgs is a loss of rows of K outputs. What F means depends on the kind.
type LossArgs struct {
	Span
	Kind LossKind
	K    int64
	F    [5]float32
}

// A ClassLossArgs is the cross entropy of rows of K classes: Rest and Target
// smooth the labels, by s/K and 1-s.
type ClassLossArgs struct {
	Span
	K                   int64
	Rest, Target, Gamma float32
}

// An UpdateArgs is a range of parameters. Rate multiplies the learning rate and
// the decay of the range, Decay all that pulls parameters to 0.
type UpdateArgs struct {
	Span
	Rate, Decay float32
}

// An SGDArgs is a step of gradient descent.
type SGDArgs struct {
	UpdateArgs
	Momentum float32
	Nesterov bool
}

// A MomentsArgs is a step of Adam or Lion. Rest1 is 1-Beta1.
type MomentsArgs struct {
	UpdateArgs
	Beta1, Rest1, Beta2, Rest2 float32
	Epsilon                    float32 // of Adam
}

// An RMSpropArgs is a step of RMSprop. Rest is 1-Alpha.
type RMSpropArgs struct {
	UpdateArgs
	Alpha, Rest, Epsilon, Momentum float32
}

// An AdagradArgs is a step of Adagrad.
type AdagradArgs struct {
	UpdateArgs
	Epsilon float32
}
