package xla

import (
	"encoding/json"
	"math"
	"strconv"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

// Attention as one call of cuDNN, which keeps no scores: a quarter less time for a
// step of a large transformer than products take. XLA knows it as a custom call
// whose operands, results and configuration are those of JAX's
// dot_product_attention(implementation="cudnn").

// fused says whether attention is such a call: numbers are bfloat16, heads are of a
// size that it takes, and nothing has to be as on the CPU but the mathematics. The
// random numbers of its dropout are others, and of what lies behind the end of a
// sequence it does not promise that it has no part; and several devices would each
// compute all of it.
func (l *lowering) fused(o graph.Attention, lengths int) bool {
	width := l.shape(0)[2] / o.Heads
	return l.cudnn && l.compute == stablehlo.BF16 && l.Devices <= 1 && o.Dropout == 0 && !l.has(lengths) && width <= 128 && width%8 == 0
}

// The results of the calls are in memory as (N, T, heads, d), whatever their shape.
var byStep = []int{3, 1, 2, 0}

// attendFused is attend.
func (l *lowering) attendFused(o graph.Attention) {
	q, k, v := l.heads(l.narrow(0), o.Heads), l.heads(l.narrow(1), o.Heads), l.heads(l.narrow(2), o.Heads)
	n, t, h, d := q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3]
	config := cudnnConfig(o, n, t, k.Shape[1], d, map[string][6]int{
		"bmm1": {3, 3, 0, 2, 0, 2},
		"bmm2": {3, 1, 0, 1, 0, 2},
	})
	out := l.Call("__cudnn$fmhaSoftmax", config, []stablehlo.Value{q, k, v},
		stablehlo.Result{Shape: []int{n, h, t, d}, Type: stablehlo.BF16, Order: byStep},
		stablehlo.Result{Shape: []int{n, h, t}, Type: stablehlo.F32},
		stablehlo.Result{Shape: []int{0}, Type: stablehlo.U8}) // memory to work in
	l.put(0, l.whole(out[0]))
	l.put(1, out[1])
}

// attendBackFused is attendBack.
func (l *lowering) attendBackFused(o graph.Attention) {
	heads := func(i int) stablehlo.Value { return l.heads(l.narrow(i), o.Heads) }
	q, k, v, out, dout := heads(0), heads(1), heads(2), heads(3), heads(5)
	n, t, h, d := q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3]
	sums := l.Reshape(l.wide(4), n, h, t)
	config := cudnnConfig(o, n, t, k.Shape[1], d, map[string][6]int{
		"bmm1_grad_gemm1": {2, 1, 0, 1, 0, 2},
		"bmm1_grad_gemm2": {3, 1, 0, 1, 0, 2},
		"bmm2_grad_gemm1": {2, 1, 0, 1, 0, 2},
		"bmm2_grad_gemm2": {3, 3, 0, 2, 0, 2},
	})
	grad := func(x stablehlo.Value) stablehlo.Result {
		return stablehlo.Result{Shape: []int{n, h, x.Shape[1], d}, Type: stablehlo.BF16, Order: byStep}
	}
	grads := l.Call("__cudnn$fmhaSoftmaxBackward", config, []stablehlo.Value{q, k, v, sums, dout, out},
		grad(q), grad(k), grad(v), stablehlo.Result{Shape: []int{0}, Type: stablehlo.U8})
	for i := range 3 {
		l.put(i, l.whole(grads[i]))
	}
}

// cudnnConfig says how a call computes: products are the dimensions of the products
// that it stands for, each as those that are summed over (of the left, of the right)
// and the two of the batch (of the left, of the right).
func cudnnConfig(o graph.Attention, n, tq, tk, width int, products map[string][6]int) string {
	mask := "NO_MASK"
	if o.Causal {
		mask = "CAUSAL"
	}
	words := func(numbers ...int) []string { // as protobuf has whole numbers in JSON
		list := make([]string, len(numbers))
		for i, v := range numbers {
			list[i] = strconv.Itoa(v)
		}
		return list
	}
	config := map[string]any{
		"algorithm": map[string]any{
			"algo_id": "0", "math_type": "TENSOR_OP_MATH", "tuning_knobs": map[string]string{"17": "1", "24": "0"},
			"is_cudnn_frontend": true, "workspace_size": "0",
		},
		"fmha_scale": 1 / math.Sqrt(float64(width)),
		"intermediate_tensor_shape": map[string]any{
			"element_type": "BF16", "dimensions": words(n, o.Heads, tq, tk), "tuple_shapes": []string{},
			"layout": map[string]any{
				"dim_level_types": []string{}, "dim_unique": []string{}, "dim_ordered": []string{}, "minor_to_major": words(3, 2, 1, 0), "tiles": []string{},
				"element_size_in_bits": "0", "memory_space": "0", "index_primitive_type": "PRIMITIVE_TYPE_INVALID",
				"pointer_primitive_type": "PRIMITIVE_TYPE_INVALID", "dynamic_shape_metadata_prefix_bytes": "0",
			},
			"is_dynamic_dimension": []bool{false, false, false, false},
		},
		"is_flash_attention": true, "mask_type": mask,
		"dropout_rate": 0.0, "seed": 42, "sliding_window_length": 0, "max_seg_per_batch": 1, "is_paged_attention": false,
	}
	for name, d := range products {
		config[name+"_dot_dimension_numbers"] = map[string]any{
			"lhs_contracting_dimensions": words(d[0]), "rhs_contracting_dimensions": words(d[1]),
			"lhs_batch_dimensions": words(d[2], d[3]), "rhs_batch_dimensions": words(d[4], d[5]),
		}
	}
	text, err := json.Marshal(map[string]any{"operation_queue_id": "0", "cudnn_fmha_backend_config": config})
	if err != nil {
		panic("xla: " + err.Error()) // numbers and texts only
	}
	return string(text)
}
