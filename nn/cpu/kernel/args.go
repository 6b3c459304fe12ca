package kernel

// What kernels are told besides their operands: one struct for each shape of
// kernel, called SomethingArgs, beside the kernels that read it. Go owns them,
// and the list of kernels. What C includes is made of both by
//
//	go run ./nn/cpu/kernel/layout nn/cpu/kernel
//
// which writes args.h, the structs with the offsets that the C compiler has to
// agree to, and ops.h, the kernels.

// A Span is how n elements (or rows, planes, examples) are cut into tasks of Per
// each. Most kernels have one.
type Span struct{ N, Per int64 }

// Tasks is how many tasks a Span has.
func (s Span) Tasks() int { return int((s.N + s.Per - 1) / s.Per) }
