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
OP(rownorm)
OP(rownorm_grad)
OP(batchnorm)
OP(batchnorm_grad)
OP(groupnorm)
OP(groupnorm_grad)
OP(softmax)
OP(softmax_grad)
// rnn.h
// attention.h
OP(attention)
OP(attention_grad)
OP(swap_axes)
// embedding.h
OP(embed)
OP(embed_sort)
OP(embed_grad)
OP(add_rows)
OP(id_lengths)
OP(step_mask)
OP(time_pool)
OP(time_pool_grad)
// loss.h
// optimizer.h
