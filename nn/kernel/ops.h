// The list of kernels, one line each, by family. Included with OP(name) defined.
// gemm.h
OP(pack)
OP(gemm)
// elementwise.h
OP(activate)
OP(activate_grad)
OP(output_grad)
OP(add)
OP(mul)
OP(scale)
OP(fill)
OP(copy)
OP(colsum)
OP(sumsq)
// random.h
OP(dropout)
// conv.h
// pool.h
// norm.h
// rnn.h
OP(pack_gates)
OP(pack_steps)
OP(lstm)
OP(lstm_grad)
OP(gru)
OP(gru_grad)
// sequence.h
OP(pick_step)
OP(pick_step_grad)
OP(reverse_steps)
OP(copy_columns)
// attention.h
// embedding.h
// loss.h
// optimizer.h
