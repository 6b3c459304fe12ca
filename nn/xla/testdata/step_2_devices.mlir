module @pipe attributes {mhlo.num_partitions = 2 : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @devices = <["batch"=2]>
  func.func public @main(%arg0: tensor<1x11xui32> {sdy.sharding = #sdy.sharding<@devices, [{}, {}]>}, %arg1: tensor<1xf32> {tf.aliasing_output = 0 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg2: tensor<8x3xf32> {sdy.sharding = #sdy.sharding<@devices, [{"batch"}, {}]>}, %arg3: tensor<8xf32> {sdy.sharding = #sdy.sharding<@devices, [{"batch"}]>}, %arg4: tensor<8xf32> {sdy.sharding = #sdy.sharding<@devices, [{"batch"}]>}, %arg5: tensor<12xf32> {tf.aliasing_output = 1 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg6: tensor<4xf32> {tf.aliasing_output = 2 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg7: tensor<8xf32> {tf.aliasing_output = 3 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg8: tensor<2xf32> {tf.aliasing_output = 4 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg9: tensor<12xf32> {tf.aliasing_output = 5 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg10: tensor<4xf32> {tf.aliasing_output = 6 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg11: tensor<8xf32> {tf.aliasing_output = 7 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg12: tensor<2xf32> {tf.aliasing_output = 8 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg13: tensor<12xf32> {tf.aliasing_output = 9 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg14: tensor<4xf32> {tf.aliasing_output = 10 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg15: tensor<8xf32> {tf.aliasing_output = 11 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}, %arg16: tensor<2xf32> {tf.aliasing_output = 12 : i32, sdy.sharding = #sdy.sharding<@devices, [{}]>}) -> (tensor<1xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<12xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<4xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<8xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<2xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<12xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<4xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<8xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<2xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<12xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<4xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<8xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<2xf32> {sdy.sharding = #sdy.sharding<@devices, [{}]>}, tensor<1x3xf32> {sdy.sharding = #sdy.sharding<@devices, [{}, {}]>}) {
    %1 = stablehlo.reshape %arg0 : (tensor<1x11xui32>) -> tensor<11xui32>
    %2 = stablehlo.slice %1 [2:3] : (tensor<11xui32>) -> tensor<1xui32>
    %3 = stablehlo.reshape %2 : (tensor<1xui32>) -> tensor<ui32>
    %4 = stablehlo.convert %3 : (tensor<ui32>) -> tensor<i32>
    %5 = stablehlo.slice %1 [0:1] : (tensor<11xui32>) -> tensor<1xui32>
    %6 = stablehlo.reshape %5 : (tensor<1xui32>) -> tensor<ui32>
    %7 = stablehlo.convert %6 : (tensor<ui32>) -> tensor<ui64>
    %8 = stablehlo.slice %1 [1:2] : (tensor<11xui32>) -> tensor<1xui32>
    %9 = stablehlo.reshape %8 : (tensor<1xui32>) -> tensor<ui32>
    %10 = stablehlo.convert %9 : (tensor<ui32>) -> tensor<ui64>
    %11 = stablehlo.constant dense<32> : tensor<ui64>
    %12 = stablehlo.shift_left %10, %11 : tensor<ui64>
    %13 = stablehlo.or %7, %12 : tensor<ui64>
    %14 = stablehlo.reshape %arg2 : (tensor<8x3xf32>) -> tensor<24xf32>
    %15 = stablehlo.constant dense<0x00000000> : tensor<12xf32>
    %16 = stablehlo.constant dense<0x00000000> : tensor<4xf32>
    %17 = stablehlo.constant dense<0x00000000> : tensor<8xf32>
    %18 = stablehlo.constant dense<0x00000000> : tensor<2xf32>
    %19 = stablehlo.reshape %14 : (tensor<24xf32>) -> tensor<8x3xf32>
    %20 = stablehlo.reshape %arg5 : (tensor<12xf32>) -> tensor<3x4xf32>
    %21 = stablehlo.dot_general %19, %20, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<8x3xf32>, tensor<3x4xf32>) -> tensor<8x4xf32>
    %22 = stablehlo.broadcast_in_dim %arg6, dims = [1] : (tensor<4xf32>) -> tensor<8x4xf32>
    %23 = stablehlo.add %21, %22 : tensor<8x4xf32>
    %24 = stablehlo.constant dense<0x00000000> : tensor<8x4xf32>
    %25 = stablehlo.maximum %23, %24 : tensor<8x4xf32>
    %26 = stablehlo.constant dense<0> : tensor<8xui8>
    %27 = stablehlo.iota dim = 0 : tensor<8xui32>
    %28 = stablehlo.constant dense<0> : tensor<8xui32>
    %29 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %30 = stablehlo.broadcast_in_dim %29, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %31 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %32 = stablehlo.convert %31 : (tensor<ui64>) -> tensor<ui32>
    %33 = stablehlo.broadcast_in_dim %32, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %34 = stablehlo.constant dense<3528531795> : tensor<8xui64>
    %35 = stablehlo.convert %27 : (tensor<8xui32>) -> tensor<8xui64>
    %36 = stablehlo.multiply %34, %35 : tensor<8xui64>
    %37 = stablehlo.constant dense<32> : tensor<8xui64>
    %38 = stablehlo.shift_right_logical %36, %37 : tensor<8xui64>
    %39 = stablehlo.convert %38 : (tensor<8xui64>) -> tensor<8xui32>
    %40 = stablehlo.convert %36 : (tensor<8xui64>) -> tensor<8xui32>
    %41 = stablehlo.constant dense<3449720151> : tensor<8xui64>
    %42 = stablehlo.convert %30 : (tensor<8xui32>) -> tensor<8xui64>
    %43 = stablehlo.multiply %41, %42 : tensor<8xui64>
    %44 = stablehlo.shift_right_logical %43, %37 : tensor<8xui64>
    %45 = stablehlo.convert %44 : (tensor<8xui64>) -> tensor<8xui32>
    %46 = stablehlo.convert %43 : (tensor<8xui64>) -> tensor<8xui32>
    %47 = stablehlo.xor %45, %28 : tensor<8xui32>
    %48 = stablehlo.constant dense<5> : tensor<8xui32>
    %49 = stablehlo.xor %47, %48 : tensor<8xui32>
    %50 = stablehlo.xor %39, %33 : tensor<8xui32>
    %51 = stablehlo.xor %50, %28 : tensor<8xui32>
    %52 = stablehlo.convert %49 : (tensor<8xui32>) -> tensor<8xui64>
    %53 = stablehlo.multiply %34, %52 : tensor<8xui64>
    %54 = stablehlo.shift_right_logical %53, %37 : tensor<8xui64>
    %55 = stablehlo.convert %54 : (tensor<8xui64>) -> tensor<8xui32>
    %56 = stablehlo.convert %53 : (tensor<8xui64>) -> tensor<8xui32>
    %57 = stablehlo.convert %51 : (tensor<8xui32>) -> tensor<8xui64>
    %58 = stablehlo.multiply %41, %57 : tensor<8xui64>
    %59 = stablehlo.shift_right_logical %58, %37 : tensor<8xui64>
    %60 = stablehlo.convert %59 : (tensor<8xui64>) -> tensor<8xui32>
    %61 = stablehlo.convert %58 : (tensor<8xui64>) -> tensor<8xui32>
    %62 = stablehlo.xor %60, %46 : tensor<8xui32>
    %63 = stablehlo.constant dense<2654435774> : tensor<8xui32>
    %64 = stablehlo.xor %62, %63 : tensor<8xui32>
    %65 = stablehlo.xor %55, %40 : tensor<8xui32>
    %66 = stablehlo.constant dense<3144134277> : tensor<8xui32>
    %67 = stablehlo.xor %65, %66 : tensor<8xui32>
    %68 = stablehlo.convert %64 : (tensor<8xui32>) -> tensor<8xui64>
    %69 = stablehlo.multiply %34, %68 : tensor<8xui64>
    %70 = stablehlo.shift_right_logical %69, %37 : tensor<8xui64>
    %71 = stablehlo.convert %70 : (tensor<8xui64>) -> tensor<8xui32>
    %72 = stablehlo.convert %69 : (tensor<8xui64>) -> tensor<8xui32>
    %73 = stablehlo.convert %67 : (tensor<8xui32>) -> tensor<8xui64>
    %74 = stablehlo.multiply %41, %73 : tensor<8xui64>
    %75 = stablehlo.shift_right_logical %74, %37 : tensor<8xui64>
    %76 = stablehlo.convert %75 : (tensor<8xui64>) -> tensor<8xui32>
    %77 = stablehlo.convert %74 : (tensor<8xui64>) -> tensor<8xui32>
    %78 = stablehlo.xor %76, %61 : tensor<8xui32>
    %79 = stablehlo.constant dense<1013904247> : tensor<8xui32>
    %80 = stablehlo.xor %78, %79 : tensor<8xui32>
    %81 = stablehlo.xor %71, %56 : tensor<8xui32>
    %82 = stablehlo.constant dense<1993301258> : tensor<8xui32>
    %83 = stablehlo.xor %81, %82 : tensor<8xui32>
    %84 = stablehlo.convert %80 : (tensor<8xui32>) -> tensor<8xui64>
    %85 = stablehlo.multiply %34, %84 : tensor<8xui64>
    %86 = stablehlo.shift_right_logical %85, %37 : tensor<8xui64>
    %87 = stablehlo.convert %86 : (tensor<8xui64>) -> tensor<8xui32>
    %88 = stablehlo.convert %85 : (tensor<8xui64>) -> tensor<8xui32>
    %89 = stablehlo.convert %83 : (tensor<8xui32>) -> tensor<8xui64>
    %90 = stablehlo.multiply %41, %89 : tensor<8xui64>
    %91 = stablehlo.shift_right_logical %90, %37 : tensor<8xui64>
    %92 = stablehlo.convert %91 : (tensor<8xui64>) -> tensor<8xui32>
    %93 = stablehlo.convert %90 : (tensor<8xui64>) -> tensor<8xui32>
    %94 = stablehlo.xor %92, %77 : tensor<8xui32>
    %95 = stablehlo.constant dense<3668340016> : tensor<8xui32>
    %96 = stablehlo.xor %94, %95 : tensor<8xui32>
    %97 = stablehlo.xor %87, %72 : tensor<8xui32>
    %98 = stablehlo.constant dense<842468239> : tensor<8xui32>
    %99 = stablehlo.xor %97, %98 : tensor<8xui32>
    %100 = stablehlo.convert %96 : (tensor<8xui32>) -> tensor<8xui64>
    %101 = stablehlo.multiply %34, %100 : tensor<8xui64>
    %102 = stablehlo.shift_right_logical %101, %37 : tensor<8xui64>
    %103 = stablehlo.convert %102 : (tensor<8xui64>) -> tensor<8xui32>
    %104 = stablehlo.convert %101 : (tensor<8xui64>) -> tensor<8xui32>
    %105 = stablehlo.convert %99 : (tensor<8xui32>) -> tensor<8xui64>
    %106 = stablehlo.multiply %41, %105 : tensor<8xui64>
    %107 = stablehlo.shift_right_logical %106, %37 : tensor<8xui64>
    %108 = stablehlo.convert %107 : (tensor<8xui64>) -> tensor<8xui32>
    %109 = stablehlo.convert %106 : (tensor<8xui64>) -> tensor<8xui32>
    %110 = stablehlo.xor %108, %93 : tensor<8xui32>
    %111 = stablehlo.constant dense<2027808489> : tensor<8xui32>
    %112 = stablehlo.xor %110, %111 : tensor<8xui32>
    %113 = stablehlo.xor %103, %88 : tensor<8xui32>
    %114 = stablehlo.constant dense<3986602516> : tensor<8xui32>
    %115 = stablehlo.xor %113, %114 : tensor<8xui32>
    %116 = stablehlo.convert %112 : (tensor<8xui32>) -> tensor<8xui64>
    %117 = stablehlo.multiply %34, %116 : tensor<8xui64>
    %118 = stablehlo.shift_right_logical %117, %37 : tensor<8xui64>
    %119 = stablehlo.convert %118 : (tensor<8xui64>) -> tensor<8xui32>
    %120 = stablehlo.convert %117 : (tensor<8xui64>) -> tensor<8xui32>
    %121 = stablehlo.convert %115 : (tensor<8xui32>) -> tensor<8xui64>
    %122 = stablehlo.multiply %41, %121 : tensor<8xui64>
    %123 = stablehlo.shift_right_logical %122, %37 : tensor<8xui64>
    %124 = stablehlo.convert %123 : (tensor<8xui64>) -> tensor<8xui32>
    %125 = stablehlo.convert %122 : (tensor<8xui64>) -> tensor<8xui32>
    %126 = stablehlo.xor %124, %109 : tensor<8xui32>
    %127 = stablehlo.constant dense<387276962> : tensor<8xui32>
    %128 = stablehlo.xor %126, %127 : tensor<8xui32>
    %129 = stablehlo.xor %119, %104 : tensor<8xui32>
    %130 = stablehlo.constant dense<2835769497> : tensor<8xui32>
    %131 = stablehlo.xor %129, %130 : tensor<8xui32>
    %132 = stablehlo.convert %128 : (tensor<8xui32>) -> tensor<8xui64>
    %133 = stablehlo.multiply %34, %132 : tensor<8xui64>
    %134 = stablehlo.shift_right_logical %133, %37 : tensor<8xui64>
    %135 = stablehlo.convert %134 : (tensor<8xui64>) -> tensor<8xui32>
    %136 = stablehlo.convert %133 : (tensor<8xui64>) -> tensor<8xui32>
    %137 = stablehlo.convert %131 : (tensor<8xui32>) -> tensor<8xui64>
    %138 = stablehlo.multiply %41, %137 : tensor<8xui64>
    %139 = stablehlo.shift_right_logical %138, %37 : tensor<8xui64>
    %140 = stablehlo.convert %139 : (tensor<8xui64>) -> tensor<8xui32>
    %141 = stablehlo.convert %138 : (tensor<8xui64>) -> tensor<8xui32>
    %142 = stablehlo.xor %140, %125 : tensor<8xui32>
    %143 = stablehlo.constant dense<3041712731> : tensor<8xui32>
    %144 = stablehlo.xor %142, %143 : tensor<8xui32>
    %145 = stablehlo.xor %135, %120 : tensor<8xui32>
    %146 = stablehlo.constant dense<1684936478> : tensor<8xui32>
    %147 = stablehlo.xor %145, %146 : tensor<8xui32>
    %148 = stablehlo.convert %144 : (tensor<8xui32>) -> tensor<8xui64>
    %149 = stablehlo.multiply %34, %148 : tensor<8xui64>
    %150 = stablehlo.shift_right_logical %149, %37 : tensor<8xui64>
    %151 = stablehlo.convert %150 : (tensor<8xui64>) -> tensor<8xui32>
    %152 = stablehlo.convert %149 : (tensor<8xui64>) -> tensor<8xui32>
    %153 = stablehlo.convert %147 : (tensor<8xui32>) -> tensor<8xui64>
    %154 = stablehlo.multiply %41, %153 : tensor<8xui64>
    %155 = stablehlo.shift_right_logical %154, %37 : tensor<8xui64>
    %156 = stablehlo.convert %155 : (tensor<8xui64>) -> tensor<8xui32>
    %157 = stablehlo.convert %154 : (tensor<8xui64>) -> tensor<8xui32>
    %158 = stablehlo.xor %156, %141 : tensor<8xui32>
    %159 = stablehlo.constant dense<1401181204> : tensor<8xui32>
    %160 = stablehlo.xor %158, %159 : tensor<8xui32>
    %161 = stablehlo.xor %151, %136 : tensor<8xui32>
    %162 = stablehlo.constant dense<534103459> : tensor<8xui32>
    %163 = stablehlo.xor %161, %162 : tensor<8xui32>
    %164 = stablehlo.convert %160 : (tensor<8xui32>) -> tensor<8xui64>
    %165 = stablehlo.multiply %34, %164 : tensor<8xui64>
    %166 = stablehlo.shift_right_logical %165, %37 : tensor<8xui64>
    %167 = stablehlo.convert %166 : (tensor<8xui64>) -> tensor<8xui32>
    %168 = stablehlo.convert %165 : (tensor<8xui64>) -> tensor<8xui32>
    %169 = stablehlo.convert %163 : (tensor<8xui32>) -> tensor<8xui64>
    %170 = stablehlo.multiply %41, %169 : tensor<8xui64>
    %171 = stablehlo.shift_right_logical %170, %37 : tensor<8xui64>
    %172 = stablehlo.convert %171 : (tensor<8xui64>) -> tensor<8xui32>
    %173 = stablehlo.convert %170 : (tensor<8xui64>) -> tensor<8xui32>
    %174 = stablehlo.xor %172, %157 : tensor<8xui32>
    %175 = stablehlo.constant dense<4055616973> : tensor<8xui32>
    %176 = stablehlo.xor %174, %175 : tensor<8xui32>
    %177 = stablehlo.xor %167, %152 : tensor<8xui32>
    %178 = stablehlo.constant dense<3678237736> : tensor<8xui32>
    %179 = stablehlo.xor %177, %178 : tensor<8xui32>
    %180 = stablehlo.convert %176 : (tensor<8xui32>) -> tensor<8xui64>
    %181 = stablehlo.multiply %34, %180 : tensor<8xui64>
    %182 = stablehlo.shift_right_logical %181, %37 : tensor<8xui64>
    %183 = stablehlo.convert %182 : (tensor<8xui64>) -> tensor<8xui32>
    %184 = stablehlo.convert %181 : (tensor<8xui64>) -> tensor<8xui32>
    %185 = stablehlo.convert %179 : (tensor<8xui32>) -> tensor<8xui64>
    %186 = stablehlo.multiply %41, %185 : tensor<8xui64>
    %187 = stablehlo.shift_right_logical %186, %37 : tensor<8xui64>
    %188 = stablehlo.convert %187 : (tensor<8xui64>) -> tensor<8xui32>
    %189 = stablehlo.convert %186 : (tensor<8xui64>) -> tensor<8xui32>
    %190 = stablehlo.xor %188, %173 : tensor<8xui32>
    %191 = stablehlo.constant dense<2415085446> : tensor<8xui32>
    %192 = stablehlo.xor %190, %191 : tensor<8xui32>
    %193 = stablehlo.xor %183, %168 : tensor<8xui32>
    %194 = stablehlo.constant dense<2527404717> : tensor<8xui32>
    %195 = stablehlo.xor %193, %194 : tensor<8xui32>
    %196 = stablehlo.constant dense<2147483648> : tensor<8xui32>
    %197 = stablehlo.compare GE, %192, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %198 = stablehlo.constant dense<1> : tensor<8xui8>
    %199 = stablehlo.select %197, %198, %26 : tensor<8xi1>, tensor<8xui8>
    %200 = stablehlo.or %26, %199 : tensor<8xui8>
    %201 = stablehlo.compare GE, %189, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %202 = stablehlo.constant dense<2> : tensor<8xui8>
    %203 = stablehlo.select %201, %202, %26 : tensor<8xi1>, tensor<8xui8>
    %204 = stablehlo.or %200, %203 : tensor<8xui8>
    %205 = stablehlo.compare GE, %195, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %206 = stablehlo.constant dense<4> : tensor<8xui8>
    %207 = stablehlo.select %205, %206, %26 : tensor<8xi1>, tensor<8xui8>
    %208 = stablehlo.or %204, %207 : tensor<8xui8>
    %209 = stablehlo.compare GE, %184, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %210 = stablehlo.constant dense<8> : tensor<8xui8>
    %211 = stablehlo.select %209, %210, %26 : tensor<8xi1>, tensor<8xui8>
    %212 = stablehlo.or %208, %211 : tensor<8xui8>
    %213 = stablehlo.broadcast_in_dim %212, dims = [0] : (tensor<8xui8>) -> tensor<8x4xui8>
    %214 = stablehlo.constant dense<1> : tensor<8x4xui8>
    %215 = stablehlo.iota dim = 1 : tensor<8x4xui8>
    %216 = stablehlo.shift_left %214, %215 : tensor<8x4xui8>
    %217 = stablehlo.and %213, %216 : tensor<8x4xui8>
    %218 = stablehlo.constant dense<0> : tensor<8x4xui8>
    %219 = stablehlo.compare NE, %217, %218, UNSIGNED : (tensor<8x4xui8>, tensor<8x4xui8>) -> tensor<8x4xi1>
    %220 = stablehlo.reshape %219 : (tensor<8x4xi1>) -> tensor<32xi1>
    %221 = stablehlo.reshape %220 : (tensor<32xi1>) -> tensor<8x4xi1>
    %222 = stablehlo.constant dense<0x40000000> : tensor<8x4xf32>
    %223 = stablehlo.multiply %25, %222 : tensor<8x4xf32>
    %224 = stablehlo.select %221, %223, %24 : tensor<8x4xi1>, tensor<8x4xf32>
    %225 = stablehlo.reshape %arg7 : (tensor<8xf32>) -> tensor<4x2xf32>
    %226 = stablehlo.dot_general %224, %225, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<8x4xf32>, tensor<4x2xf32>) -> tensor<8x2xf32>
    %227 = stablehlo.broadcast_in_dim %arg8, dims = [1] : (tensor<2xf32>) -> tensor<8x2xf32>
    %228 = stablehlo.add %226, %227 : tensor<8x2xf32>
    %229 = stablehlo.constant dense<0x00000000> : tensor<8x2xf32>
    %230 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %231 = stablehlo.reduce(%228 init: %230) applies stablehlo.maximum across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %232 = stablehlo.broadcast_in_dim %231, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %233 = stablehlo.subtract %232, %228 : tensor<8x2xf32>
    %234 = stablehlo.negate %233 : tensor<8x2xf32>
    %235 = stablehlo.exponential %234 : tensor<8x2xf32>
    %236 = stablehlo.constant dense<0x00000000> : tensor<f32>
    %237 = stablehlo.reduce(%235 init: %236) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %238 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %239 = stablehlo.constant dense<0x40000000> : tensor<8xf32>
    %240 = stablehlo.compare LT, %arg3, %239, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %241 = stablehlo.and %238, %240 : tensor<8xi1>
    %242 = stablehlo.constant dense<0xBF800000> : tensor<8xf32>
    %243 = stablehlo.select %241, %arg3, %242 : tensor<8xi1>, tensor<8xf32>
    %244 = stablehlo.convert %243 : (tensor<8xf32>) -> tensor<8xi32>
    %245 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %246 = stablehlo.broadcast_in_dim %244, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %247 = stablehlo.compare EQ, %245, %246, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %248 = stablehlo.select %247, %233, %229 : tensor<8x2xi1>, tensor<8x2xf32>
    %249 = stablehlo.reduce(%248 init: %236) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %250 = stablehlo.constant dense<0x3F800000> : tensor<8xf32>
    %251 = stablehlo.multiply %249, %250 : tensor<8xf32>
    %252 = stablehlo.constant dense<0x7FC00000> : tensor<8xf32>
    %253 = stablehlo.select %241, %251, %252 : tensor<8xi1>, tensor<8xf32>
    %254 = stablehlo.log %237 : tensor<8xf32>
    %255 = stablehlo.add %254, %253 : tensor<8xf32>
    %256 = stablehlo.compare EQ, %253, %253, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %257 = stablehlo.select %256, %250, %252 : tensor<8xi1>, tensor<8xf32>
    %258 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %259 = stablehlo.reduce(%arg4 init: %236) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %260 = stablehlo.multiply %arg4, %255 : tensor<8xf32>
    %261 = stablehlo.select %258, %260, %17 : tensor<8xi1>, tensor<8xf32>
    %262 = stablehlo.reduce(%261 init: %236) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %263 = stablehlo.compare EQ, %259, %236, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %264 = stablehlo.divide %262, %259 : tensor<f32>
    %265 = stablehlo.select %263, %236, %264 : tensor<i1>, tensor<f32>
    %266 = stablehlo.divide %250, %237 : tensor<8xf32>
    %267 = stablehlo.constant dense<0x3F800000> : tensor<f32>
    %268 = stablehlo.broadcast_in_dim %231, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %269 = stablehlo.subtract %228, %268 : tensor<8x2xf32>
    %270 = stablehlo.exponential %269 : tensor<8x2xf32>
    %271 = stablehlo.broadcast_in_dim %266, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %272 = stablehlo.multiply %270, %271 : tensor<8x2xf32>
    %273 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %274 = stablehlo.compare LT, %arg3, %239, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %275 = stablehlo.and %273, %274 : tensor<8xi1>
    %276 = stablehlo.select %275, %arg3, %242 : tensor<8xi1>, tensor<8xf32>
    %277 = stablehlo.convert %276 : (tensor<8xf32>) -> tensor<8xi32>
    %278 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %279 = stablehlo.broadcast_in_dim %277, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %280 = stablehlo.compare EQ, %278, %279, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %281 = stablehlo.constant dense<0x3F800000> : tensor<8x2xf32>
    %282 = stablehlo.select %280, %281, %229 : tensor<8x2xi1>, tensor<8x2xf32>
    %283 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %284 = stablehlo.reshape %259 : (tensor<f32>) -> tensor<1xf32>
    %285 = stablehlo.reshape %284 : (tensor<1xf32>) -> tensor<f32>
    %286 = stablehlo.divide %267, %285 : tensor<f32>
    %287 = stablehlo.broadcast_in_dim %286, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %288 = stablehlo.multiply %arg4, %287 : tensor<8xf32>
    %289 = stablehlo.multiply %288, %257 : tensor<8xf32>
    %290 = stablehlo.broadcast_in_dim %289, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %291 = stablehlo.subtract %272, %282 : tensor<8x2xf32>
    %292 = stablehlo.multiply %290, %291 : tensor<8x2xf32>
    %293 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %294 = stablehlo.broadcast_in_dim %293, dims = [0] : (tensor<8xi1>) -> tensor<8x2xi1>
    %295 = stablehlo.select %294, %292, %229 : tensor<8x2xi1>, tensor<8x2xf32>
    %296 = stablehlo.dot_general %295, %225, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<8x2xf32>, tensor<4x2xf32>) -> tensor<8x4xf32>
    %297 = stablehlo.dot_general %224, %295, contracting_dims = [0] x [0], precision = [HIGHEST, HIGHEST] : (tensor<8x4xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
    %298 = stablehlo.reduce(%295 init: %236) applies stablehlo.add across dimensions = [0] : (tensor<8x2xf32>, tensor<f32>) -> tensor<2xf32>
    %299 = stablehlo.iota dim = 0 : tensor<8xui32>
    %300 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %301 = stablehlo.broadcast_in_dim %300, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %302 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %303 = stablehlo.convert %302 : (tensor<ui64>) -> tensor<ui32>
    %304 = stablehlo.broadcast_in_dim %303, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %305 = stablehlo.convert %299 : (tensor<8xui32>) -> tensor<8xui64>
    %306 = stablehlo.multiply %34, %305 : tensor<8xui64>
    %307 = stablehlo.shift_right_logical %306, %37 : tensor<8xui64>
    %308 = stablehlo.convert %307 : (tensor<8xui64>) -> tensor<8xui32>
    %309 = stablehlo.convert %306 : (tensor<8xui64>) -> tensor<8xui32>
    %310 = stablehlo.convert %301 : (tensor<8xui32>) -> tensor<8xui64>
    %311 = stablehlo.multiply %41, %310 : tensor<8xui64>
    %312 = stablehlo.shift_right_logical %311, %37 : tensor<8xui64>
    %313 = stablehlo.convert %312 : (tensor<8xui64>) -> tensor<8xui32>
    %314 = stablehlo.convert %311 : (tensor<8xui64>) -> tensor<8xui32>
    %315 = stablehlo.xor %313, %28 : tensor<8xui32>
    %316 = stablehlo.xor %315, %48 : tensor<8xui32>
    %317 = stablehlo.xor %308, %304 : tensor<8xui32>
    %318 = stablehlo.xor %317, %28 : tensor<8xui32>
    %319 = stablehlo.convert %316 : (tensor<8xui32>) -> tensor<8xui64>
    %320 = stablehlo.multiply %34, %319 : tensor<8xui64>
    %321 = stablehlo.shift_right_logical %320, %37 : tensor<8xui64>
    %322 = stablehlo.convert %321 : (tensor<8xui64>) -> tensor<8xui32>
    %323 = stablehlo.convert %320 : (tensor<8xui64>) -> tensor<8xui32>
    %324 = stablehlo.convert %318 : (tensor<8xui32>) -> tensor<8xui64>
    %325 = stablehlo.multiply %41, %324 : tensor<8xui64>
    %326 = stablehlo.shift_right_logical %325, %37 : tensor<8xui64>
    %327 = stablehlo.convert %326 : (tensor<8xui64>) -> tensor<8xui32>
    %328 = stablehlo.convert %325 : (tensor<8xui64>) -> tensor<8xui32>
    %329 = stablehlo.xor %327, %314 : tensor<8xui32>
    %330 = stablehlo.xor %329, %63 : tensor<8xui32>
    %331 = stablehlo.xor %322, %309 : tensor<8xui32>
    %332 = stablehlo.xor %331, %66 : tensor<8xui32>
    %333 = stablehlo.convert %330 : (tensor<8xui32>) -> tensor<8xui64>
    %334 = stablehlo.multiply %34, %333 : tensor<8xui64>
    %335 = stablehlo.shift_right_logical %334, %37 : tensor<8xui64>
    %336 = stablehlo.convert %335 : (tensor<8xui64>) -> tensor<8xui32>
    %337 = stablehlo.convert %334 : (tensor<8xui64>) -> tensor<8xui32>
    %338 = stablehlo.convert %332 : (tensor<8xui32>) -> tensor<8xui64>
    %339 = stablehlo.multiply %41, %338 : tensor<8xui64>
    %340 = stablehlo.shift_right_logical %339, %37 : tensor<8xui64>
    %341 = stablehlo.convert %340 : (tensor<8xui64>) -> tensor<8xui32>
    %342 = stablehlo.convert %339 : (tensor<8xui64>) -> tensor<8xui32>
    %343 = stablehlo.xor %341, %328 : tensor<8xui32>
    %344 = stablehlo.xor %343, %79 : tensor<8xui32>
    %345 = stablehlo.xor %336, %323 : tensor<8xui32>
    %346 = stablehlo.xor %345, %82 : tensor<8xui32>
    %347 = stablehlo.convert %344 : (tensor<8xui32>) -> tensor<8xui64>
    %348 = stablehlo.multiply %34, %347 : tensor<8xui64>
    %349 = stablehlo.shift_right_logical %348, %37 : tensor<8xui64>
    %350 = stablehlo.convert %349 : (tensor<8xui64>) -> tensor<8xui32>
    %351 = stablehlo.convert %348 : (tensor<8xui64>) -> tensor<8xui32>
    %352 = stablehlo.convert %346 : (tensor<8xui32>) -> tensor<8xui64>
    %353 = stablehlo.multiply %41, %352 : tensor<8xui64>
    %354 = stablehlo.shift_right_logical %353, %37 : tensor<8xui64>
    %355 = stablehlo.convert %354 : (tensor<8xui64>) -> tensor<8xui32>
    %356 = stablehlo.convert %353 : (tensor<8xui64>) -> tensor<8xui32>
    %357 = stablehlo.xor %355, %342 : tensor<8xui32>
    %358 = stablehlo.xor %357, %95 : tensor<8xui32>
    %359 = stablehlo.xor %350, %337 : tensor<8xui32>
    %360 = stablehlo.xor %359, %98 : tensor<8xui32>
    %361 = stablehlo.convert %358 : (tensor<8xui32>) -> tensor<8xui64>
    %362 = stablehlo.multiply %34, %361 : tensor<8xui64>
    %363 = stablehlo.shift_right_logical %362, %37 : tensor<8xui64>
    %364 = stablehlo.convert %363 : (tensor<8xui64>) -> tensor<8xui32>
    %365 = stablehlo.convert %362 : (tensor<8xui64>) -> tensor<8xui32>
    %366 = stablehlo.convert %360 : (tensor<8xui32>) -> tensor<8xui64>
    %367 = stablehlo.multiply %41, %366 : tensor<8xui64>
    %368 = stablehlo.shift_right_logical %367, %37 : tensor<8xui64>
    %369 = stablehlo.convert %368 : (tensor<8xui64>) -> tensor<8xui32>
    %370 = stablehlo.convert %367 : (tensor<8xui64>) -> tensor<8xui32>
    %371 = stablehlo.xor %369, %356 : tensor<8xui32>
    %372 = stablehlo.xor %371, %111 : tensor<8xui32>
    %373 = stablehlo.xor %364, %351 : tensor<8xui32>
    %374 = stablehlo.xor %373, %114 : tensor<8xui32>
    %375 = stablehlo.convert %372 : (tensor<8xui32>) -> tensor<8xui64>
    %376 = stablehlo.multiply %34, %375 : tensor<8xui64>
    %377 = stablehlo.shift_right_logical %376, %37 : tensor<8xui64>
    %378 = stablehlo.convert %377 : (tensor<8xui64>) -> tensor<8xui32>
    %379 = stablehlo.convert %376 : (tensor<8xui64>) -> tensor<8xui32>
    %380 = stablehlo.convert %374 : (tensor<8xui32>) -> tensor<8xui64>
    %381 = stablehlo.multiply %41, %380 : tensor<8xui64>
    %382 = stablehlo.shift_right_logical %381, %37 : tensor<8xui64>
    %383 = stablehlo.convert %382 : (tensor<8xui64>) -> tensor<8xui32>
    %384 = stablehlo.convert %381 : (tensor<8xui64>) -> tensor<8xui32>
    %385 = stablehlo.xor %383, %370 : tensor<8xui32>
    %386 = stablehlo.xor %385, %127 : tensor<8xui32>
    %387 = stablehlo.xor %378, %365 : tensor<8xui32>
    %388 = stablehlo.xor %387, %130 : tensor<8xui32>
    %389 = stablehlo.convert %386 : (tensor<8xui32>) -> tensor<8xui64>
    %390 = stablehlo.multiply %34, %389 : tensor<8xui64>
    %391 = stablehlo.shift_right_logical %390, %37 : tensor<8xui64>
    %392 = stablehlo.convert %391 : (tensor<8xui64>) -> tensor<8xui32>
    %393 = stablehlo.convert %390 : (tensor<8xui64>) -> tensor<8xui32>
    %394 = stablehlo.convert %388 : (tensor<8xui32>) -> tensor<8xui64>
    %395 = stablehlo.multiply %41, %394 : tensor<8xui64>
    %396 = stablehlo.shift_right_logical %395, %37 : tensor<8xui64>
    %397 = stablehlo.convert %396 : (tensor<8xui64>) -> tensor<8xui32>
    %398 = stablehlo.convert %395 : (tensor<8xui64>) -> tensor<8xui32>
    %399 = stablehlo.xor %397, %384 : tensor<8xui32>
    %400 = stablehlo.xor %399, %143 : tensor<8xui32>
    %401 = stablehlo.xor %392, %379 : tensor<8xui32>
    %402 = stablehlo.xor %401, %146 : tensor<8xui32>
    %403 = stablehlo.convert %400 : (tensor<8xui32>) -> tensor<8xui64>
    %404 = stablehlo.multiply %34, %403 : tensor<8xui64>
    %405 = stablehlo.shift_right_logical %404, %37 : tensor<8xui64>
    %406 = stablehlo.convert %405 : (tensor<8xui64>) -> tensor<8xui32>
    %407 = stablehlo.convert %404 : (tensor<8xui64>) -> tensor<8xui32>
    %408 = stablehlo.convert %402 : (tensor<8xui32>) -> tensor<8xui64>
    %409 = stablehlo.multiply %41, %408 : tensor<8xui64>
    %410 = stablehlo.shift_right_logical %409, %37 : tensor<8xui64>
    %411 = stablehlo.convert %410 : (tensor<8xui64>) -> tensor<8xui32>
    %412 = stablehlo.convert %409 : (tensor<8xui64>) -> tensor<8xui32>
    %413 = stablehlo.xor %411, %398 : tensor<8xui32>
    %414 = stablehlo.xor %413, %159 : tensor<8xui32>
    %415 = stablehlo.xor %406, %393 : tensor<8xui32>
    %416 = stablehlo.xor %415, %162 : tensor<8xui32>
    %417 = stablehlo.convert %414 : (tensor<8xui32>) -> tensor<8xui64>
    %418 = stablehlo.multiply %34, %417 : tensor<8xui64>
    %419 = stablehlo.shift_right_logical %418, %37 : tensor<8xui64>
    %420 = stablehlo.convert %419 : (tensor<8xui64>) -> tensor<8xui32>
    %421 = stablehlo.convert %418 : (tensor<8xui64>) -> tensor<8xui32>
    %422 = stablehlo.convert %416 : (tensor<8xui32>) -> tensor<8xui64>
    %423 = stablehlo.multiply %41, %422 : tensor<8xui64>
    %424 = stablehlo.shift_right_logical %423, %37 : tensor<8xui64>
    %425 = stablehlo.convert %424 : (tensor<8xui64>) -> tensor<8xui32>
    %426 = stablehlo.convert %423 : (tensor<8xui64>) -> tensor<8xui32>
    %427 = stablehlo.xor %425, %412 : tensor<8xui32>
    %428 = stablehlo.xor %427, %175 : tensor<8xui32>
    %429 = stablehlo.xor %420, %407 : tensor<8xui32>
    %430 = stablehlo.xor %429, %178 : tensor<8xui32>
    %431 = stablehlo.convert %428 : (tensor<8xui32>) -> tensor<8xui64>
    %432 = stablehlo.multiply %34, %431 : tensor<8xui64>
    %433 = stablehlo.shift_right_logical %432, %37 : tensor<8xui64>
    %434 = stablehlo.convert %433 : (tensor<8xui64>) -> tensor<8xui32>
    %435 = stablehlo.convert %432 : (tensor<8xui64>) -> tensor<8xui32>
    %436 = stablehlo.convert %430 : (tensor<8xui32>) -> tensor<8xui64>
    %437 = stablehlo.multiply %41, %436 : tensor<8xui64>
    %438 = stablehlo.shift_right_logical %437, %37 : tensor<8xui64>
    %439 = stablehlo.convert %438 : (tensor<8xui64>) -> tensor<8xui32>
    %440 = stablehlo.convert %437 : (tensor<8xui64>) -> tensor<8xui32>
    %441 = stablehlo.xor %439, %426 : tensor<8xui32>
    %442 = stablehlo.xor %441, %191 : tensor<8xui32>
    %443 = stablehlo.xor %434, %421 : tensor<8xui32>
    %444 = stablehlo.xor %443, %194 : tensor<8xui32>
    %445 = stablehlo.compare GE, %442, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %446 = stablehlo.select %445, %198, %26 : tensor<8xi1>, tensor<8xui8>
    %447 = stablehlo.or %26, %446 : tensor<8xui8>
    %448 = stablehlo.compare GE, %440, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %449 = stablehlo.select %448, %202, %26 : tensor<8xi1>, tensor<8xui8>
    %450 = stablehlo.or %447, %449 : tensor<8xui8>
    %451 = stablehlo.compare GE, %444, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %452 = stablehlo.select %451, %206, %26 : tensor<8xi1>, tensor<8xui8>
    %453 = stablehlo.or %450, %452 : tensor<8xui8>
    %454 = stablehlo.compare GE, %435, %196, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %455 = stablehlo.select %454, %210, %26 : tensor<8xi1>, tensor<8xui8>
    %456 = stablehlo.or %453, %455 : tensor<8xui8>
    %457 = stablehlo.broadcast_in_dim %456, dims = [0] : (tensor<8xui8>) -> tensor<8x4xui8>
    %458 = stablehlo.iota dim = 1 : tensor<8x4xui8>
    %459 = stablehlo.shift_left %214, %458 : tensor<8x4xui8>
    %460 = stablehlo.and %457, %459 : tensor<8x4xui8>
    %461 = stablehlo.compare NE, %460, %218, UNSIGNED : (tensor<8x4xui8>, tensor<8x4xui8>) -> tensor<8x4xi1>
    %462 = stablehlo.reshape %461 : (tensor<8x4xi1>) -> tensor<32xi1>
    %463 = stablehlo.reshape %462 : (tensor<32xi1>) -> tensor<8x4xi1>
    %464 = stablehlo.multiply %296, %222 : tensor<8x4xf32>
    %465 = stablehlo.select %463, %464, %24 : tensor<8x4xi1>, tensor<8x4xf32>
    %466 = stablehlo.constant dense<0x3F800000> : tensor<8x4xf32>
    %467 = stablehlo.compare GT, %25, %24, FLOAT : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xi1>
    %468 = stablehlo.select %467, %466, %24 : tensor<8x4xi1>, tensor<8x4xf32>
    %469 = stablehlo.multiply %465, %468 : tensor<8x4xf32>
    %470 = stablehlo.dot_general %19, %469, contracting_dims = [0] x [0], precision = [HIGHEST, HIGHEST] : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
    %471 = stablehlo.reduce(%469 init: %236) applies stablehlo.add across dimensions = [0] : (tensor<8x4xf32>, tensor<f32>) -> tensor<4xf32>
    %472 = stablehlo.reshape %470 : (tensor<3x4xf32>) -> tensor<12xf32>
    %473 = stablehlo.reshape %297 : (tensor<4x2xf32>) -> tensor<8xf32>
    %474 = stablehlo.slice %1 [0:1] : (tensor<11xui32>) -> tensor<1xui32>
    %475 = stablehlo.reshape %474 : (tensor<1xui32>) -> tensor<ui32>
    %476 = stablehlo.convert %475 : (tensor<ui32>) -> tensor<ui64>
    %477 = stablehlo.slice %1 [1:2] : (tensor<11xui32>) -> tensor<1xui32>
    %478 = stablehlo.reshape %477 : (tensor<1xui32>) -> tensor<ui32>
    %479 = stablehlo.convert %478 : (tensor<ui32>) -> tensor<ui64>
    %480 = stablehlo.shift_left %479, %11 : tensor<ui64>
    %481 = stablehlo.or %476, %480 : tensor<ui64>
    %482 = stablehlo.slice %1 [3:11] : (tensor<11xui32>) -> tensor<8xui32>
    %483 = stablehlo.bitcast_convert %482 : (tensor<8xui32>) -> tensor<8xf32>
    %484 = stablehlo.reshape %472 : (tensor<12xf32>) -> tensor<1x12xf32>
    %485 = stablehlo.reshape %471 : (tensor<4xf32>) -> tensor<1x4xf32>
    %486 = stablehlo.reshape %473 : (tensor<8xf32>) -> tensor<1x8xf32>
    %487 = stablehlo.reshape %298 : (tensor<2xf32>) -> tensor<1x2xf32>
    %488 = stablehlo.pad %485, %236, low = [0, 0], high = [0, 8], interior = [0, 0] : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x12xf32>
    %489 = stablehlo.pad %486, %236, low = [0, 0], high = [0, 4], interior = [0, 0] : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x12xf32>
    %490 = stablehlo.pad %487, %236, low = [0, 0], high = [0, 10], interior = [0, 0] : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x12xf32>
    %491 = stablehlo.concatenate %484, %488, %489, %490, dim = 0 : (tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>) -> tensor<4x12xf32>
    %492 = stablehlo.multiply %491, %491 : tensor<4x12xf32>
    %493 = stablehlo.reduce(%492 init: %236) applies stablehlo.add across dimensions = [1] : (tensor<4x12xf32>, tensor<f32>) -> tensor<4xf32>
    %494 = stablehlo.slice %493 [0:1] : (tensor<4xf32>) -> tensor<1xf32>
    %495 = stablehlo.reshape %494 : (tensor<1xf32>) -> tensor<f32>
    %496 = stablehlo.slice %493 [1:2] : (tensor<4xf32>) -> tensor<1xf32>
    %497 = stablehlo.reshape %496 : (tensor<1xf32>) -> tensor<f32>
    %498 = stablehlo.add %495, %497 : tensor<f32>
    %499 = stablehlo.slice %493 [2:3] : (tensor<4xf32>) -> tensor<1xf32>
    %500 = stablehlo.reshape %499 : (tensor<1xf32>) -> tensor<f32>
    %501 = stablehlo.add %498, %500 : tensor<f32>
    %502 = stablehlo.slice %493 [3:4] : (tensor<4xf32>) -> tensor<1xf32>
    %503 = stablehlo.reshape %502 : (tensor<1xf32>) -> tensor<f32>
    %504 = stablehlo.add %501, %503 : tensor<f32>
    %505 = stablehlo.sqrt %504 : tensor<f32>
    %506 = stablehlo.slice %483 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %507 = stablehlo.reshape %506 : (tensor<1xf32>) -> tensor<f32>
    %508 = stablehlo.multiply %505, %507 : tensor<f32>
    %509 = stablehlo.constant dense<0x358637BD> : tensor<f32>
    %510 = stablehlo.add %508, %509 : tensor<f32>
    %511 = stablehlo.divide %267, %510 : tensor<f32>
    %512 = stablehlo.compare GE, %511, %267, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %513 = stablehlo.select %512, %267, %511 : tensor<i1>, tensor<f32>
    %514 = stablehlo.reshape %508 : (tensor<f32>) -> tensor<1xf32>
    %515 = stablehlo.reshape %513 : (tensor<f32>) -> tensor<1xf32>
    %516 = stablehlo.concatenate %514, %515, dim = 0 : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
    %517 = stablehlo.slice %483 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %518 = stablehlo.reshape %517 : (tensor<1xf32>) -> tensor<f32>
    %519 = stablehlo.slice %483 [6:7] : (tensor<8xf32>) -> tensor<1xf32>
    %520 = stablehlo.reshape %519 : (tensor<1xf32>) -> tensor<f32>
    %521 = stablehlo.slice %483 [0:1] : (tensor<8xf32>) -> tensor<1xf32>
    %522 = stablehlo.reshape %521 : (tensor<1xf32>) -> tensor<f32>
    %523 = stablehlo.slice %483 [1:2] : (tensor<8xf32>) -> tensor<1xf32>
    %524 = stablehlo.reshape %523 : (tensor<1xf32>) -> tensor<f32>
    %525 = stablehlo.slice %516 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %526 = stablehlo.reshape %525 : (tensor<1xf32>) -> tensor<f32>
    %527 = stablehlo.multiply %518, %526 : tensor<f32>
    %528 = stablehlo.slice %483 [4:5] : (tensor<8xf32>) -> tensor<1xf32>
    %529 = stablehlo.reshape %528 : (tensor<1xf32>) -> tensor<f32>
    %530 = stablehlo.slice %483 [3:4] : (tensor<8xf32>) -> tensor<1xf32>
    %531 = stablehlo.reshape %530 : (tensor<1xf32>) -> tensor<f32>
    %532 = stablehlo.slice %483 [2:3] : (tensor<8xf32>) -> tensor<1xf32>
    %533 = stablehlo.reshape %532 : (tensor<1xf32>) -> tensor<f32>
    %534 = stablehlo.broadcast_in_dim %527, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %535 = stablehlo.multiply %472, %534 : tensor<12xf32>
    %536 = stablehlo.compare GT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %537 = stablehlo.constant dense<0x3F800000> : tensor<12xf32>
    %538 = stablehlo.compare LT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %539 = stablehlo.constant dense<0xBF800000> : tensor<12xf32>
    %540 = stablehlo.select %538, %539, %15 : tensor<12xi1>, tensor<12xf32>
    %541 = stablehlo.select %536, %537, %540 : tensor<12xi1>, tensor<12xf32>
    %542 = stablehlo.broadcast_in_dim %529, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %543 = stablehlo.multiply %541, %542 : tensor<12xf32>
    %544 = stablehlo.add %535, %543 : tensor<12xf32>
    %545 = stablehlo.broadcast_in_dim %520, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %546 = stablehlo.minimum %544, %545 : tensor<12xf32>
    %547 = stablehlo.negate %545 : tensor<12xf32>
    %548 = stablehlo.maximum %546, %547 : tensor<12xf32>
    %549 = stablehlo.broadcast_in_dim %531, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %550 = stablehlo.multiply %arg5, %549 : tensor<12xf32>
    %551 = stablehlo.add %548, %550 : tensor<12xf32>
    %552 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %553 = stablehlo.multiply %arg5, %552 : tensor<12xf32>
    %554 = stablehlo.subtract %arg5, %553 : tensor<12xf32>
    %555 = stablehlo.constant dense<0x3DCCCCCD> : tensor<12xf32>
    %556 = stablehlo.multiply %551, %555 : tensor<12xf32>
    %557 = stablehlo.constant dense<0x3F666666> : tensor<12xf32>
    %558 = stablehlo.multiply %arg9, %557 : tensor<12xf32>
    %559 = stablehlo.add %558, %556 : tensor<12xf32>
    %560 = stablehlo.constant dense<0x3A83126F> : tensor<12xf32>
    %561 = stablehlo.multiply %551, %560 : tensor<12xf32>
    %562 = stablehlo.multiply %561, %551 : tensor<12xf32>
    %563 = stablehlo.constant dense<0x3F7FBE77> : tensor<12xf32>
    %564 = stablehlo.multiply %arg13, %563 : tensor<12xf32>
    %565 = stablehlo.add %564, %562 : tensor<12xf32>
    %566 = stablehlo.broadcast_in_dim %522, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %567 = stablehlo.multiply %559, %566 : tensor<12xf32>
    %568 = stablehlo.sqrt %565 : tensor<12xf32>
    %569 = stablehlo.broadcast_in_dim %524, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %570 = stablehlo.multiply %568, %569 : tensor<12xf32>
    %571 = stablehlo.constant dense<0x322BCC77> : tensor<12xf32>
    %572 = stablehlo.add %570, %571 : tensor<12xf32>
    %573 = stablehlo.divide %567, %572 : tensor<12xf32>
    %574 = stablehlo.subtract %554, %573 : tensor<12xf32>
    %575 = stablehlo.broadcast_in_dim %527, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %576 = stablehlo.multiply %471, %575 : tensor<4xf32>
    %577 = stablehlo.compare GT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %578 = stablehlo.constant dense<0x3F800000> : tensor<4xf32>
    %579 = stablehlo.compare LT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %580 = stablehlo.constant dense<0xBF800000> : tensor<4xf32>
    %581 = stablehlo.select %579, %580, %16 : tensor<4xi1>, tensor<4xf32>
    %582 = stablehlo.select %577, %578, %581 : tensor<4xi1>, tensor<4xf32>
    %583 = stablehlo.broadcast_in_dim %529, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %584 = stablehlo.multiply %582, %583 : tensor<4xf32>
    %585 = stablehlo.add %576, %584 : tensor<4xf32>
    %586 = stablehlo.broadcast_in_dim %520, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %587 = stablehlo.minimum %585, %586 : tensor<4xf32>
    %588 = stablehlo.negate %586 : tensor<4xf32>
    %589 = stablehlo.maximum %587, %588 : tensor<4xf32>
    %590 = stablehlo.broadcast_in_dim %531, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %591 = stablehlo.multiply %arg6, %590 : tensor<4xf32>
    %592 = stablehlo.add %589, %591 : tensor<4xf32>
    %593 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %594 = stablehlo.multiply %arg6, %593 : tensor<4xf32>
    %595 = stablehlo.subtract %arg6, %594 : tensor<4xf32>
    %596 = stablehlo.constant dense<0x3DCCCCCD> : tensor<4xf32>
    %597 = stablehlo.multiply %592, %596 : tensor<4xf32>
    %598 = stablehlo.constant dense<0x3F666666> : tensor<4xf32>
    %599 = stablehlo.multiply %arg10, %598 : tensor<4xf32>
    %600 = stablehlo.add %599, %597 : tensor<4xf32>
    %601 = stablehlo.constant dense<0x3A83126F> : tensor<4xf32>
    %602 = stablehlo.multiply %592, %601 : tensor<4xf32>
    %603 = stablehlo.multiply %602, %592 : tensor<4xf32>
    %604 = stablehlo.constant dense<0x3F7FBE77> : tensor<4xf32>
    %605 = stablehlo.multiply %arg14, %604 : tensor<4xf32>
    %606 = stablehlo.add %605, %603 : tensor<4xf32>
    %607 = stablehlo.broadcast_in_dim %522, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %608 = stablehlo.multiply %600, %607 : tensor<4xf32>
    %609 = stablehlo.sqrt %606 : tensor<4xf32>
    %610 = stablehlo.broadcast_in_dim %524, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %611 = stablehlo.multiply %609, %610 : tensor<4xf32>
    %612 = stablehlo.constant dense<0x322BCC77> : tensor<4xf32>
    %613 = stablehlo.add %611, %612 : tensor<4xf32>
    %614 = stablehlo.divide %608, %613 : tensor<4xf32>
    %615 = stablehlo.subtract %595, %614 : tensor<4xf32>
    %616 = stablehlo.broadcast_in_dim %527, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %617 = stablehlo.multiply %473, %616 : tensor<8xf32>
    %618 = stablehlo.compare GT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %619 = stablehlo.compare LT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %620 = stablehlo.select %619, %242, %17 : tensor<8xi1>, tensor<8xf32>
    %621 = stablehlo.select %618, %250, %620 : tensor<8xi1>, tensor<8xf32>
    %622 = stablehlo.broadcast_in_dim %529, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %623 = stablehlo.multiply %621, %622 : tensor<8xf32>
    %624 = stablehlo.add %617, %623 : tensor<8xf32>
    %625 = stablehlo.broadcast_in_dim %520, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %626 = stablehlo.minimum %624, %625 : tensor<8xf32>
    %627 = stablehlo.negate %625 : tensor<8xf32>
    %628 = stablehlo.maximum %626, %627 : tensor<8xf32>
    %629 = stablehlo.broadcast_in_dim %531, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %630 = stablehlo.multiply %arg7, %629 : tensor<8xf32>
    %631 = stablehlo.add %628, %630 : tensor<8xf32>
    %632 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %633 = stablehlo.multiply %arg7, %632 : tensor<8xf32>
    %634 = stablehlo.subtract %arg7, %633 : tensor<8xf32>
    %635 = stablehlo.constant dense<0x3DCCCCCD> : tensor<8xf32>
    %636 = stablehlo.multiply %631, %635 : tensor<8xf32>
    %637 = stablehlo.constant dense<0x3F666666> : tensor<8xf32>
    %638 = stablehlo.multiply %arg11, %637 : tensor<8xf32>
    %639 = stablehlo.add %638, %636 : tensor<8xf32>
    %640 = stablehlo.constant dense<0x3A83126F> : tensor<8xf32>
    %641 = stablehlo.multiply %631, %640 : tensor<8xf32>
    %642 = stablehlo.multiply %641, %631 : tensor<8xf32>
    %643 = stablehlo.constant dense<0x3F7FBE77> : tensor<8xf32>
    %644 = stablehlo.multiply %arg15, %643 : tensor<8xf32>
    %645 = stablehlo.add %644, %642 : tensor<8xf32>
    %646 = stablehlo.broadcast_in_dim %522, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %647 = stablehlo.multiply %639, %646 : tensor<8xf32>
    %648 = stablehlo.sqrt %645 : tensor<8xf32>
    %649 = stablehlo.broadcast_in_dim %524, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %650 = stablehlo.multiply %648, %649 : tensor<8xf32>
    %651 = stablehlo.constant dense<0x322BCC77> : tensor<8xf32>
    %652 = stablehlo.add %650, %651 : tensor<8xf32>
    %653 = stablehlo.divide %647, %652 : tensor<8xf32>
    %654 = stablehlo.subtract %634, %653 : tensor<8xf32>
    %655 = stablehlo.broadcast_in_dim %527, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %656 = stablehlo.multiply %298, %655 : tensor<2xf32>
    %657 = stablehlo.compare GT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %658 = stablehlo.constant dense<0x3F800000> : tensor<2xf32>
    %659 = stablehlo.compare LT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %660 = stablehlo.constant dense<0xBF800000> : tensor<2xf32>
    %661 = stablehlo.select %659, %660, %18 : tensor<2xi1>, tensor<2xf32>
    %662 = stablehlo.select %657, %658, %661 : tensor<2xi1>, tensor<2xf32>
    %663 = stablehlo.broadcast_in_dim %529, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %664 = stablehlo.multiply %662, %663 : tensor<2xf32>
    %665 = stablehlo.add %656, %664 : tensor<2xf32>
    %666 = stablehlo.broadcast_in_dim %520, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %667 = stablehlo.minimum %665, %666 : tensor<2xf32>
    %668 = stablehlo.negate %666 : tensor<2xf32>
    %669 = stablehlo.maximum %667, %668 : tensor<2xf32>
    %670 = stablehlo.broadcast_in_dim %531, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %671 = stablehlo.multiply %arg8, %670 : tensor<2xf32>
    %672 = stablehlo.add %669, %671 : tensor<2xf32>
    %673 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %674 = stablehlo.multiply %arg8, %673 : tensor<2xf32>
    %675 = stablehlo.subtract %arg8, %674 : tensor<2xf32>
    %676 = stablehlo.constant dense<0x3DCCCCCD> : tensor<2xf32>
    %677 = stablehlo.multiply %672, %676 : tensor<2xf32>
    %678 = stablehlo.constant dense<0x3F666666> : tensor<2xf32>
    %679 = stablehlo.multiply %arg12, %678 : tensor<2xf32>
    %680 = stablehlo.add %679, %677 : tensor<2xf32>
    %681 = stablehlo.constant dense<0x3A83126F> : tensor<2xf32>
    %682 = stablehlo.multiply %672, %681 : tensor<2xf32>
    %683 = stablehlo.multiply %682, %672 : tensor<2xf32>
    %684 = stablehlo.constant dense<0x3F7FBE77> : tensor<2xf32>
    %685 = stablehlo.multiply %arg16, %684 : tensor<2xf32>
    %686 = stablehlo.add %685, %683 : tensor<2xf32>
    %687 = stablehlo.broadcast_in_dim %522, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %688 = stablehlo.multiply %680, %687 : tensor<2xf32>
    %689 = stablehlo.sqrt %686 : tensor<2xf32>
    %690 = stablehlo.broadcast_in_dim %524, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %691 = stablehlo.multiply %689, %690 : tensor<2xf32>
    %692 = stablehlo.constant dense<0x322BCC77> : tensor<2xf32>
    %693 = stablehlo.add %691, %692 : tensor<2xf32>
    %694 = stablehlo.divide %688, %693 : tensor<2xf32>
    %695 = stablehlo.subtract %675, %694 : tensor<2xf32>
    %696 = stablehlo.reshape %arg1 : (tensor<1xf32>) -> tensor<f32>
    %697 = stablehlo.compare EQ, %696, %236, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %698 = stablehlo.is_finite %265 : (tensor<f32>) -> tensor<i1>
    %699 = stablehlo.and %697, %698 : tensor<i1>
    %700 = stablehlo.constant dense<0x3F800000> : tensor<1xf32>
    %701 = stablehlo.select %699, %arg1, %700 : tensor<i1>, tensor<1xf32>
    %702 = stablehlo.select %699, %574, %arg5 : tensor<i1>, tensor<12xf32>
    %703 = stablehlo.select %699, %615, %arg6 : tensor<i1>, tensor<4xf32>
    %704 = stablehlo.select %699, %654, %arg7 : tensor<i1>, tensor<8xf32>
    %705 = stablehlo.select %699, %695, %arg8 : tensor<i1>, tensor<2xf32>
    %706 = stablehlo.select %699, %559, %arg9 : tensor<i1>, tensor<12xf32>
    %707 = stablehlo.select %699, %600, %arg10 : tensor<i1>, tensor<4xf32>
    %708 = stablehlo.select %699, %639, %arg11 : tensor<i1>, tensor<8xf32>
    %709 = stablehlo.select %699, %680, %arg12 : tensor<i1>, tensor<2xf32>
    %710 = stablehlo.select %699, %565, %arg13 : tensor<i1>, tensor<12xf32>
    %711 = stablehlo.select %699, %606, %arg14 : tensor<i1>, tensor<4xf32>
    %712 = stablehlo.select %699, %645, %arg15 : tensor<i1>, tensor<8xf32>
    %713 = stablehlo.select %699, %686, %arg16 : tensor<i1>, tensor<2xf32>
    %714 = stablehlo.reshape %265 : (tensor<f32>) -> tensor<1xf32>
    %715 = stablehlo.concatenate %714, %516, dim = 0 : (tensor<1xf32>, tensor<2xf32>) -> tensor<3xf32>
    %716 = stablehlo.reshape %715 : (tensor<3xf32>) -> tensor<1x3xf32>
    return %701, %702, %703, %704, %705, %706, %707, %708, %709, %710, %711, %712, %713, %716 : tensor<1xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<1x3xf32>
  }
}
