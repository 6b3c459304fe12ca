module @pipe {
  func.func public @main(%arg0: tensor<1x11xui32>, %arg1: tensor<1xf32> {tf.aliasing_output = 0 : i32}, %arg2: tensor<8x3xf32>, %arg3: tensor<8xf32>, %arg4: tensor<8xf32>, %arg5: tensor<12xf32> {tf.aliasing_output = 1 : i32}, %arg6: tensor<4xf32> {tf.aliasing_output = 2 : i32}, %arg7: tensor<8xf32> {tf.aliasing_output = 3 : i32}, %arg8: tensor<2xf32> {tf.aliasing_output = 4 : i32}, %arg9: tensor<12xf32> {tf.aliasing_output = 5 : i32}, %arg10: tensor<4xf32> {tf.aliasing_output = 6 : i32}, %arg11: tensor<8xf32> {tf.aliasing_output = 7 : i32}, %arg12: tensor<2xf32> {tf.aliasing_output = 8 : i32}, %arg13: tensor<12xf32> {tf.aliasing_output = 9 : i32}, %arg14: tensor<4xf32> {tf.aliasing_output = 10 : i32}, %arg15: tensor<8xf32> {tf.aliasing_output = 11 : i32}, %arg16: tensor<2xf32> {tf.aliasing_output = 12 : i32}) -> (tensor<1xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<1x3xf32>) {
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
    %20 = stablehlo.convert %19 : (tensor<8x3xf32>) -> tensor<8x3xbf16>
    %21 = stablehlo.reshape %arg5 : (tensor<12xf32>) -> tensor<3x4xf32>
    %22 = stablehlo.convert %21 : (tensor<3x4xf32>) -> tensor<3x4xbf16>
    %23 = stablehlo.dot_general %20, %22, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x3xbf16>, tensor<3x4xbf16>) -> tensor<8x4xbf16>
    %24 = stablehlo.convert %arg6 : (tensor<4xf32>) -> tensor<4xbf16>
    %25 = stablehlo.broadcast_in_dim %24, dims = [1] : (tensor<4xbf16>) -> tensor<8x4xbf16>
    %26 = stablehlo.add %23, %25 : tensor<8x4xbf16>
    %27 = stablehlo.constant dense<0x0000> : tensor<8x4xbf16>
    %28 = stablehlo.maximum %26, %27 : tensor<8x4xbf16>
    %29 = stablehlo.iota dim = 0 : tensor<8xui32>
    %30 = stablehlo.constant dense<0> : tensor<8xui32>
    %31 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %32 = stablehlo.broadcast_in_dim %31, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %33 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %34 = stablehlo.convert %33 : (tensor<ui64>) -> tensor<ui32>
    %35 = stablehlo.broadcast_in_dim %34, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %36 = stablehlo.constant dense<3528531795> : tensor<8xui64>
    %37 = stablehlo.convert %29 : (tensor<8xui32>) -> tensor<8xui64>
    %38 = stablehlo.multiply %36, %37 : tensor<8xui64>
    %39 = stablehlo.constant dense<32> : tensor<8xui64>
    %40 = stablehlo.shift_right_logical %38, %39 : tensor<8xui64>
    %41 = stablehlo.convert %40 : (tensor<8xui64>) -> tensor<8xui32>
    %42 = stablehlo.convert %38 : (tensor<8xui64>) -> tensor<8xui32>
    %43 = stablehlo.constant dense<3449720151> : tensor<8xui64>
    %44 = stablehlo.convert %32 : (tensor<8xui32>) -> tensor<8xui64>
    %45 = stablehlo.multiply %43, %44 : tensor<8xui64>
    %46 = stablehlo.shift_right_logical %45, %39 : tensor<8xui64>
    %47 = stablehlo.convert %46 : (tensor<8xui64>) -> tensor<8xui32>
    %48 = stablehlo.convert %45 : (tensor<8xui64>) -> tensor<8xui32>
    %49 = stablehlo.xor %47, %30 : tensor<8xui32>
    %50 = stablehlo.constant dense<5> : tensor<8xui32>
    %51 = stablehlo.xor %49, %50 : tensor<8xui32>
    %52 = stablehlo.xor %41, %35 : tensor<8xui32>
    %53 = stablehlo.xor %52, %30 : tensor<8xui32>
    %54 = stablehlo.convert %51 : (tensor<8xui32>) -> tensor<8xui64>
    %55 = stablehlo.multiply %36, %54 : tensor<8xui64>
    %56 = stablehlo.shift_right_logical %55, %39 : tensor<8xui64>
    %57 = stablehlo.convert %56 : (tensor<8xui64>) -> tensor<8xui32>
    %58 = stablehlo.convert %55 : (tensor<8xui64>) -> tensor<8xui32>
    %59 = stablehlo.convert %53 : (tensor<8xui32>) -> tensor<8xui64>
    %60 = stablehlo.multiply %43, %59 : tensor<8xui64>
    %61 = stablehlo.shift_right_logical %60, %39 : tensor<8xui64>
    %62 = stablehlo.convert %61 : (tensor<8xui64>) -> tensor<8xui32>
    %63 = stablehlo.convert %60 : (tensor<8xui64>) -> tensor<8xui32>
    %64 = stablehlo.xor %62, %48 : tensor<8xui32>
    %65 = stablehlo.constant dense<2654435774> : tensor<8xui32>
    %66 = stablehlo.xor %64, %65 : tensor<8xui32>
    %67 = stablehlo.xor %57, %42 : tensor<8xui32>
    %68 = stablehlo.constant dense<3144134277> : tensor<8xui32>
    %69 = stablehlo.xor %67, %68 : tensor<8xui32>
    %70 = stablehlo.convert %66 : (tensor<8xui32>) -> tensor<8xui64>
    %71 = stablehlo.multiply %36, %70 : tensor<8xui64>
    %72 = stablehlo.shift_right_logical %71, %39 : tensor<8xui64>
    %73 = stablehlo.convert %72 : (tensor<8xui64>) -> tensor<8xui32>
    %74 = stablehlo.convert %71 : (tensor<8xui64>) -> tensor<8xui32>
    %75 = stablehlo.convert %69 : (tensor<8xui32>) -> tensor<8xui64>
    %76 = stablehlo.multiply %43, %75 : tensor<8xui64>
    %77 = stablehlo.shift_right_logical %76, %39 : tensor<8xui64>
    %78 = stablehlo.convert %77 : (tensor<8xui64>) -> tensor<8xui32>
    %79 = stablehlo.convert %76 : (tensor<8xui64>) -> tensor<8xui32>
    %80 = stablehlo.xor %78, %63 : tensor<8xui32>
    %81 = stablehlo.constant dense<1013904247> : tensor<8xui32>
    %82 = stablehlo.xor %80, %81 : tensor<8xui32>
    %83 = stablehlo.xor %73, %58 : tensor<8xui32>
    %84 = stablehlo.constant dense<1993301258> : tensor<8xui32>
    %85 = stablehlo.xor %83, %84 : tensor<8xui32>
    %86 = stablehlo.convert %82 : (tensor<8xui32>) -> tensor<8xui64>
    %87 = stablehlo.multiply %36, %86 : tensor<8xui64>
    %88 = stablehlo.shift_right_logical %87, %39 : tensor<8xui64>
    %89 = stablehlo.convert %88 : (tensor<8xui64>) -> tensor<8xui32>
    %90 = stablehlo.convert %87 : (tensor<8xui64>) -> tensor<8xui32>
    %91 = stablehlo.convert %85 : (tensor<8xui32>) -> tensor<8xui64>
    %92 = stablehlo.multiply %43, %91 : tensor<8xui64>
    %93 = stablehlo.shift_right_logical %92, %39 : tensor<8xui64>
    %94 = stablehlo.convert %93 : (tensor<8xui64>) -> tensor<8xui32>
    %95 = stablehlo.convert %92 : (tensor<8xui64>) -> tensor<8xui32>
    %96 = stablehlo.xor %94, %79 : tensor<8xui32>
    %97 = stablehlo.constant dense<3668340016> : tensor<8xui32>
    %98 = stablehlo.xor %96, %97 : tensor<8xui32>
    %99 = stablehlo.xor %89, %74 : tensor<8xui32>
    %100 = stablehlo.constant dense<842468239> : tensor<8xui32>
    %101 = stablehlo.xor %99, %100 : tensor<8xui32>
    %102 = stablehlo.convert %98 : (tensor<8xui32>) -> tensor<8xui64>
    %103 = stablehlo.multiply %36, %102 : tensor<8xui64>
    %104 = stablehlo.shift_right_logical %103, %39 : tensor<8xui64>
    %105 = stablehlo.convert %104 : (tensor<8xui64>) -> tensor<8xui32>
    %106 = stablehlo.convert %103 : (tensor<8xui64>) -> tensor<8xui32>
    %107 = stablehlo.convert %101 : (tensor<8xui32>) -> tensor<8xui64>
    %108 = stablehlo.multiply %43, %107 : tensor<8xui64>
    %109 = stablehlo.shift_right_logical %108, %39 : tensor<8xui64>
    %110 = stablehlo.convert %109 : (tensor<8xui64>) -> tensor<8xui32>
    %111 = stablehlo.convert %108 : (tensor<8xui64>) -> tensor<8xui32>
    %112 = stablehlo.xor %110, %95 : tensor<8xui32>
    %113 = stablehlo.constant dense<2027808489> : tensor<8xui32>
    %114 = stablehlo.xor %112, %113 : tensor<8xui32>
    %115 = stablehlo.xor %105, %90 : tensor<8xui32>
    %116 = stablehlo.constant dense<3986602516> : tensor<8xui32>
    %117 = stablehlo.xor %115, %116 : tensor<8xui32>
    %118 = stablehlo.convert %114 : (tensor<8xui32>) -> tensor<8xui64>
    %119 = stablehlo.multiply %36, %118 : tensor<8xui64>
    %120 = stablehlo.shift_right_logical %119, %39 : tensor<8xui64>
    %121 = stablehlo.convert %120 : (tensor<8xui64>) -> tensor<8xui32>
    %122 = stablehlo.convert %119 : (tensor<8xui64>) -> tensor<8xui32>
    %123 = stablehlo.convert %117 : (tensor<8xui32>) -> tensor<8xui64>
    %124 = stablehlo.multiply %43, %123 : tensor<8xui64>
    %125 = stablehlo.shift_right_logical %124, %39 : tensor<8xui64>
    %126 = stablehlo.convert %125 : (tensor<8xui64>) -> tensor<8xui32>
    %127 = stablehlo.convert %124 : (tensor<8xui64>) -> tensor<8xui32>
    %128 = stablehlo.xor %126, %111 : tensor<8xui32>
    %129 = stablehlo.constant dense<387276962> : tensor<8xui32>
    %130 = stablehlo.xor %128, %129 : tensor<8xui32>
    %131 = stablehlo.xor %121, %106 : tensor<8xui32>
    %132 = stablehlo.constant dense<2835769497> : tensor<8xui32>
    %133 = stablehlo.xor %131, %132 : tensor<8xui32>
    %134 = stablehlo.convert %130 : (tensor<8xui32>) -> tensor<8xui64>
    %135 = stablehlo.multiply %36, %134 : tensor<8xui64>
    %136 = stablehlo.shift_right_logical %135, %39 : tensor<8xui64>
    %137 = stablehlo.convert %136 : (tensor<8xui64>) -> tensor<8xui32>
    %138 = stablehlo.convert %135 : (tensor<8xui64>) -> tensor<8xui32>
    %139 = stablehlo.convert %133 : (tensor<8xui32>) -> tensor<8xui64>
    %140 = stablehlo.multiply %43, %139 : tensor<8xui64>
    %141 = stablehlo.shift_right_logical %140, %39 : tensor<8xui64>
    %142 = stablehlo.convert %141 : (tensor<8xui64>) -> tensor<8xui32>
    %143 = stablehlo.convert %140 : (tensor<8xui64>) -> tensor<8xui32>
    %144 = stablehlo.xor %142, %127 : tensor<8xui32>
    %145 = stablehlo.constant dense<3041712731> : tensor<8xui32>
    %146 = stablehlo.xor %144, %145 : tensor<8xui32>
    %147 = stablehlo.xor %137, %122 : tensor<8xui32>
    %148 = stablehlo.constant dense<1684936478> : tensor<8xui32>
    %149 = stablehlo.xor %147, %148 : tensor<8xui32>
    %150 = stablehlo.convert %146 : (tensor<8xui32>) -> tensor<8xui64>
    %151 = stablehlo.multiply %36, %150 : tensor<8xui64>
    %152 = stablehlo.shift_right_logical %151, %39 : tensor<8xui64>
    %153 = stablehlo.convert %152 : (tensor<8xui64>) -> tensor<8xui32>
    %154 = stablehlo.convert %151 : (tensor<8xui64>) -> tensor<8xui32>
    %155 = stablehlo.convert %149 : (tensor<8xui32>) -> tensor<8xui64>
    %156 = stablehlo.multiply %43, %155 : tensor<8xui64>
    %157 = stablehlo.shift_right_logical %156, %39 : tensor<8xui64>
    %158 = stablehlo.convert %157 : (tensor<8xui64>) -> tensor<8xui32>
    %159 = stablehlo.convert %156 : (tensor<8xui64>) -> tensor<8xui32>
    %160 = stablehlo.xor %158, %143 : tensor<8xui32>
    %161 = stablehlo.constant dense<1401181204> : tensor<8xui32>
    %162 = stablehlo.xor %160, %161 : tensor<8xui32>
    %163 = stablehlo.xor %153, %138 : tensor<8xui32>
    %164 = stablehlo.constant dense<534103459> : tensor<8xui32>
    %165 = stablehlo.xor %163, %164 : tensor<8xui32>
    %166 = stablehlo.convert %162 : (tensor<8xui32>) -> tensor<8xui64>
    %167 = stablehlo.multiply %36, %166 : tensor<8xui64>
    %168 = stablehlo.shift_right_logical %167, %39 : tensor<8xui64>
    %169 = stablehlo.convert %168 : (tensor<8xui64>) -> tensor<8xui32>
    %170 = stablehlo.convert %167 : (tensor<8xui64>) -> tensor<8xui32>
    %171 = stablehlo.convert %165 : (tensor<8xui32>) -> tensor<8xui64>
    %172 = stablehlo.multiply %43, %171 : tensor<8xui64>
    %173 = stablehlo.shift_right_logical %172, %39 : tensor<8xui64>
    %174 = stablehlo.convert %173 : (tensor<8xui64>) -> tensor<8xui32>
    %175 = stablehlo.convert %172 : (tensor<8xui64>) -> tensor<8xui32>
    %176 = stablehlo.xor %174, %159 : tensor<8xui32>
    %177 = stablehlo.constant dense<4055616973> : tensor<8xui32>
    %178 = stablehlo.xor %176, %177 : tensor<8xui32>
    %179 = stablehlo.xor %169, %154 : tensor<8xui32>
    %180 = stablehlo.constant dense<3678237736> : tensor<8xui32>
    %181 = stablehlo.xor %179, %180 : tensor<8xui32>
    %182 = stablehlo.convert %178 : (tensor<8xui32>) -> tensor<8xui64>
    %183 = stablehlo.multiply %36, %182 : tensor<8xui64>
    %184 = stablehlo.shift_right_logical %183, %39 : tensor<8xui64>
    %185 = stablehlo.convert %184 : (tensor<8xui64>) -> tensor<8xui32>
    %186 = stablehlo.convert %183 : (tensor<8xui64>) -> tensor<8xui32>
    %187 = stablehlo.convert %181 : (tensor<8xui32>) -> tensor<8xui64>
    %188 = stablehlo.multiply %43, %187 : tensor<8xui64>
    %189 = stablehlo.shift_right_logical %188, %39 : tensor<8xui64>
    %190 = stablehlo.convert %189 : (tensor<8xui64>) -> tensor<8xui32>
    %191 = stablehlo.convert %188 : (tensor<8xui64>) -> tensor<8xui32>
    %192 = stablehlo.xor %190, %175 : tensor<8xui32>
    %193 = stablehlo.constant dense<2415085446> : tensor<8xui32>
    %194 = stablehlo.xor %192, %193 : tensor<8xui32>
    %195 = stablehlo.xor %185, %170 : tensor<8xui32>
    %196 = stablehlo.constant dense<2527404717> : tensor<8xui32>
    %197 = stablehlo.xor %195, %196 : tensor<8xui32>
    %198 = stablehlo.reshape %194 : (tensor<8xui32>) -> tensor<8x1xui32>
    %199 = stablehlo.reshape %191 : (tensor<8xui32>) -> tensor<8x1xui32>
    %200 = stablehlo.reshape %197 : (tensor<8xui32>) -> tensor<8x1xui32>
    %201 = stablehlo.reshape %186 : (tensor<8xui32>) -> tensor<8x1xui32>
    %202 = stablehlo.concatenate %198, %199, %200, %201, dim = 1 : (tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>) -> tensor<8x4xui32>
    %203 = stablehlo.reshape %202 : (tensor<8x4xui32>) -> tensor<32xui32>
    %204 = stablehlo.constant dense<2147483648> : tensor<32xui32>
    %205 = stablehlo.compare GE, %203, %204, UNSIGNED : (tensor<32xui32>, tensor<32xui32>) -> tensor<32xi1>
    %206 = stablehlo.reshape %205 : (tensor<32xi1>) -> tensor<8x4xi1>
    %207 = stablehlo.constant dense<0x4000> : tensor<8x4xbf16>
    %208 = stablehlo.multiply %28, %207 : tensor<8x4xbf16>
    %209 = stablehlo.select %206, %208, %27 : tensor<8x4xi1>, tensor<8x4xbf16>
    %210 = stablehlo.reshape %arg7 : (tensor<8xf32>) -> tensor<4x2xf32>
    %211 = stablehlo.convert %210 : (tensor<4x2xf32>) -> tensor<4x2xbf16>
    %212 = stablehlo.dot_general %209, %211, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x4xbf16>, tensor<4x2xbf16>) -> tensor<8x2xbf16>
    %213 = stablehlo.convert %arg8 : (tensor<2xf32>) -> tensor<2xbf16>
    %214 = stablehlo.broadcast_in_dim %213, dims = [1] : (tensor<2xbf16>) -> tensor<8x2xbf16>
    %215 = stablehlo.add %212, %214 : tensor<8x2xbf16>
    %216 = stablehlo.constant dense<0x0000> : tensor<8x2xbf16>
    %217 = stablehlo.convert %215 : (tensor<8x2xbf16>) -> tensor<8x2xf32>
    %218 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %219 = stablehlo.reduce(%217 init: %218) applies stablehlo.maximum across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %220 = stablehlo.broadcast_in_dim %219, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %221 = stablehlo.subtract %220, %217 : tensor<8x2xf32>
    %222 = stablehlo.negate %221 : tensor<8x2xf32>
    %223 = stablehlo.exponential %222 : tensor<8x2xf32>
    %224 = stablehlo.constant dense<0x00000000> : tensor<f32>
    %225 = stablehlo.reduce(%223 init: %224) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %226 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %227 = stablehlo.constant dense<0x40000000> : tensor<8xf32>
    %228 = stablehlo.compare LT, %arg3, %227, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %229 = stablehlo.and %226, %228 : tensor<8xi1>
    %230 = stablehlo.constant dense<0xBF800000> : tensor<8xf32>
    %231 = stablehlo.select %229, %arg3, %230 : tensor<8xi1>, tensor<8xf32>
    %232 = stablehlo.convert %231 : (tensor<8xf32>) -> tensor<8xi32>
    %233 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %234 = stablehlo.broadcast_in_dim %232, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %235 = stablehlo.compare EQ, %233, %234, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %236 = stablehlo.constant dense<0x00000000> : tensor<8x2xf32>
    %237 = stablehlo.select %235, %221, %236 : tensor<8x2xi1>, tensor<8x2xf32>
    %238 = stablehlo.reduce(%237 init: %224) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %239 = stablehlo.constant dense<0x3F800000> : tensor<8xf32>
    %240 = stablehlo.multiply %238, %239 : tensor<8xf32>
    %241 = stablehlo.constant dense<0x7FC00000> : tensor<8xf32>
    %242 = stablehlo.select %229, %240, %241 : tensor<8xi1>, tensor<8xf32>
    %243 = stablehlo.log %225 : tensor<8xf32>
    %244 = stablehlo.add %243, %242 : tensor<8xf32>
    %245 = stablehlo.compare EQ, %242, %242, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %246 = stablehlo.select %245, %239, %241 : tensor<8xi1>, tensor<8xf32>
    %247 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %248 = stablehlo.reduce(%arg4 init: %224) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %249 = stablehlo.multiply %arg4, %244 : tensor<8xf32>
    %250 = stablehlo.select %247, %249, %17 : tensor<8xi1>, tensor<8xf32>
    %251 = stablehlo.reduce(%250 init: %224) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %252 = stablehlo.compare EQ, %248, %224, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %253 = stablehlo.divide %251, %248 : tensor<f32>
    %254 = stablehlo.select %252, %224, %253 : tensor<i1>, tensor<f32>
    %255 = stablehlo.divide %239, %225 : tensor<8xf32>
    %256 = stablehlo.constant dense<0x3F800000> : tensor<f32>
    %257 = stablehlo.convert %215 : (tensor<8x2xbf16>) -> tensor<8x2xf32>
    %258 = stablehlo.broadcast_in_dim %219, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %259 = stablehlo.subtract %257, %258 : tensor<8x2xf32>
    %260 = stablehlo.exponential %259 : tensor<8x2xf32>
    %261 = stablehlo.broadcast_in_dim %255, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %262 = stablehlo.multiply %260, %261 : tensor<8x2xf32>
    %263 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %264 = stablehlo.compare LT, %arg3, %227, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %265 = stablehlo.and %263, %264 : tensor<8xi1>
    %266 = stablehlo.select %265, %arg3, %230 : tensor<8xi1>, tensor<8xf32>
    %267 = stablehlo.convert %266 : (tensor<8xf32>) -> tensor<8xi32>
    %268 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %269 = stablehlo.broadcast_in_dim %267, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %270 = stablehlo.compare EQ, %268, %269, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %271 = stablehlo.constant dense<0x3F800000> : tensor<8x2xf32>
    %272 = stablehlo.select %270, %271, %236 : tensor<8x2xi1>, tensor<8x2xf32>
    %273 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %274 = stablehlo.reshape %248 : (tensor<f32>) -> tensor<1xf32>
    %275 = stablehlo.reshape %274 : (tensor<1xf32>) -> tensor<f32>
    %276 = stablehlo.divide %256, %275 : tensor<f32>
    %277 = stablehlo.broadcast_in_dim %276, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %278 = stablehlo.multiply %arg4, %277 : tensor<8xf32>
    %279 = stablehlo.multiply %278, %246 : tensor<8xf32>
    %280 = stablehlo.broadcast_in_dim %279, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %281 = stablehlo.subtract %262, %272 : tensor<8x2xf32>
    %282 = stablehlo.multiply %280, %281 : tensor<8x2xf32>
    %283 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %284 = stablehlo.broadcast_in_dim %283, dims = [0] : (tensor<8xi1>) -> tensor<8x2xi1>
    %285 = stablehlo.select %284, %282, %236 : tensor<8x2xi1>, tensor<8x2xf32>
    %286 = stablehlo.convert %285 : (tensor<8x2xf32>) -> tensor<8x2xbf16>
    %287 = stablehlo.convert %210 : (tensor<4x2xf32>) -> tensor<4x2xbf16>
    %288 = stablehlo.dot_general %286, %287, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<8x2xbf16>, tensor<4x2xbf16>) -> tensor<8x4xbf16>
    %289 = stablehlo.dot_general %209, %286, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x4xbf16>, tensor<8x2xbf16>) -> tensor<4x2xf32>
    %290 = stablehlo.convert %286 : (tensor<8x2xbf16>) -> tensor<8x2xf32>
    %291 = stablehlo.reduce(%290 init: %224) applies stablehlo.add across dimensions = [0] : (tensor<8x2xf32>, tensor<f32>) -> tensor<2xf32>
    %292 = stablehlo.iota dim = 0 : tensor<8xui32>
    %293 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %294 = stablehlo.broadcast_in_dim %293, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %295 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %296 = stablehlo.convert %295 : (tensor<ui64>) -> tensor<ui32>
    %297 = stablehlo.broadcast_in_dim %296, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %298 = stablehlo.convert %292 : (tensor<8xui32>) -> tensor<8xui64>
    %299 = stablehlo.multiply %36, %298 : tensor<8xui64>
    %300 = stablehlo.shift_right_logical %299, %39 : tensor<8xui64>
    %301 = stablehlo.convert %300 : (tensor<8xui64>) -> tensor<8xui32>
    %302 = stablehlo.convert %299 : (tensor<8xui64>) -> tensor<8xui32>
    %303 = stablehlo.convert %294 : (tensor<8xui32>) -> tensor<8xui64>
    %304 = stablehlo.multiply %43, %303 : tensor<8xui64>
    %305 = stablehlo.shift_right_logical %304, %39 : tensor<8xui64>
    %306 = stablehlo.convert %305 : (tensor<8xui64>) -> tensor<8xui32>
    %307 = stablehlo.convert %304 : (tensor<8xui64>) -> tensor<8xui32>
    %308 = stablehlo.xor %306, %30 : tensor<8xui32>
    %309 = stablehlo.xor %308, %50 : tensor<8xui32>
    %310 = stablehlo.xor %301, %297 : tensor<8xui32>
    %311 = stablehlo.xor %310, %30 : tensor<8xui32>
    %312 = stablehlo.convert %309 : (tensor<8xui32>) -> tensor<8xui64>
    %313 = stablehlo.multiply %36, %312 : tensor<8xui64>
    %314 = stablehlo.shift_right_logical %313, %39 : tensor<8xui64>
    %315 = stablehlo.convert %314 : (tensor<8xui64>) -> tensor<8xui32>
    %316 = stablehlo.convert %313 : (tensor<8xui64>) -> tensor<8xui32>
    %317 = stablehlo.convert %311 : (tensor<8xui32>) -> tensor<8xui64>
    %318 = stablehlo.multiply %43, %317 : tensor<8xui64>
    %319 = stablehlo.shift_right_logical %318, %39 : tensor<8xui64>
    %320 = stablehlo.convert %319 : (tensor<8xui64>) -> tensor<8xui32>
    %321 = stablehlo.convert %318 : (tensor<8xui64>) -> tensor<8xui32>
    %322 = stablehlo.xor %320, %307 : tensor<8xui32>
    %323 = stablehlo.xor %322, %65 : tensor<8xui32>
    %324 = stablehlo.xor %315, %302 : tensor<8xui32>
    %325 = stablehlo.xor %324, %68 : tensor<8xui32>
    %326 = stablehlo.convert %323 : (tensor<8xui32>) -> tensor<8xui64>
    %327 = stablehlo.multiply %36, %326 : tensor<8xui64>
    %328 = stablehlo.shift_right_logical %327, %39 : tensor<8xui64>
    %329 = stablehlo.convert %328 : (tensor<8xui64>) -> tensor<8xui32>
    %330 = stablehlo.convert %327 : (tensor<8xui64>) -> tensor<8xui32>
    %331 = stablehlo.convert %325 : (tensor<8xui32>) -> tensor<8xui64>
    %332 = stablehlo.multiply %43, %331 : tensor<8xui64>
    %333 = stablehlo.shift_right_logical %332, %39 : tensor<8xui64>
    %334 = stablehlo.convert %333 : (tensor<8xui64>) -> tensor<8xui32>
    %335 = stablehlo.convert %332 : (tensor<8xui64>) -> tensor<8xui32>
    %336 = stablehlo.xor %334, %321 : tensor<8xui32>
    %337 = stablehlo.xor %336, %81 : tensor<8xui32>
    %338 = stablehlo.xor %329, %316 : tensor<8xui32>
    %339 = stablehlo.xor %338, %84 : tensor<8xui32>
    %340 = stablehlo.convert %337 : (tensor<8xui32>) -> tensor<8xui64>
    %341 = stablehlo.multiply %36, %340 : tensor<8xui64>
    %342 = stablehlo.shift_right_logical %341, %39 : tensor<8xui64>
    %343 = stablehlo.convert %342 : (tensor<8xui64>) -> tensor<8xui32>
    %344 = stablehlo.convert %341 : (tensor<8xui64>) -> tensor<8xui32>
    %345 = stablehlo.convert %339 : (tensor<8xui32>) -> tensor<8xui64>
    %346 = stablehlo.multiply %43, %345 : tensor<8xui64>
    %347 = stablehlo.shift_right_logical %346, %39 : tensor<8xui64>
    %348 = stablehlo.convert %347 : (tensor<8xui64>) -> tensor<8xui32>
    %349 = stablehlo.convert %346 : (tensor<8xui64>) -> tensor<8xui32>
    %350 = stablehlo.xor %348, %335 : tensor<8xui32>
    %351 = stablehlo.xor %350, %97 : tensor<8xui32>
    %352 = stablehlo.xor %343, %330 : tensor<8xui32>
    %353 = stablehlo.xor %352, %100 : tensor<8xui32>
    %354 = stablehlo.convert %351 : (tensor<8xui32>) -> tensor<8xui64>
    %355 = stablehlo.multiply %36, %354 : tensor<8xui64>
    %356 = stablehlo.shift_right_logical %355, %39 : tensor<8xui64>
    %357 = stablehlo.convert %356 : (tensor<8xui64>) -> tensor<8xui32>
    %358 = stablehlo.convert %355 : (tensor<8xui64>) -> tensor<8xui32>
    %359 = stablehlo.convert %353 : (tensor<8xui32>) -> tensor<8xui64>
    %360 = stablehlo.multiply %43, %359 : tensor<8xui64>
    %361 = stablehlo.shift_right_logical %360, %39 : tensor<8xui64>
    %362 = stablehlo.convert %361 : (tensor<8xui64>) -> tensor<8xui32>
    %363 = stablehlo.convert %360 : (tensor<8xui64>) -> tensor<8xui32>
    %364 = stablehlo.xor %362, %349 : tensor<8xui32>
    %365 = stablehlo.xor %364, %113 : tensor<8xui32>
    %366 = stablehlo.xor %357, %344 : tensor<8xui32>
    %367 = stablehlo.xor %366, %116 : tensor<8xui32>
    %368 = stablehlo.convert %365 : (tensor<8xui32>) -> tensor<8xui64>
    %369 = stablehlo.multiply %36, %368 : tensor<8xui64>
    %370 = stablehlo.shift_right_logical %369, %39 : tensor<8xui64>
    %371 = stablehlo.convert %370 : (tensor<8xui64>) -> tensor<8xui32>
    %372 = stablehlo.convert %369 : (tensor<8xui64>) -> tensor<8xui32>
    %373 = stablehlo.convert %367 : (tensor<8xui32>) -> tensor<8xui64>
    %374 = stablehlo.multiply %43, %373 : tensor<8xui64>
    %375 = stablehlo.shift_right_logical %374, %39 : tensor<8xui64>
    %376 = stablehlo.convert %375 : (tensor<8xui64>) -> tensor<8xui32>
    %377 = stablehlo.convert %374 : (tensor<8xui64>) -> tensor<8xui32>
    %378 = stablehlo.xor %376, %363 : tensor<8xui32>
    %379 = stablehlo.xor %378, %129 : tensor<8xui32>
    %380 = stablehlo.xor %371, %358 : tensor<8xui32>
    %381 = stablehlo.xor %380, %132 : tensor<8xui32>
    %382 = stablehlo.convert %379 : (tensor<8xui32>) -> tensor<8xui64>
    %383 = stablehlo.multiply %36, %382 : tensor<8xui64>
    %384 = stablehlo.shift_right_logical %383, %39 : tensor<8xui64>
    %385 = stablehlo.convert %384 : (tensor<8xui64>) -> tensor<8xui32>
    %386 = stablehlo.convert %383 : (tensor<8xui64>) -> tensor<8xui32>
    %387 = stablehlo.convert %381 : (tensor<8xui32>) -> tensor<8xui64>
    %388 = stablehlo.multiply %43, %387 : tensor<8xui64>
    %389 = stablehlo.shift_right_logical %388, %39 : tensor<8xui64>
    %390 = stablehlo.convert %389 : (tensor<8xui64>) -> tensor<8xui32>
    %391 = stablehlo.convert %388 : (tensor<8xui64>) -> tensor<8xui32>
    %392 = stablehlo.xor %390, %377 : tensor<8xui32>
    %393 = stablehlo.xor %392, %145 : tensor<8xui32>
    %394 = stablehlo.xor %385, %372 : tensor<8xui32>
    %395 = stablehlo.xor %394, %148 : tensor<8xui32>
    %396 = stablehlo.convert %393 : (tensor<8xui32>) -> tensor<8xui64>
    %397 = stablehlo.multiply %36, %396 : tensor<8xui64>
    %398 = stablehlo.shift_right_logical %397, %39 : tensor<8xui64>
    %399 = stablehlo.convert %398 : (tensor<8xui64>) -> tensor<8xui32>
    %400 = stablehlo.convert %397 : (tensor<8xui64>) -> tensor<8xui32>
    %401 = stablehlo.convert %395 : (tensor<8xui32>) -> tensor<8xui64>
    %402 = stablehlo.multiply %43, %401 : tensor<8xui64>
    %403 = stablehlo.shift_right_logical %402, %39 : tensor<8xui64>
    %404 = stablehlo.convert %403 : (tensor<8xui64>) -> tensor<8xui32>
    %405 = stablehlo.convert %402 : (tensor<8xui64>) -> tensor<8xui32>
    %406 = stablehlo.xor %404, %391 : tensor<8xui32>
    %407 = stablehlo.xor %406, %161 : tensor<8xui32>
    %408 = stablehlo.xor %399, %386 : tensor<8xui32>
    %409 = stablehlo.xor %408, %164 : tensor<8xui32>
    %410 = stablehlo.convert %407 : (tensor<8xui32>) -> tensor<8xui64>
    %411 = stablehlo.multiply %36, %410 : tensor<8xui64>
    %412 = stablehlo.shift_right_logical %411, %39 : tensor<8xui64>
    %413 = stablehlo.convert %412 : (tensor<8xui64>) -> tensor<8xui32>
    %414 = stablehlo.convert %411 : (tensor<8xui64>) -> tensor<8xui32>
    %415 = stablehlo.convert %409 : (tensor<8xui32>) -> tensor<8xui64>
    %416 = stablehlo.multiply %43, %415 : tensor<8xui64>
    %417 = stablehlo.shift_right_logical %416, %39 : tensor<8xui64>
    %418 = stablehlo.convert %417 : (tensor<8xui64>) -> tensor<8xui32>
    %419 = stablehlo.convert %416 : (tensor<8xui64>) -> tensor<8xui32>
    %420 = stablehlo.xor %418, %405 : tensor<8xui32>
    %421 = stablehlo.xor %420, %177 : tensor<8xui32>
    %422 = stablehlo.xor %413, %400 : tensor<8xui32>
    %423 = stablehlo.xor %422, %180 : tensor<8xui32>
    %424 = stablehlo.convert %421 : (tensor<8xui32>) -> tensor<8xui64>
    %425 = stablehlo.multiply %36, %424 : tensor<8xui64>
    %426 = stablehlo.shift_right_logical %425, %39 : tensor<8xui64>
    %427 = stablehlo.convert %426 : (tensor<8xui64>) -> tensor<8xui32>
    %428 = stablehlo.convert %425 : (tensor<8xui64>) -> tensor<8xui32>
    %429 = stablehlo.convert %423 : (tensor<8xui32>) -> tensor<8xui64>
    %430 = stablehlo.multiply %43, %429 : tensor<8xui64>
    %431 = stablehlo.shift_right_logical %430, %39 : tensor<8xui64>
    %432 = stablehlo.convert %431 : (tensor<8xui64>) -> tensor<8xui32>
    %433 = stablehlo.convert %430 : (tensor<8xui64>) -> tensor<8xui32>
    %434 = stablehlo.xor %432, %419 : tensor<8xui32>
    %435 = stablehlo.xor %434, %193 : tensor<8xui32>
    %436 = stablehlo.xor %427, %414 : tensor<8xui32>
    %437 = stablehlo.xor %436, %196 : tensor<8xui32>
    %438 = stablehlo.reshape %435 : (tensor<8xui32>) -> tensor<8x1xui32>
    %439 = stablehlo.reshape %433 : (tensor<8xui32>) -> tensor<8x1xui32>
    %440 = stablehlo.reshape %437 : (tensor<8xui32>) -> tensor<8x1xui32>
    %441 = stablehlo.reshape %428 : (tensor<8xui32>) -> tensor<8x1xui32>
    %442 = stablehlo.concatenate %438, %439, %440, %441, dim = 1 : (tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>) -> tensor<8x4xui32>
    %443 = stablehlo.reshape %442 : (tensor<8x4xui32>) -> tensor<32xui32>
    %444 = stablehlo.compare GE, %443, %204, UNSIGNED : (tensor<32xui32>, tensor<32xui32>) -> tensor<32xi1>
    %445 = stablehlo.reshape %444 : (tensor<32xi1>) -> tensor<8x4xi1>
    %446 = stablehlo.multiply %288, %207 : tensor<8x4xbf16>
    %447 = stablehlo.select %445, %446, %27 : tensor<8x4xi1>, tensor<8x4xbf16>
    %448 = stablehlo.constant dense<0x3F80> : tensor<8x4xbf16>
    %449 = stablehlo.compare GT, %28, %27, FLOAT : (tensor<8x4xbf16>, tensor<8x4xbf16>) -> tensor<8x4xi1>
    %450 = stablehlo.select %449, %448, %27 : tensor<8x4xi1>, tensor<8x4xbf16>
    %451 = stablehlo.multiply %447, %450 : tensor<8x4xbf16>
    %452 = stablehlo.convert %19 : (tensor<8x3xf32>) -> tensor<8x3xbf16>
    %453 = stablehlo.dot_general %452, %451, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x3xbf16>, tensor<8x4xbf16>) -> tensor<3x4xf32>
    %454 = stablehlo.convert %451 : (tensor<8x4xbf16>) -> tensor<8x4xf32>
    %455 = stablehlo.reduce(%454 init: %224) applies stablehlo.add across dimensions = [0] : (tensor<8x4xf32>, tensor<f32>) -> tensor<4xf32>
    %456 = stablehlo.reshape %453 : (tensor<3x4xf32>) -> tensor<12xf32>
    %457 = stablehlo.reshape %289 : (tensor<4x2xf32>) -> tensor<8xf32>
    %458 = stablehlo.slice %1 [0:1] : (tensor<11xui32>) -> tensor<1xui32>
    %459 = stablehlo.reshape %458 : (tensor<1xui32>) -> tensor<ui32>
    %460 = stablehlo.convert %459 : (tensor<ui32>) -> tensor<ui64>
    %461 = stablehlo.slice %1 [1:2] : (tensor<11xui32>) -> tensor<1xui32>
    %462 = stablehlo.reshape %461 : (tensor<1xui32>) -> tensor<ui32>
    %463 = stablehlo.convert %462 : (tensor<ui32>) -> tensor<ui64>
    %464 = stablehlo.shift_left %463, %11 : tensor<ui64>
    %465 = stablehlo.or %460, %464 : tensor<ui64>
    %466 = stablehlo.slice %1 [3:11] : (tensor<11xui32>) -> tensor<8xui32>
    %467 = stablehlo.bitcast_convert %466 : (tensor<8xui32>) -> tensor<8xf32>
    %468 = stablehlo.reshape %456 : (tensor<12xf32>) -> tensor<1x12xf32>
    %469 = stablehlo.reshape %455 : (tensor<4xf32>) -> tensor<1x4xf32>
    %470 = stablehlo.reshape %457 : (tensor<8xf32>) -> tensor<1x8xf32>
    %471 = stablehlo.reshape %291 : (tensor<2xf32>) -> tensor<1x2xf32>
    %472 = stablehlo.pad %469, %224, low = [0, 0], high = [0, 8], interior = [0, 0] : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x12xf32>
    %473 = stablehlo.pad %470, %224, low = [0, 0], high = [0, 4], interior = [0, 0] : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x12xf32>
    %474 = stablehlo.pad %471, %224, low = [0, 0], high = [0, 10], interior = [0, 0] : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x12xf32>
    %475 = stablehlo.concatenate %468, %472, %473, %474, dim = 0 : (tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>) -> tensor<4x12xf32>
    %476 = stablehlo.multiply %475, %475 : tensor<4x12xf32>
    %477 = stablehlo.reduce(%476 init: %224) applies stablehlo.add across dimensions = [1] : (tensor<4x12xf32>, tensor<f32>) -> tensor<4xf32>
    %478 = stablehlo.slice %477 [0:1] : (tensor<4xf32>) -> tensor<1xf32>
    %479 = stablehlo.reshape %478 : (tensor<1xf32>) -> tensor<f32>
    %480 = stablehlo.slice %477 [1:2] : (tensor<4xf32>) -> tensor<1xf32>
    %481 = stablehlo.reshape %480 : (tensor<1xf32>) -> tensor<f32>
    %482 = stablehlo.add %479, %481 : tensor<f32>
    %483 = stablehlo.slice %477 [2:3] : (tensor<4xf32>) -> tensor<1xf32>
    %484 = stablehlo.reshape %483 : (tensor<1xf32>) -> tensor<f32>
    %485 = stablehlo.add %482, %484 : tensor<f32>
    %486 = stablehlo.slice %477 [3:4] : (tensor<4xf32>) -> tensor<1xf32>
    %487 = stablehlo.reshape %486 : (tensor<1xf32>) -> tensor<f32>
    %488 = stablehlo.add %485, %487 : tensor<f32>
    %489 = stablehlo.sqrt %488 : tensor<f32>
    %490 = stablehlo.slice %467 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %491 = stablehlo.reshape %490 : (tensor<1xf32>) -> tensor<f32>
    %492 = stablehlo.multiply %489, %491 : tensor<f32>
    %493 = stablehlo.constant dense<0x358637BD> : tensor<f32>
    %494 = stablehlo.add %492, %493 : tensor<f32>
    %495 = stablehlo.divide %256, %494 : tensor<f32>
    %496 = stablehlo.compare GE, %495, %256, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %497 = stablehlo.select %496, %256, %495 : tensor<i1>, tensor<f32>
    %498 = stablehlo.reshape %492 : (tensor<f32>) -> tensor<1xf32>
    %499 = stablehlo.reshape %497 : (tensor<f32>) -> tensor<1xf32>
    %500 = stablehlo.concatenate %498, %499, dim = 0 : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
    %501 = stablehlo.slice %467 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %502 = stablehlo.reshape %501 : (tensor<1xf32>) -> tensor<f32>
    %503 = stablehlo.slice %467 [6:7] : (tensor<8xf32>) -> tensor<1xf32>
    %504 = stablehlo.reshape %503 : (tensor<1xf32>) -> tensor<f32>
    %505 = stablehlo.slice %467 [0:1] : (tensor<8xf32>) -> tensor<1xf32>
    %506 = stablehlo.reshape %505 : (tensor<1xf32>) -> tensor<f32>
    %507 = stablehlo.slice %467 [1:2] : (tensor<8xf32>) -> tensor<1xf32>
    %508 = stablehlo.reshape %507 : (tensor<1xf32>) -> tensor<f32>
    %509 = stablehlo.slice %500 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %510 = stablehlo.reshape %509 : (tensor<1xf32>) -> tensor<f32>
    %511 = stablehlo.multiply %502, %510 : tensor<f32>
    %512 = stablehlo.slice %467 [4:5] : (tensor<8xf32>) -> tensor<1xf32>
    %513 = stablehlo.reshape %512 : (tensor<1xf32>) -> tensor<f32>
    %514 = stablehlo.slice %467 [3:4] : (tensor<8xf32>) -> tensor<1xf32>
    %515 = stablehlo.reshape %514 : (tensor<1xf32>) -> tensor<f32>
    %516 = stablehlo.slice %467 [2:3] : (tensor<8xf32>) -> tensor<1xf32>
    %517 = stablehlo.reshape %516 : (tensor<1xf32>) -> tensor<f32>
    %518 = stablehlo.broadcast_in_dim %511, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %519 = stablehlo.multiply %456, %518 : tensor<12xf32>
    %520 = stablehlo.compare GT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %521 = stablehlo.constant dense<0x3F800000> : tensor<12xf32>
    %522 = stablehlo.compare LT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %523 = stablehlo.constant dense<0xBF800000> : tensor<12xf32>
    %524 = stablehlo.select %522, %523, %15 : tensor<12xi1>, tensor<12xf32>
    %525 = stablehlo.select %520, %521, %524 : tensor<12xi1>, tensor<12xf32>
    %526 = stablehlo.broadcast_in_dim %513, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %527 = stablehlo.multiply %525, %526 : tensor<12xf32>
    %528 = stablehlo.add %519, %527 : tensor<12xf32>
    %529 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %530 = stablehlo.minimum %528, %529 : tensor<12xf32>
    %531 = stablehlo.negate %529 : tensor<12xf32>
    %532 = stablehlo.maximum %530, %531 : tensor<12xf32>
    %533 = stablehlo.broadcast_in_dim %515, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %534 = stablehlo.multiply %arg5, %533 : tensor<12xf32>
    %535 = stablehlo.add %532, %534 : tensor<12xf32>
    %536 = stablehlo.broadcast_in_dim %517, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %537 = stablehlo.multiply %arg5, %536 : tensor<12xf32>
    %538 = stablehlo.subtract %arg5, %537 : tensor<12xf32>
    %539 = stablehlo.constant dense<0x3DCCCCCD> : tensor<12xf32>
    %540 = stablehlo.multiply %535, %539 : tensor<12xf32>
    %541 = stablehlo.constant dense<0x3F666666> : tensor<12xf32>
    %542 = stablehlo.multiply %arg9, %541 : tensor<12xf32>
    %543 = stablehlo.add %542, %540 : tensor<12xf32>
    %544 = stablehlo.constant dense<0x3A83126F> : tensor<12xf32>
    %545 = stablehlo.multiply %535, %544 : tensor<12xf32>
    %546 = stablehlo.multiply %545, %535 : tensor<12xf32>
    %547 = stablehlo.constant dense<0x3F7FBE77> : tensor<12xf32>
    %548 = stablehlo.multiply %arg13, %547 : tensor<12xf32>
    %549 = stablehlo.add %548, %546 : tensor<12xf32>
    %550 = stablehlo.broadcast_in_dim %506, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %551 = stablehlo.multiply %543, %550 : tensor<12xf32>
    %552 = stablehlo.sqrt %549 : tensor<12xf32>
    %553 = stablehlo.broadcast_in_dim %508, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %554 = stablehlo.multiply %552, %553 : tensor<12xf32>
    %555 = stablehlo.constant dense<0x322BCC77> : tensor<12xf32>
    %556 = stablehlo.add %554, %555 : tensor<12xf32>
    %557 = stablehlo.divide %551, %556 : tensor<12xf32>
    %558 = stablehlo.subtract %538, %557 : tensor<12xf32>
    %559 = stablehlo.broadcast_in_dim %511, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %560 = stablehlo.multiply %455, %559 : tensor<4xf32>
    %561 = stablehlo.compare GT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %562 = stablehlo.constant dense<0x3F800000> : tensor<4xf32>
    %563 = stablehlo.compare LT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %564 = stablehlo.constant dense<0xBF800000> : tensor<4xf32>
    %565 = stablehlo.select %563, %564, %16 : tensor<4xi1>, tensor<4xf32>
    %566 = stablehlo.select %561, %562, %565 : tensor<4xi1>, tensor<4xf32>
    %567 = stablehlo.broadcast_in_dim %513, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %568 = stablehlo.multiply %566, %567 : tensor<4xf32>
    %569 = stablehlo.add %560, %568 : tensor<4xf32>
    %570 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %571 = stablehlo.minimum %569, %570 : tensor<4xf32>
    %572 = stablehlo.negate %570 : tensor<4xf32>
    %573 = stablehlo.maximum %571, %572 : tensor<4xf32>
    %574 = stablehlo.broadcast_in_dim %515, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %575 = stablehlo.multiply %arg6, %574 : tensor<4xf32>
    %576 = stablehlo.add %573, %575 : tensor<4xf32>
    %577 = stablehlo.broadcast_in_dim %517, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %578 = stablehlo.multiply %arg6, %577 : tensor<4xf32>
    %579 = stablehlo.subtract %arg6, %578 : tensor<4xf32>
    %580 = stablehlo.constant dense<0x3DCCCCCD> : tensor<4xf32>
    %581 = stablehlo.multiply %576, %580 : tensor<4xf32>
    %582 = stablehlo.constant dense<0x3F666666> : tensor<4xf32>
    %583 = stablehlo.multiply %arg10, %582 : tensor<4xf32>
    %584 = stablehlo.add %583, %581 : tensor<4xf32>
    %585 = stablehlo.constant dense<0x3A83126F> : tensor<4xf32>
    %586 = stablehlo.multiply %576, %585 : tensor<4xf32>
    %587 = stablehlo.multiply %586, %576 : tensor<4xf32>
    %588 = stablehlo.constant dense<0x3F7FBE77> : tensor<4xf32>
    %589 = stablehlo.multiply %arg14, %588 : tensor<4xf32>
    %590 = stablehlo.add %589, %587 : tensor<4xf32>
    %591 = stablehlo.broadcast_in_dim %506, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %592 = stablehlo.multiply %584, %591 : tensor<4xf32>
    %593 = stablehlo.sqrt %590 : tensor<4xf32>
    %594 = stablehlo.broadcast_in_dim %508, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %595 = stablehlo.multiply %593, %594 : tensor<4xf32>
    %596 = stablehlo.constant dense<0x322BCC77> : tensor<4xf32>
    %597 = stablehlo.add %595, %596 : tensor<4xf32>
    %598 = stablehlo.divide %592, %597 : tensor<4xf32>
    %599 = stablehlo.subtract %579, %598 : tensor<4xf32>
    %600 = stablehlo.broadcast_in_dim %511, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %601 = stablehlo.multiply %457, %600 : tensor<8xf32>
    %602 = stablehlo.compare GT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %603 = stablehlo.compare LT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %604 = stablehlo.select %603, %230, %17 : tensor<8xi1>, tensor<8xf32>
    %605 = stablehlo.select %602, %239, %604 : tensor<8xi1>, tensor<8xf32>
    %606 = stablehlo.broadcast_in_dim %513, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %607 = stablehlo.multiply %605, %606 : tensor<8xf32>
    %608 = stablehlo.add %601, %607 : tensor<8xf32>
    %609 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %610 = stablehlo.minimum %608, %609 : tensor<8xf32>
    %611 = stablehlo.negate %609 : tensor<8xf32>
    %612 = stablehlo.maximum %610, %611 : tensor<8xf32>
    %613 = stablehlo.broadcast_in_dim %515, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %614 = stablehlo.multiply %arg7, %613 : tensor<8xf32>
    %615 = stablehlo.add %612, %614 : tensor<8xf32>
    %616 = stablehlo.broadcast_in_dim %517, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %617 = stablehlo.multiply %arg7, %616 : tensor<8xf32>
    %618 = stablehlo.subtract %arg7, %617 : tensor<8xf32>
    %619 = stablehlo.constant dense<0x3DCCCCCD> : tensor<8xf32>
    %620 = stablehlo.multiply %615, %619 : tensor<8xf32>
    %621 = stablehlo.constant dense<0x3F666666> : tensor<8xf32>
    %622 = stablehlo.multiply %arg11, %621 : tensor<8xf32>
    %623 = stablehlo.add %622, %620 : tensor<8xf32>
    %624 = stablehlo.constant dense<0x3A83126F> : tensor<8xf32>
    %625 = stablehlo.multiply %615, %624 : tensor<8xf32>
    %626 = stablehlo.multiply %625, %615 : tensor<8xf32>
    %627 = stablehlo.constant dense<0x3F7FBE77> : tensor<8xf32>
    %628 = stablehlo.multiply %arg15, %627 : tensor<8xf32>
    %629 = stablehlo.add %628, %626 : tensor<8xf32>
    %630 = stablehlo.broadcast_in_dim %506, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %631 = stablehlo.multiply %623, %630 : tensor<8xf32>
    %632 = stablehlo.sqrt %629 : tensor<8xf32>
    %633 = stablehlo.broadcast_in_dim %508, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %634 = stablehlo.multiply %632, %633 : tensor<8xf32>
    %635 = stablehlo.constant dense<0x322BCC77> : tensor<8xf32>
    %636 = stablehlo.add %634, %635 : tensor<8xf32>
    %637 = stablehlo.divide %631, %636 : tensor<8xf32>
    %638 = stablehlo.subtract %618, %637 : tensor<8xf32>
    %639 = stablehlo.broadcast_in_dim %511, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %640 = stablehlo.multiply %291, %639 : tensor<2xf32>
    %641 = stablehlo.compare GT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %642 = stablehlo.constant dense<0x3F800000> : tensor<2xf32>
    %643 = stablehlo.compare LT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %644 = stablehlo.constant dense<0xBF800000> : tensor<2xf32>
    %645 = stablehlo.select %643, %644, %18 : tensor<2xi1>, tensor<2xf32>
    %646 = stablehlo.select %641, %642, %645 : tensor<2xi1>, tensor<2xf32>
    %647 = stablehlo.broadcast_in_dim %513, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %648 = stablehlo.multiply %646, %647 : tensor<2xf32>
    %649 = stablehlo.add %640, %648 : tensor<2xf32>
    %650 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %651 = stablehlo.minimum %649, %650 : tensor<2xf32>
    %652 = stablehlo.negate %650 : tensor<2xf32>
    %653 = stablehlo.maximum %651, %652 : tensor<2xf32>
    %654 = stablehlo.broadcast_in_dim %515, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %655 = stablehlo.multiply %arg8, %654 : tensor<2xf32>
    %656 = stablehlo.add %653, %655 : tensor<2xf32>
    %657 = stablehlo.broadcast_in_dim %517, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %658 = stablehlo.multiply %arg8, %657 : tensor<2xf32>
    %659 = stablehlo.subtract %arg8, %658 : tensor<2xf32>
    %660 = stablehlo.constant dense<0x3DCCCCCD> : tensor<2xf32>
    %661 = stablehlo.multiply %656, %660 : tensor<2xf32>
    %662 = stablehlo.constant dense<0x3F666666> : tensor<2xf32>
    %663 = stablehlo.multiply %arg12, %662 : tensor<2xf32>
    %664 = stablehlo.add %663, %661 : tensor<2xf32>
    %665 = stablehlo.constant dense<0x3A83126F> : tensor<2xf32>
    %666 = stablehlo.multiply %656, %665 : tensor<2xf32>
    %667 = stablehlo.multiply %666, %656 : tensor<2xf32>
    %668 = stablehlo.constant dense<0x3F7FBE77> : tensor<2xf32>
    %669 = stablehlo.multiply %arg16, %668 : tensor<2xf32>
    %670 = stablehlo.add %669, %667 : tensor<2xf32>
    %671 = stablehlo.broadcast_in_dim %506, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %672 = stablehlo.multiply %664, %671 : tensor<2xf32>
    %673 = stablehlo.sqrt %670 : tensor<2xf32>
    %674 = stablehlo.broadcast_in_dim %508, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %675 = stablehlo.multiply %673, %674 : tensor<2xf32>
    %676 = stablehlo.constant dense<0x322BCC77> : tensor<2xf32>
    %677 = stablehlo.add %675, %676 : tensor<2xf32>
    %678 = stablehlo.divide %672, %677 : tensor<2xf32>
    %679 = stablehlo.subtract %659, %678 : tensor<2xf32>
    %680 = stablehlo.reshape %arg1 : (tensor<1xf32>) -> tensor<f32>
    %681 = stablehlo.compare EQ, %680, %224, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %682 = stablehlo.is_finite %254 : (tensor<f32>) -> tensor<i1>
    %683 = stablehlo.and %681, %682 : tensor<i1>
    %684 = stablehlo.constant dense<0x3F800000> : tensor<1xf32>
    %685 = stablehlo.select %683, %arg1, %684 : tensor<i1>, tensor<1xf32>
    %686 = stablehlo.select %683, %558, %arg5 : tensor<i1>, tensor<12xf32>
    %687 = stablehlo.select %683, %599, %arg6 : tensor<i1>, tensor<4xf32>
    %688 = stablehlo.select %683, %638, %arg7 : tensor<i1>, tensor<8xf32>
    %689 = stablehlo.select %683, %679, %arg8 : tensor<i1>, tensor<2xf32>
    %690 = stablehlo.select %683, %543, %arg9 : tensor<i1>, tensor<12xf32>
    %691 = stablehlo.select %683, %584, %arg10 : tensor<i1>, tensor<4xf32>
    %692 = stablehlo.select %683, %623, %arg11 : tensor<i1>, tensor<8xf32>
    %693 = stablehlo.select %683, %664, %arg12 : tensor<i1>, tensor<2xf32>
    %694 = stablehlo.select %683, %549, %arg13 : tensor<i1>, tensor<12xf32>
    %695 = stablehlo.select %683, %590, %arg14 : tensor<i1>, tensor<4xf32>
    %696 = stablehlo.select %683, %629, %arg15 : tensor<i1>, tensor<8xf32>
    %697 = stablehlo.select %683, %670, %arg16 : tensor<i1>, tensor<2xf32>
    %698 = stablehlo.reshape %254 : (tensor<f32>) -> tensor<1xf32>
    %699 = stablehlo.concatenate %698, %500, dim = 0 : (tensor<1xf32>, tensor<2xf32>) -> tensor<3xf32>
    %700 = stablehlo.reshape %699 : (tensor<3xf32>) -> tensor<1x3xf32>
    return %685, %686, %687, %688, %689, %690, %691, %692, %693, %694, %695, %696, %697, %700 : tensor<1xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<1x3xf32>
  }
}
