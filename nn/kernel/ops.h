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
OP(pad)
OP(conv_pack)
OP(conv)
OP(channels)
OP(channels_sum)
OP(plane_sum)
// pool.h
OP(max_pool)
OP(max_pool_grad)
OP(avg_pool)
OP(avg_pool_grad)
OP(plane_max)
OP(plane_max_grad)
OP(plane_fill)
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
OP(loss_rows)
OP(loss_grad)
OP(softmax_rows)
OP(softmax_grad)
OP(weighted_sum)
OP(weighted_mean)
// optimizer.h
OP(sgd)
OP(adam)
OP(rmsprop)
OP(adagrad)
OP(lion)
OP(regularize)
OP(clip_norm)
OP(accumulate)
OP(lerp)
OP(nonfinite)
OP(first)
