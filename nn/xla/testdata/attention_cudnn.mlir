module @pipe {
  func.func public @main(%arg0: tensor<32x3xui32>, %arg1: tensor<ui32> {tf.aliasing_output = 1 : i32}, %arg2: tensor<1024xf32>, %arg3: tensor<1024xf32>, %arg4: tensor<32x1024xf32> {tf.aliasing_output = 0 : i32}) -> (tensor<32x1024xf32>, tensor<ui32>) {
    %1 = stablehlo.constant dense<31> : tensor<ui32>
    %2 = stablehlo.and %arg1, %1 : tensor<ui32>
    %3 = stablehlo.constant dense<0> : tensor<ui32>
    %4 = stablehlo.dynamic_slice %arg0, %2, %3, sizes = [1, 3] : (tensor<32x3xui32>, tensor<ui32>, tensor<ui32>) -> tensor<1x3xui32>
    %5 = stablehlo.reshape %4 : (tensor<1x3xui32>) -> tensor<3xui32>
    %6 = stablehlo.slice %5 [2:3] : (tensor<3xui32>) -> tensor<1xui32>
    %7 = stablehlo.reshape %6 : (tensor<1xui32>) -> tensor<ui32>
    %8 = stablehlo.convert %7 : (tensor<ui32>) -> tensor<i32>
    %9 = stablehlo.slice %5 [0:1] : (tensor<3xui32>) -> tensor<1xui32>
    %10 = stablehlo.reshape %9 : (tensor<1xui32>) -> tensor<ui32>
    %11 = stablehlo.convert %10 : (tensor<ui32>) -> tensor<ui64>
    %12 = stablehlo.slice %5 [1:2] : (tensor<3xui32>) -> tensor<1xui32>
    %13 = stablehlo.reshape %12 : (tensor<1xui32>) -> tensor<ui32>
    %14 = stablehlo.convert %13 : (tensor<ui32>) -> tensor<ui64>
    %15 = stablehlo.constant dense<32> : tensor<ui64>
    %16 = stablehlo.shift_left %14, %15 : tensor<ui64>
    %17 = stablehlo.or %11, %16 : tensor<ui64>
    %18 = stablehlo.reshape %arg2 : (tensor<1024xf32>) -> tensor<2x16x32xf32>
    %19 = stablehlo.convert %18 : (tensor<2x16x32xf32>) -> tensor<2x16x32xbf16>
    %20 = stablehlo.reshape %19 : (tensor<2x16x32xbf16>) -> tensor<32x32xbf16>
    %21 = stablehlo.reshape %arg3 : (tensor<1024xf32>) -> tensor<32x32xf32>
    %22 = stablehlo.convert %21 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
    %23 = stablehlo.dot_general %20, %22, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<32x32xbf16>, tensor<32x32xbf16>) -> tensor<32x32xbf16>
    %24 = stablehlo.constant dense<0x0000> : tensor<32x32xbf16>
    %25 = stablehlo.reshape %23 : (tensor<32x32xbf16>) -> tensor<2x16x32xbf16>
    %26 = stablehlo.reshape %25 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %27 = stablehlo.convert %18 : (tensor<2x16x32xf32>) -> tensor<2x16x32xbf16>
    %28 = stablehlo.reshape %27 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %29 = stablehlo.convert %18 : (tensor<2x16x32xf32>) -> tensor<2x16x32xbf16>
    %30 = stablehlo.reshape %29 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %31:3 = stablehlo.custom_call @__cudnn$fmhaSoftmax(%26, %28, %30) {api_version = 2 : i32, backend_config = "{\"cudnn_fmha_backend_config\":{\"algorithm\":{\"algo_id\":\"0\",\"is_cudnn_frontend\":true,\"math_type\":\"TENSOR_OP_MATH\",\"tuning_knobs\":{\"17\":\"1\",\"24\":\"0\"},\"workspace_size\":\"0\"},\"bmm1_dot_dimension_numbers\":{\"lhs_batch_dimensions\":[\"0\",\"2\"],\"lhs_contracting_dimensions\":[\"3\"],\"rhs_batch_dimensions\":[\"0\",\"2\"],\"rhs_contracting_dimensions\":[\"3\"]},\"bmm2_dot_dimension_numbers\":{\"lhs_batch_dimensions\":[\"0\",\"1\"],\"lhs_contracting_dimensions\":[\"3\"],\"rhs_batch_dimensions\":[\"0\",\"2\"],\"rhs_contracting_dimensions\":[\"1\"]},\"dropout_rate\":0,\"fmha_scale\":0.35355339059327373,\"intermediate_tensor_shape\":{\"dimensions\":[\"2\",\"4\",\"16\",\"16\"],\"element_type\":\"BF16\",\"is_dynamic_dimension\":[false,false,false,false],\"layout\":{\"dim_level_types\":[],\"dim_ordered\":[],\"dim_unique\":[],\"dynamic_shape_metadata_prefix_bytes\":\"0\",\"element_size_in_bits\":\"0\",\"index_primitive_type\":\"PRIMITIVE_TYPE_INVALID\",\"memory_space\":\"0\",\"minor_to_major\":[\"3\",\"2\",\"1\",\"0\"],\"pointer_primitive_type\":\"PRIMITIVE_TYPE_INVALID\",\"tiles\":[]},\"tuple_shapes\":[]},\"is_flash_attention\":true,\"is_paged_attention\":false,\"mask_type\":\"CAUSAL\",\"max_seg_per_batch\":1,\"seed\":42,\"sliding_window_length\":0},\"operation_queue_id\":\"0\"}", operand_layouts = [dense<[3, 2, 1, 0]> : tensor<4xindex>, dense<[3, 2, 1, 0]> : tensor<4xindex>, dense<[3, 2, 1, 0]> : tensor<4xindex>], result_layouts = [dense<[3, 1, 2, 0]> : tensor<4xindex>, dense<[2, 1, 0]> : tensor<3xindex>, dense<0> : tensor<1xindex>]} : (tensor<2x16x4x8xbf16>, tensor<2x16x4x8xbf16>, tensor<2x16x4x8xbf16>) -> (tensor<2x4x16x8xbf16>, tensor<2x4x16xf32>, tensor<0xui8>)
    %32 = stablehlo.transpose %31#0, dims = [0, 2, 1, 3] : (tensor<2x4x16x8xbf16>) -> tensor<2x16x4x8xbf16>
    %33 = stablehlo.reshape %32 : (tensor<2x16x4x8xbf16>) -> tensor<2x16x32xbf16>
    %34 = stablehlo.convert %33 : (tensor<2x16x32xbf16>) -> tensor<2x16x32xf32>
    %35 = stablehlo.multiply %34, %34 : tensor<2x16x32xf32>
    %36 = stablehlo.constant dense<0x00000000> : tensor<f32>
    %37 = stablehlo.reduce(%35 init: %36) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<2x16x32xf32>, tensor<f32>) -> tensor<f32>
    %38 = stablehlo.constant dense<0x3F800000> : tensor<f32>
    %39 = stablehlo.convert %33 : (tensor<2x16x32xbf16>) -> tensor<2x16x32xf32>
    %40 = stablehlo.constant dense<0x40000000> : tensor<2x16x32xf32>
    %41 = stablehlo.multiply %39, %40 : tensor<2x16x32xf32>
    %42 = stablehlo.broadcast_in_dim %38, dims = [] : (tensor<f32>) -> tensor<2x16x32xf32>
    %43 = stablehlo.multiply %41, %42 : tensor<2x16x32xf32>
    %44 = stablehlo.reshape %25 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %45 = stablehlo.convert %18 : (tensor<2x16x32xf32>) -> tensor<2x16x32xbf16>
    %46 = stablehlo.reshape %45 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %47 = stablehlo.convert %18 : (tensor<2x16x32xf32>) -> tensor<2x16x32xbf16>
    %48 = stablehlo.reshape %47 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %49 = stablehlo.reshape %33 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %50 = stablehlo.convert %43 : (tensor<2x16x32xf32>) -> tensor<2x16x32xbf16>
    %51 = stablehlo.reshape %50 : (tensor<2x16x32xbf16>) -> tensor<2x16x4x8xbf16>
    %52 = stablehlo.reshape %31#1 : (tensor<2x4x16xf32>) -> tensor<128xf32>
    %53 = stablehlo.reshape %52 : (tensor<128xf32>) -> tensor<2x4x16xf32>
    %54:4 = stablehlo.custom_call @__cudnn$fmhaSoftmaxBackward(%44, %46, %48, %53, %51, %49) {api_version = 2 : i32, backend_config = "{\"cudnn_fmha_backend_config\":{\"algorithm\":{\"algo_id\":\"0\",\"is_cudnn_frontend\":true,\"math_type\":\"TENSOR_OP_MATH\",\"tuning_knobs\":{\"17\":\"1\",\"24\":\"0\"},\"workspace_size\":\"0\"},\"bmm1_grad_gemm1_dot_dimension_numbers\":{\"lhs_batch_dimensions\":[\"0\",\"1\"],\"lhs_contracting_dimensions\":[\"2\"],\"rhs_batch_dimensions\":[\"0\",\"2\"],\"rhs_contracting_dimensions\":[\"1\"]},\"bmm1_grad_gemm2_dot_dimension_numbers\":{\"lhs_batch_dimensions\":[\"0\",\"1\"],\"lhs_contracting_dimensions\":[\"3\"],\"rhs_batch_dimensions\":[\"0\",\"2\"],\"rhs_contracting_dimensions\":[\"1\"]},\"bmm2_grad_gemm1_dot_dimension_numbers\":{\"lhs_batch_dimensions\":[\"0\",\"1\"],\"lhs_contracting_dimensions\":[\"2\"],\"rhs_batch_dimensions\":[\"0\",\"2\"],\"rhs_contracting_dimensions\":[\"1\"]},\"bmm2_grad_gemm2_dot_dimension_numbers\":{\"lhs_batch_dimensions\":[\"0\",\"2\"],\"lhs_contracting_dimensions\":[\"3\"],\"rhs_batch_dimensions\":[\"0\",\"2\"],\"rhs_contracting_dimensions\":[\"3\"]},\"dropout_rate\":0,\"fmha_scale\":0.35355339059327373,\"intermediate_tensor_shape\":{\"dimensions\":[\"2\",\"4\",\"16\",\"16\"],\"element_type\":\"BF16\",\"is_dynamic_dimension\":[false,false,false,false],\"layout\":{\"dim_level_types\":[],\"dim_ordered\":[],\"dim_unique\":[],\"dynamic_shape_metadata_prefix_bytes\":\"0\",\"element_size_in_bits\":\"0\",\"index_primitive_type\":\"PRIMITIVE_TYPE_INVALID\",\"memory_space\":\"0\",\"minor_to_major\":[\"3\",\"2\",\"1\",\"0\"],\"pointer_primitive_type\":\"PRIMITIVE_TYPE_INVALID\",\"tiles\":[]},\"tuple_shapes\":[]},\"is_flash_attention\":true,\"is_paged_attention\":false,\"mask_type\":\"CAUSAL\",\"max_seg_per_batch\":1,\"seed\":42,\"sliding_window_length\":0},\"operation_queue_id\":\"0\"}", operand_layouts = [dense<[3, 2, 1, 0]> : tensor<4xindex>, dense<[3, 2, 1, 0]> : tensor<4xindex>, dense<[3, 2, 1, 0]> : tensor<4xindex>, dense<[2, 1, 0]> : tensor<3xindex>, dense<[3, 2, 1, 0]> : tensor<4xindex>, dense<[3, 2, 1, 0]> : tensor<4xindex>], result_layouts = [dense<[3, 1, 2, 0]> : tensor<4xindex>, dense<[3, 1, 2, 0]> : tensor<4xindex>, dense<[3, 1, 2, 0]> : tensor<4xindex>, dense<0> : tensor<1xindex>]} : (tensor<2x16x4x8xbf16>, tensor<2x16x4x8xbf16>, tensor<2x16x4x8xbf16>, tensor<2x4x16xf32>, tensor<2x16x4x8xbf16>, tensor<2x16x4x8xbf16>) -> (tensor<2x4x16x8xbf16>, tensor<2x4x16x8xbf16>, tensor<2x4x16x8xbf16>, tensor<0xui8>)
    %55 = stablehlo.transpose %54#0, dims = [0, 2, 1, 3] : (tensor<2x4x16x8xbf16>) -> tensor<2x16x4x8xbf16>
    %56 = stablehlo.reshape %55 : (tensor<2x16x4x8xbf16>) -> tensor<2x16x32xbf16>
    %57 = stablehlo.transpose %54#1, dims = [0, 2, 1, 3] : (tensor<2x4x16x8xbf16>) -> tensor<2x16x4x8xbf16>
    %58 = stablehlo.reshape %57 : (tensor<2x16x4x8xbf16>) -> tensor<2x16x32xbf16>
    %59 = stablehlo.transpose %54#2, dims = [0, 2, 1, 3] : (tensor<2x4x16x8xbf16>) -> tensor<2x16x4x8xbf16>
    %60 = stablehlo.reshape %59 : (tensor<2x16x4x8xbf16>) -> tensor<2x16x32xbf16>
    %61 = stablehlo.reshape %56 : (tensor<2x16x32xbf16>) -> tensor<32x32xbf16>
    %62 = stablehlo.convert %21 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
    %63 = stablehlo.dot_general %61, %62, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<32x32xbf16>, tensor<32x32xbf16>) -> tensor<32x32xbf16>
    %64 = stablehlo.convert %18 : (tensor<2x16x32xf32>) -> tensor<2x16x32xbf16>
    %65 = stablehlo.reshape %64 : (tensor<2x16x32xbf16>) -> tensor<32x32xbf16>
    %66 = stablehlo.reshape %56 : (tensor<2x16x32xbf16>) -> tensor<32x32xbf16>
    %67 = stablehlo.dot_general %65, %66, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<32x32xbf16>, tensor<32x32xbf16>) -> tensor<32x32xf32>
    %68 = stablehlo.add %58, %60 : tensor<2x16x32xbf16>
    %69 = stablehlo.reshape %63 : (tensor<32x32xbf16>) -> tensor<2x16x32xbf16>
    %70 = stablehlo.add %68, %69 : tensor<2x16x32xbf16>
    %71 = stablehlo.convert %70 : (tensor<2x16x32xbf16>) -> tensor<2x16x32xf32>
    %72 = stablehlo.reshape %71 : (tensor<2x16x32xf32>) -> tensor<1024xf32>
    %73 = stablehlo.reshape %72 : (tensor<1024xf32>) -> tensor<1x1024xf32>
    %74 = stablehlo.dynamic_update_slice %arg4, %73, %2, %3 : (tensor<32x1024xf32>, tensor<1x1024xf32>, tensor<ui32>, tensor<ui32>) -> tensor<32x1024xf32>
    %75 = stablehlo.constant dense<1> : tensor<ui32>
    %76 = stablehlo.add %arg1, %75 : tensor<ui32>
    return %74, %76 : tensor<32x1024xf32>, tensor<ui32>
  }
}
