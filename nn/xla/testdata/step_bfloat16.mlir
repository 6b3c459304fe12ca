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
    %29 = stablehlo.constant dense<0> : tensor<8xui8>
    %30 = stablehlo.iota dim = 0 : tensor<8xui32>
    %31 = stablehlo.constant dense<0> : tensor<8xui32>
    %32 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %33 = stablehlo.broadcast_in_dim %32, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %34 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %35 = stablehlo.convert %34 : (tensor<ui64>) -> tensor<ui32>
    %36 = stablehlo.broadcast_in_dim %35, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %37 = stablehlo.constant dense<3528531795> : tensor<8xui64>
    %38 = stablehlo.convert %30 : (tensor<8xui32>) -> tensor<8xui64>
    %39 = stablehlo.multiply %37, %38 : tensor<8xui64>
    %40 = stablehlo.constant dense<32> : tensor<8xui64>
    %41 = stablehlo.shift_right_logical %39, %40 : tensor<8xui64>
    %42 = stablehlo.convert %41 : (tensor<8xui64>) -> tensor<8xui32>
    %43 = stablehlo.convert %39 : (tensor<8xui64>) -> tensor<8xui32>
    %44 = stablehlo.constant dense<3449720151> : tensor<8xui64>
    %45 = stablehlo.convert %33 : (tensor<8xui32>) -> tensor<8xui64>
    %46 = stablehlo.multiply %44, %45 : tensor<8xui64>
    %47 = stablehlo.shift_right_logical %46, %40 : tensor<8xui64>
    %48 = stablehlo.convert %47 : (tensor<8xui64>) -> tensor<8xui32>
    %49 = stablehlo.convert %46 : (tensor<8xui64>) -> tensor<8xui32>
    %50 = stablehlo.xor %48, %31 : tensor<8xui32>
    %51 = stablehlo.constant dense<5> : tensor<8xui32>
    %52 = stablehlo.xor %50, %51 : tensor<8xui32>
    %53 = stablehlo.xor %42, %36 : tensor<8xui32>
    %54 = stablehlo.xor %53, %31 : tensor<8xui32>
    %55 = stablehlo.convert %52 : (tensor<8xui32>) -> tensor<8xui64>
    %56 = stablehlo.multiply %37, %55 : tensor<8xui64>
    %57 = stablehlo.shift_right_logical %56, %40 : tensor<8xui64>
    %58 = stablehlo.convert %57 : (tensor<8xui64>) -> tensor<8xui32>
    %59 = stablehlo.convert %56 : (tensor<8xui64>) -> tensor<8xui32>
    %60 = stablehlo.convert %54 : (tensor<8xui32>) -> tensor<8xui64>
    %61 = stablehlo.multiply %44, %60 : tensor<8xui64>
    %62 = stablehlo.shift_right_logical %61, %40 : tensor<8xui64>
    %63 = stablehlo.convert %62 : (tensor<8xui64>) -> tensor<8xui32>
    %64 = stablehlo.convert %61 : (tensor<8xui64>) -> tensor<8xui32>
    %65 = stablehlo.xor %63, %49 : tensor<8xui32>
    %66 = stablehlo.constant dense<2654435774> : tensor<8xui32>
    %67 = stablehlo.xor %65, %66 : tensor<8xui32>
    %68 = stablehlo.xor %58, %43 : tensor<8xui32>
    %69 = stablehlo.constant dense<3144134277> : tensor<8xui32>
    %70 = stablehlo.xor %68, %69 : tensor<8xui32>
    %71 = stablehlo.convert %67 : (tensor<8xui32>) -> tensor<8xui64>
    %72 = stablehlo.multiply %37, %71 : tensor<8xui64>
    %73 = stablehlo.shift_right_logical %72, %40 : tensor<8xui64>
    %74 = stablehlo.convert %73 : (tensor<8xui64>) -> tensor<8xui32>
    %75 = stablehlo.convert %72 : (tensor<8xui64>) -> tensor<8xui32>
    %76 = stablehlo.convert %70 : (tensor<8xui32>) -> tensor<8xui64>
    %77 = stablehlo.multiply %44, %76 : tensor<8xui64>
    %78 = stablehlo.shift_right_logical %77, %40 : tensor<8xui64>
    %79 = stablehlo.convert %78 : (tensor<8xui64>) -> tensor<8xui32>
    %80 = stablehlo.convert %77 : (tensor<8xui64>) -> tensor<8xui32>
    %81 = stablehlo.xor %79, %64 : tensor<8xui32>
    %82 = stablehlo.constant dense<1013904247> : tensor<8xui32>
    %83 = stablehlo.xor %81, %82 : tensor<8xui32>
    %84 = stablehlo.xor %74, %59 : tensor<8xui32>
    %85 = stablehlo.constant dense<1993301258> : tensor<8xui32>
    %86 = stablehlo.xor %84, %85 : tensor<8xui32>
    %87 = stablehlo.convert %83 : (tensor<8xui32>) -> tensor<8xui64>
    %88 = stablehlo.multiply %37, %87 : tensor<8xui64>
    %89 = stablehlo.shift_right_logical %88, %40 : tensor<8xui64>
    %90 = stablehlo.convert %89 : (tensor<8xui64>) -> tensor<8xui32>
    %91 = stablehlo.convert %88 : (tensor<8xui64>) -> tensor<8xui32>
    %92 = stablehlo.convert %86 : (tensor<8xui32>) -> tensor<8xui64>
    %93 = stablehlo.multiply %44, %92 : tensor<8xui64>
    %94 = stablehlo.shift_right_logical %93, %40 : tensor<8xui64>
    %95 = stablehlo.convert %94 : (tensor<8xui64>) -> tensor<8xui32>
    %96 = stablehlo.convert %93 : (tensor<8xui64>) -> tensor<8xui32>
    %97 = stablehlo.xor %95, %80 : tensor<8xui32>
    %98 = stablehlo.constant dense<3668340016> : tensor<8xui32>
    %99 = stablehlo.xor %97, %98 : tensor<8xui32>
    %100 = stablehlo.xor %90, %75 : tensor<8xui32>
    %101 = stablehlo.constant dense<842468239> : tensor<8xui32>
    %102 = stablehlo.xor %100, %101 : tensor<8xui32>
    %103 = stablehlo.convert %99 : (tensor<8xui32>) -> tensor<8xui64>
    %104 = stablehlo.multiply %37, %103 : tensor<8xui64>
    %105 = stablehlo.shift_right_logical %104, %40 : tensor<8xui64>
    %106 = stablehlo.convert %105 : (tensor<8xui64>) -> tensor<8xui32>
    %107 = stablehlo.convert %104 : (tensor<8xui64>) -> tensor<8xui32>
    %108 = stablehlo.convert %102 : (tensor<8xui32>) -> tensor<8xui64>
    %109 = stablehlo.multiply %44, %108 : tensor<8xui64>
    %110 = stablehlo.shift_right_logical %109, %40 : tensor<8xui64>
    %111 = stablehlo.convert %110 : (tensor<8xui64>) -> tensor<8xui32>
    %112 = stablehlo.convert %109 : (tensor<8xui64>) -> tensor<8xui32>
    %113 = stablehlo.xor %111, %96 : tensor<8xui32>
    %114 = stablehlo.constant dense<2027808489> : tensor<8xui32>
    %115 = stablehlo.xor %113, %114 : tensor<8xui32>
    %116 = stablehlo.xor %106, %91 : tensor<8xui32>
    %117 = stablehlo.constant dense<3986602516> : tensor<8xui32>
    %118 = stablehlo.xor %116, %117 : tensor<8xui32>
    %119 = stablehlo.convert %115 : (tensor<8xui32>) -> tensor<8xui64>
    %120 = stablehlo.multiply %37, %119 : tensor<8xui64>
    %121 = stablehlo.shift_right_logical %120, %40 : tensor<8xui64>
    %122 = stablehlo.convert %121 : (tensor<8xui64>) -> tensor<8xui32>
    %123 = stablehlo.convert %120 : (tensor<8xui64>) -> tensor<8xui32>
    %124 = stablehlo.convert %118 : (tensor<8xui32>) -> tensor<8xui64>
    %125 = stablehlo.multiply %44, %124 : tensor<8xui64>
    %126 = stablehlo.shift_right_logical %125, %40 : tensor<8xui64>
    %127 = stablehlo.convert %126 : (tensor<8xui64>) -> tensor<8xui32>
    %128 = stablehlo.convert %125 : (tensor<8xui64>) -> tensor<8xui32>
    %129 = stablehlo.xor %127, %112 : tensor<8xui32>
    %130 = stablehlo.constant dense<387276962> : tensor<8xui32>
    %131 = stablehlo.xor %129, %130 : tensor<8xui32>
    %132 = stablehlo.xor %122, %107 : tensor<8xui32>
    %133 = stablehlo.constant dense<2835769497> : tensor<8xui32>
    %134 = stablehlo.xor %132, %133 : tensor<8xui32>
    %135 = stablehlo.convert %131 : (tensor<8xui32>) -> tensor<8xui64>
    %136 = stablehlo.multiply %37, %135 : tensor<8xui64>
    %137 = stablehlo.shift_right_logical %136, %40 : tensor<8xui64>
    %138 = stablehlo.convert %137 : (tensor<8xui64>) -> tensor<8xui32>
    %139 = stablehlo.convert %136 : (tensor<8xui64>) -> tensor<8xui32>
    %140 = stablehlo.convert %134 : (tensor<8xui32>) -> tensor<8xui64>
    %141 = stablehlo.multiply %44, %140 : tensor<8xui64>
    %142 = stablehlo.shift_right_logical %141, %40 : tensor<8xui64>
    %143 = stablehlo.convert %142 : (tensor<8xui64>) -> tensor<8xui32>
    %144 = stablehlo.convert %141 : (tensor<8xui64>) -> tensor<8xui32>
    %145 = stablehlo.xor %143, %128 : tensor<8xui32>
    %146 = stablehlo.constant dense<3041712731> : tensor<8xui32>
    %147 = stablehlo.xor %145, %146 : tensor<8xui32>
    %148 = stablehlo.xor %138, %123 : tensor<8xui32>
    %149 = stablehlo.constant dense<1684936478> : tensor<8xui32>
    %150 = stablehlo.xor %148, %149 : tensor<8xui32>
    %151 = stablehlo.convert %147 : (tensor<8xui32>) -> tensor<8xui64>
    %152 = stablehlo.multiply %37, %151 : tensor<8xui64>
    %153 = stablehlo.shift_right_logical %152, %40 : tensor<8xui64>
    %154 = stablehlo.convert %153 : (tensor<8xui64>) -> tensor<8xui32>
    %155 = stablehlo.convert %152 : (tensor<8xui64>) -> tensor<8xui32>
    %156 = stablehlo.convert %150 : (tensor<8xui32>) -> tensor<8xui64>
    %157 = stablehlo.multiply %44, %156 : tensor<8xui64>
    %158 = stablehlo.shift_right_logical %157, %40 : tensor<8xui64>
    %159 = stablehlo.convert %158 : (tensor<8xui64>) -> tensor<8xui32>
    %160 = stablehlo.convert %157 : (tensor<8xui64>) -> tensor<8xui32>
    %161 = stablehlo.xor %159, %144 : tensor<8xui32>
    %162 = stablehlo.constant dense<1401181204> : tensor<8xui32>
    %163 = stablehlo.xor %161, %162 : tensor<8xui32>
    %164 = stablehlo.xor %154, %139 : tensor<8xui32>
    %165 = stablehlo.constant dense<534103459> : tensor<8xui32>
    %166 = stablehlo.xor %164, %165 : tensor<8xui32>
    %167 = stablehlo.convert %163 : (tensor<8xui32>) -> tensor<8xui64>
    %168 = stablehlo.multiply %37, %167 : tensor<8xui64>
    %169 = stablehlo.shift_right_logical %168, %40 : tensor<8xui64>
    %170 = stablehlo.convert %169 : (tensor<8xui64>) -> tensor<8xui32>
    %171 = stablehlo.convert %168 : (tensor<8xui64>) -> tensor<8xui32>
    %172 = stablehlo.convert %166 : (tensor<8xui32>) -> tensor<8xui64>
    %173 = stablehlo.multiply %44, %172 : tensor<8xui64>
    %174 = stablehlo.shift_right_logical %173, %40 : tensor<8xui64>
    %175 = stablehlo.convert %174 : (tensor<8xui64>) -> tensor<8xui32>
    %176 = stablehlo.convert %173 : (tensor<8xui64>) -> tensor<8xui32>
    %177 = stablehlo.xor %175, %160 : tensor<8xui32>
    %178 = stablehlo.constant dense<4055616973> : tensor<8xui32>
    %179 = stablehlo.xor %177, %178 : tensor<8xui32>
    %180 = stablehlo.xor %170, %155 : tensor<8xui32>
    %181 = stablehlo.constant dense<3678237736> : tensor<8xui32>
    %182 = stablehlo.xor %180, %181 : tensor<8xui32>
    %183 = stablehlo.convert %179 : (tensor<8xui32>) -> tensor<8xui64>
    %184 = stablehlo.multiply %37, %183 : tensor<8xui64>
    %185 = stablehlo.shift_right_logical %184, %40 : tensor<8xui64>
    %186 = stablehlo.convert %185 : (tensor<8xui64>) -> tensor<8xui32>
    %187 = stablehlo.convert %184 : (tensor<8xui64>) -> tensor<8xui32>
    %188 = stablehlo.convert %182 : (tensor<8xui32>) -> tensor<8xui64>
    %189 = stablehlo.multiply %44, %188 : tensor<8xui64>
    %190 = stablehlo.shift_right_logical %189, %40 : tensor<8xui64>
    %191 = stablehlo.convert %190 : (tensor<8xui64>) -> tensor<8xui32>
    %192 = stablehlo.convert %189 : (tensor<8xui64>) -> tensor<8xui32>
    %193 = stablehlo.xor %191, %176 : tensor<8xui32>
    %194 = stablehlo.constant dense<2415085446> : tensor<8xui32>
    %195 = stablehlo.xor %193, %194 : tensor<8xui32>
    %196 = stablehlo.xor %186, %171 : tensor<8xui32>
    %197 = stablehlo.constant dense<2527404717> : tensor<8xui32>
    %198 = stablehlo.xor %196, %197 : tensor<8xui32>
    %199 = stablehlo.constant dense<2147483648> : tensor<8xui32>
    %200 = stablehlo.compare GE, %195, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %201 = stablehlo.constant dense<1> : tensor<8xui8>
    %202 = stablehlo.select %200, %201, %29 : tensor<8xi1>, tensor<8xui8>
    %203 = stablehlo.or %29, %202 : tensor<8xui8>
    %204 = stablehlo.compare GE, %192, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %205 = stablehlo.constant dense<2> : tensor<8xui8>
    %206 = stablehlo.select %204, %205, %29 : tensor<8xi1>, tensor<8xui8>
    %207 = stablehlo.or %203, %206 : tensor<8xui8>
    %208 = stablehlo.compare GE, %198, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %209 = stablehlo.constant dense<4> : tensor<8xui8>
    %210 = stablehlo.select %208, %209, %29 : tensor<8xi1>, tensor<8xui8>
    %211 = stablehlo.or %207, %210 : tensor<8xui8>
    %212 = stablehlo.compare GE, %187, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %213 = stablehlo.constant dense<8> : tensor<8xui8>
    %214 = stablehlo.select %212, %213, %29 : tensor<8xi1>, tensor<8xui8>
    %215 = stablehlo.or %211, %214 : tensor<8xui8>
    %216 = stablehlo.broadcast_in_dim %215, dims = [0] : (tensor<8xui8>) -> tensor<8x4xui8>
    %217 = stablehlo.constant dense<1> : tensor<8x4xui8>
    %218 = stablehlo.iota dim = 1 : tensor<8x4xui8>
    %219 = stablehlo.shift_left %217, %218 : tensor<8x4xui8>
    %220 = stablehlo.and %216, %219 : tensor<8x4xui8>
    %221 = stablehlo.constant dense<0> : tensor<8x4xui8>
    %222 = stablehlo.compare NE, %220, %221, UNSIGNED : (tensor<8x4xui8>, tensor<8x4xui8>) -> tensor<8x4xi1>
    %223 = stablehlo.reshape %222 : (tensor<8x4xi1>) -> tensor<32xi1>
    %224 = stablehlo.reshape %223 : (tensor<32xi1>) -> tensor<8x4xi1>
    %225 = stablehlo.constant dense<0x4000> : tensor<8x4xbf16>
    %226 = stablehlo.multiply %28, %225 : tensor<8x4xbf16>
    %227 = stablehlo.select %224, %226, %27 : tensor<8x4xi1>, tensor<8x4xbf16>
    %228 = stablehlo.reshape %arg7 : (tensor<8xf32>) -> tensor<4x2xf32>
    %229 = stablehlo.convert %228 : (tensor<4x2xf32>) -> tensor<4x2xbf16>
    %230 = stablehlo.dot_general %227, %229, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x4xbf16>, tensor<4x2xbf16>) -> tensor<8x2xbf16>
    %231 = stablehlo.convert %arg8 : (tensor<2xf32>) -> tensor<2xbf16>
    %232 = stablehlo.broadcast_in_dim %231, dims = [1] : (tensor<2xbf16>) -> tensor<8x2xbf16>
    %233 = stablehlo.add %230, %232 : tensor<8x2xbf16>
    %234 = stablehlo.constant dense<0x0000> : tensor<8x2xbf16>
    %235 = stablehlo.convert %233 : (tensor<8x2xbf16>) -> tensor<8x2xf32>
    %236 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %237 = stablehlo.reduce(%235 init: %236) applies stablehlo.maximum across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %238 = stablehlo.broadcast_in_dim %237, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %239 = stablehlo.subtract %238, %235 : tensor<8x2xf32>
    %240 = stablehlo.negate %239 : tensor<8x2xf32>
    %241 = stablehlo.exponential %240 : tensor<8x2xf32>
    %242 = stablehlo.constant dense<0x00000000> : tensor<f32>
    %243 = stablehlo.reduce(%241 init: %242) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %244 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %245 = stablehlo.constant dense<0x40000000> : tensor<8xf32>
    %246 = stablehlo.compare LT, %arg3, %245, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %247 = stablehlo.and %244, %246 : tensor<8xi1>
    %248 = stablehlo.constant dense<0xBF800000> : tensor<8xf32>
    %249 = stablehlo.select %247, %arg3, %248 : tensor<8xi1>, tensor<8xf32>
    %250 = stablehlo.convert %249 : (tensor<8xf32>) -> tensor<8xi32>
    %251 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %252 = stablehlo.broadcast_in_dim %250, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %253 = stablehlo.compare EQ, %251, %252, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %254 = stablehlo.constant dense<0x00000000> : tensor<8x2xf32>
    %255 = stablehlo.select %253, %239, %254 : tensor<8x2xi1>, tensor<8x2xf32>
    %256 = stablehlo.reduce(%255 init: %242) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %257 = stablehlo.constant dense<0x3F800000> : tensor<8xf32>
    %258 = stablehlo.multiply %256, %257 : tensor<8xf32>
    %259 = stablehlo.constant dense<0x7FC00000> : tensor<8xf32>
    %260 = stablehlo.select %247, %258, %259 : tensor<8xi1>, tensor<8xf32>
    %261 = stablehlo.log %243 : tensor<8xf32>
    %262 = stablehlo.add %261, %260 : tensor<8xf32>
    %263 = stablehlo.compare EQ, %260, %260, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %264 = stablehlo.select %263, %257, %259 : tensor<8xi1>, tensor<8xf32>
    %265 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %266 = stablehlo.reduce(%arg4 init: %242) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %267 = stablehlo.multiply %arg4, %262 : tensor<8xf32>
    %268 = stablehlo.select %265, %267, %17 : tensor<8xi1>, tensor<8xf32>
    %269 = stablehlo.reduce(%268 init: %242) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %270 = stablehlo.compare EQ, %266, %242, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %271 = stablehlo.divide %269, %266 : tensor<f32>
    %272 = stablehlo.select %270, %242, %271 : tensor<i1>, tensor<f32>
    %273 = stablehlo.divide %257, %243 : tensor<8xf32>
    %274 = stablehlo.constant dense<0x3F800000> : tensor<f32>
    %275 = stablehlo.convert %233 : (tensor<8x2xbf16>) -> tensor<8x2xf32>
    %276 = stablehlo.broadcast_in_dim %237, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %277 = stablehlo.subtract %275, %276 : tensor<8x2xf32>
    %278 = stablehlo.exponential %277 : tensor<8x2xf32>
    %279 = stablehlo.broadcast_in_dim %273, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %280 = stablehlo.multiply %278, %279 : tensor<8x2xf32>
    %281 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %282 = stablehlo.compare LT, %arg3, %245, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %283 = stablehlo.and %281, %282 : tensor<8xi1>
    %284 = stablehlo.select %283, %arg3, %248 : tensor<8xi1>, tensor<8xf32>
    %285 = stablehlo.convert %284 : (tensor<8xf32>) -> tensor<8xi32>
    %286 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %287 = stablehlo.broadcast_in_dim %285, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %288 = stablehlo.compare EQ, %286, %287, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %289 = stablehlo.constant dense<0x3F800000> : tensor<8x2xf32>
    %290 = stablehlo.select %288, %289, %254 : tensor<8x2xi1>, tensor<8x2xf32>
    %291 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %292 = stablehlo.reshape %266 : (tensor<f32>) -> tensor<1xf32>
    %293 = stablehlo.reshape %292 : (tensor<1xf32>) -> tensor<f32>
    %294 = stablehlo.divide %274, %293 : tensor<f32>
    %295 = stablehlo.broadcast_in_dim %294, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %296 = stablehlo.multiply %arg4, %295 : tensor<8xf32>
    %297 = stablehlo.multiply %296, %264 : tensor<8xf32>
    %298 = stablehlo.broadcast_in_dim %297, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %299 = stablehlo.subtract %280, %290 : tensor<8x2xf32>
    %300 = stablehlo.multiply %298, %299 : tensor<8x2xf32>
    %301 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %302 = stablehlo.broadcast_in_dim %301, dims = [0] : (tensor<8xi1>) -> tensor<8x2xi1>
    %303 = stablehlo.select %302, %300, %254 : tensor<8x2xi1>, tensor<8x2xf32>
    %304 = stablehlo.convert %303 : (tensor<8x2xf32>) -> tensor<8x2xbf16>
    %305 = stablehlo.convert %228 : (tensor<4x2xf32>) -> tensor<4x2xbf16>
    %306 = stablehlo.dot_general %304, %305, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<8x2xbf16>, tensor<4x2xbf16>) -> tensor<8x4xbf16>
    %307 = stablehlo.dot_general %227, %304, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x4xbf16>, tensor<8x2xbf16>) -> tensor<4x2xf32>
    %308 = stablehlo.convert %304 : (tensor<8x2xbf16>) -> tensor<8x2xf32>
    %309 = stablehlo.reduce(%308 init: %242) applies stablehlo.add across dimensions = [0] : (tensor<8x2xf32>, tensor<f32>) -> tensor<2xf32>
    %310 = stablehlo.iota dim = 0 : tensor<8xui32>
    %311 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %312 = stablehlo.broadcast_in_dim %311, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %313 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %314 = stablehlo.convert %313 : (tensor<ui64>) -> tensor<ui32>
    %315 = stablehlo.broadcast_in_dim %314, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %316 = stablehlo.convert %310 : (tensor<8xui32>) -> tensor<8xui64>
    %317 = stablehlo.multiply %37, %316 : tensor<8xui64>
    %318 = stablehlo.shift_right_logical %317, %40 : tensor<8xui64>
    %319 = stablehlo.convert %318 : (tensor<8xui64>) -> tensor<8xui32>
    %320 = stablehlo.convert %317 : (tensor<8xui64>) -> tensor<8xui32>
    %321 = stablehlo.convert %312 : (tensor<8xui32>) -> tensor<8xui64>
    %322 = stablehlo.multiply %44, %321 : tensor<8xui64>
    %323 = stablehlo.shift_right_logical %322, %40 : tensor<8xui64>
    %324 = stablehlo.convert %323 : (tensor<8xui64>) -> tensor<8xui32>
    %325 = stablehlo.convert %322 : (tensor<8xui64>) -> tensor<8xui32>
    %326 = stablehlo.xor %324, %31 : tensor<8xui32>
    %327 = stablehlo.xor %326, %51 : tensor<8xui32>
    %328 = stablehlo.xor %319, %315 : tensor<8xui32>
    %329 = stablehlo.xor %328, %31 : tensor<8xui32>
    %330 = stablehlo.convert %327 : (tensor<8xui32>) -> tensor<8xui64>
    %331 = stablehlo.multiply %37, %330 : tensor<8xui64>
    %332 = stablehlo.shift_right_logical %331, %40 : tensor<8xui64>
    %333 = stablehlo.convert %332 : (tensor<8xui64>) -> tensor<8xui32>
    %334 = stablehlo.convert %331 : (tensor<8xui64>) -> tensor<8xui32>
    %335 = stablehlo.convert %329 : (tensor<8xui32>) -> tensor<8xui64>
    %336 = stablehlo.multiply %44, %335 : tensor<8xui64>
    %337 = stablehlo.shift_right_logical %336, %40 : tensor<8xui64>
    %338 = stablehlo.convert %337 : (tensor<8xui64>) -> tensor<8xui32>
    %339 = stablehlo.convert %336 : (tensor<8xui64>) -> tensor<8xui32>
    %340 = stablehlo.xor %338, %325 : tensor<8xui32>
    %341 = stablehlo.xor %340, %66 : tensor<8xui32>
    %342 = stablehlo.xor %333, %320 : tensor<8xui32>
    %343 = stablehlo.xor %342, %69 : tensor<8xui32>
    %344 = stablehlo.convert %341 : (tensor<8xui32>) -> tensor<8xui64>
    %345 = stablehlo.multiply %37, %344 : tensor<8xui64>
    %346 = stablehlo.shift_right_logical %345, %40 : tensor<8xui64>
    %347 = stablehlo.convert %346 : (tensor<8xui64>) -> tensor<8xui32>
    %348 = stablehlo.convert %345 : (tensor<8xui64>) -> tensor<8xui32>
    %349 = stablehlo.convert %343 : (tensor<8xui32>) -> tensor<8xui64>
    %350 = stablehlo.multiply %44, %349 : tensor<8xui64>
    %351 = stablehlo.shift_right_logical %350, %40 : tensor<8xui64>
    %352 = stablehlo.convert %351 : (tensor<8xui64>) -> tensor<8xui32>
    %353 = stablehlo.convert %350 : (tensor<8xui64>) -> tensor<8xui32>
    %354 = stablehlo.xor %352, %339 : tensor<8xui32>
    %355 = stablehlo.xor %354, %82 : tensor<8xui32>
    %356 = stablehlo.xor %347, %334 : tensor<8xui32>
    %357 = stablehlo.xor %356, %85 : tensor<8xui32>
    %358 = stablehlo.convert %355 : (tensor<8xui32>) -> tensor<8xui64>
    %359 = stablehlo.multiply %37, %358 : tensor<8xui64>
    %360 = stablehlo.shift_right_logical %359, %40 : tensor<8xui64>
    %361 = stablehlo.convert %360 : (tensor<8xui64>) -> tensor<8xui32>
    %362 = stablehlo.convert %359 : (tensor<8xui64>) -> tensor<8xui32>
    %363 = stablehlo.convert %357 : (tensor<8xui32>) -> tensor<8xui64>
    %364 = stablehlo.multiply %44, %363 : tensor<8xui64>
    %365 = stablehlo.shift_right_logical %364, %40 : tensor<8xui64>
    %366 = stablehlo.convert %365 : (tensor<8xui64>) -> tensor<8xui32>
    %367 = stablehlo.convert %364 : (tensor<8xui64>) -> tensor<8xui32>
    %368 = stablehlo.xor %366, %353 : tensor<8xui32>
    %369 = stablehlo.xor %368, %98 : tensor<8xui32>
    %370 = stablehlo.xor %361, %348 : tensor<8xui32>
    %371 = stablehlo.xor %370, %101 : tensor<8xui32>
    %372 = stablehlo.convert %369 : (tensor<8xui32>) -> tensor<8xui64>
    %373 = stablehlo.multiply %37, %372 : tensor<8xui64>
    %374 = stablehlo.shift_right_logical %373, %40 : tensor<8xui64>
    %375 = stablehlo.convert %374 : (tensor<8xui64>) -> tensor<8xui32>
    %376 = stablehlo.convert %373 : (tensor<8xui64>) -> tensor<8xui32>
    %377 = stablehlo.convert %371 : (tensor<8xui32>) -> tensor<8xui64>
    %378 = stablehlo.multiply %44, %377 : tensor<8xui64>
    %379 = stablehlo.shift_right_logical %378, %40 : tensor<8xui64>
    %380 = stablehlo.convert %379 : (tensor<8xui64>) -> tensor<8xui32>
    %381 = stablehlo.convert %378 : (tensor<8xui64>) -> tensor<8xui32>
    %382 = stablehlo.xor %380, %367 : tensor<8xui32>
    %383 = stablehlo.xor %382, %114 : tensor<8xui32>
    %384 = stablehlo.xor %375, %362 : tensor<8xui32>
    %385 = stablehlo.xor %384, %117 : tensor<8xui32>
    %386 = stablehlo.convert %383 : (tensor<8xui32>) -> tensor<8xui64>
    %387 = stablehlo.multiply %37, %386 : tensor<8xui64>
    %388 = stablehlo.shift_right_logical %387, %40 : tensor<8xui64>
    %389 = stablehlo.convert %388 : (tensor<8xui64>) -> tensor<8xui32>
    %390 = stablehlo.convert %387 : (tensor<8xui64>) -> tensor<8xui32>
    %391 = stablehlo.convert %385 : (tensor<8xui32>) -> tensor<8xui64>
    %392 = stablehlo.multiply %44, %391 : tensor<8xui64>
    %393 = stablehlo.shift_right_logical %392, %40 : tensor<8xui64>
    %394 = stablehlo.convert %393 : (tensor<8xui64>) -> tensor<8xui32>
    %395 = stablehlo.convert %392 : (tensor<8xui64>) -> tensor<8xui32>
    %396 = stablehlo.xor %394, %381 : tensor<8xui32>
    %397 = stablehlo.xor %396, %130 : tensor<8xui32>
    %398 = stablehlo.xor %389, %376 : tensor<8xui32>
    %399 = stablehlo.xor %398, %133 : tensor<8xui32>
    %400 = stablehlo.convert %397 : (tensor<8xui32>) -> tensor<8xui64>
    %401 = stablehlo.multiply %37, %400 : tensor<8xui64>
    %402 = stablehlo.shift_right_logical %401, %40 : tensor<8xui64>
    %403 = stablehlo.convert %402 : (tensor<8xui64>) -> tensor<8xui32>
    %404 = stablehlo.convert %401 : (tensor<8xui64>) -> tensor<8xui32>
    %405 = stablehlo.convert %399 : (tensor<8xui32>) -> tensor<8xui64>
    %406 = stablehlo.multiply %44, %405 : tensor<8xui64>
    %407 = stablehlo.shift_right_logical %406, %40 : tensor<8xui64>
    %408 = stablehlo.convert %407 : (tensor<8xui64>) -> tensor<8xui32>
    %409 = stablehlo.convert %406 : (tensor<8xui64>) -> tensor<8xui32>
    %410 = stablehlo.xor %408, %395 : tensor<8xui32>
    %411 = stablehlo.xor %410, %146 : tensor<8xui32>
    %412 = stablehlo.xor %403, %390 : tensor<8xui32>
    %413 = stablehlo.xor %412, %149 : tensor<8xui32>
    %414 = stablehlo.convert %411 : (tensor<8xui32>) -> tensor<8xui64>
    %415 = stablehlo.multiply %37, %414 : tensor<8xui64>
    %416 = stablehlo.shift_right_logical %415, %40 : tensor<8xui64>
    %417 = stablehlo.convert %416 : (tensor<8xui64>) -> tensor<8xui32>
    %418 = stablehlo.convert %415 : (tensor<8xui64>) -> tensor<8xui32>
    %419 = stablehlo.convert %413 : (tensor<8xui32>) -> tensor<8xui64>
    %420 = stablehlo.multiply %44, %419 : tensor<8xui64>
    %421 = stablehlo.shift_right_logical %420, %40 : tensor<8xui64>
    %422 = stablehlo.convert %421 : (tensor<8xui64>) -> tensor<8xui32>
    %423 = stablehlo.convert %420 : (tensor<8xui64>) -> tensor<8xui32>
    %424 = stablehlo.xor %422, %409 : tensor<8xui32>
    %425 = stablehlo.xor %424, %162 : tensor<8xui32>
    %426 = stablehlo.xor %417, %404 : tensor<8xui32>
    %427 = stablehlo.xor %426, %165 : tensor<8xui32>
    %428 = stablehlo.convert %425 : (tensor<8xui32>) -> tensor<8xui64>
    %429 = stablehlo.multiply %37, %428 : tensor<8xui64>
    %430 = stablehlo.shift_right_logical %429, %40 : tensor<8xui64>
    %431 = stablehlo.convert %430 : (tensor<8xui64>) -> tensor<8xui32>
    %432 = stablehlo.convert %429 : (tensor<8xui64>) -> tensor<8xui32>
    %433 = stablehlo.convert %427 : (tensor<8xui32>) -> tensor<8xui64>
    %434 = stablehlo.multiply %44, %433 : tensor<8xui64>
    %435 = stablehlo.shift_right_logical %434, %40 : tensor<8xui64>
    %436 = stablehlo.convert %435 : (tensor<8xui64>) -> tensor<8xui32>
    %437 = stablehlo.convert %434 : (tensor<8xui64>) -> tensor<8xui32>
    %438 = stablehlo.xor %436, %423 : tensor<8xui32>
    %439 = stablehlo.xor %438, %178 : tensor<8xui32>
    %440 = stablehlo.xor %431, %418 : tensor<8xui32>
    %441 = stablehlo.xor %440, %181 : tensor<8xui32>
    %442 = stablehlo.convert %439 : (tensor<8xui32>) -> tensor<8xui64>
    %443 = stablehlo.multiply %37, %442 : tensor<8xui64>
    %444 = stablehlo.shift_right_logical %443, %40 : tensor<8xui64>
    %445 = stablehlo.convert %444 : (tensor<8xui64>) -> tensor<8xui32>
    %446 = stablehlo.convert %443 : (tensor<8xui64>) -> tensor<8xui32>
    %447 = stablehlo.convert %441 : (tensor<8xui32>) -> tensor<8xui64>
    %448 = stablehlo.multiply %44, %447 : tensor<8xui64>
    %449 = stablehlo.shift_right_logical %448, %40 : tensor<8xui64>
    %450 = stablehlo.convert %449 : (tensor<8xui64>) -> tensor<8xui32>
    %451 = stablehlo.convert %448 : (tensor<8xui64>) -> tensor<8xui32>
    %452 = stablehlo.xor %450, %437 : tensor<8xui32>
    %453 = stablehlo.xor %452, %194 : tensor<8xui32>
    %454 = stablehlo.xor %445, %432 : tensor<8xui32>
    %455 = stablehlo.xor %454, %197 : tensor<8xui32>
    %456 = stablehlo.compare GE, %453, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %457 = stablehlo.select %456, %201, %29 : tensor<8xi1>, tensor<8xui8>
    %458 = stablehlo.or %29, %457 : tensor<8xui8>
    %459 = stablehlo.compare GE, %451, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %460 = stablehlo.select %459, %205, %29 : tensor<8xi1>, tensor<8xui8>
    %461 = stablehlo.or %458, %460 : tensor<8xui8>
    %462 = stablehlo.compare GE, %455, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %463 = stablehlo.select %462, %209, %29 : tensor<8xi1>, tensor<8xui8>
    %464 = stablehlo.or %461, %463 : tensor<8xui8>
    %465 = stablehlo.compare GE, %446, %199, UNSIGNED : (tensor<8xui32>, tensor<8xui32>) -> tensor<8xi1>
    %466 = stablehlo.select %465, %213, %29 : tensor<8xi1>, tensor<8xui8>
    %467 = stablehlo.or %464, %466 : tensor<8xui8>
    %468 = stablehlo.broadcast_in_dim %467, dims = [0] : (tensor<8xui8>) -> tensor<8x4xui8>
    %469 = stablehlo.iota dim = 1 : tensor<8x4xui8>
    %470 = stablehlo.shift_left %217, %469 : tensor<8x4xui8>
    %471 = stablehlo.and %468, %470 : tensor<8x4xui8>
    %472 = stablehlo.compare NE, %471, %221, UNSIGNED : (tensor<8x4xui8>, tensor<8x4xui8>) -> tensor<8x4xi1>
    %473 = stablehlo.reshape %472 : (tensor<8x4xi1>) -> tensor<32xi1>
    %474 = stablehlo.reshape %473 : (tensor<32xi1>) -> tensor<8x4xi1>
    %475 = stablehlo.multiply %306, %225 : tensor<8x4xbf16>
    %476 = stablehlo.select %474, %475, %27 : tensor<8x4xi1>, tensor<8x4xbf16>
    %477 = stablehlo.constant dense<0x3F80> : tensor<8x4xbf16>
    %478 = stablehlo.compare GT, %28, %27, FLOAT : (tensor<8x4xbf16>, tensor<8x4xbf16>) -> tensor<8x4xi1>
    %479 = stablehlo.select %478, %477, %27 : tensor<8x4xi1>, tensor<8x4xbf16>
    %480 = stablehlo.multiply %476, %479 : tensor<8x4xbf16>
    %481 = stablehlo.convert %19 : (tensor<8x3xf32>) -> tensor<8x3xbf16>
    %482 = stablehlo.dot_general %481, %480, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x3xbf16>, tensor<8x4xbf16>) -> tensor<3x4xf32>
    %483 = stablehlo.convert %480 : (tensor<8x4xbf16>) -> tensor<8x4xf32>
    %484 = stablehlo.reduce(%483 init: %242) applies stablehlo.add across dimensions = [0] : (tensor<8x4xf32>, tensor<f32>) -> tensor<4xf32>
    %485 = stablehlo.reshape %482 : (tensor<3x4xf32>) -> tensor<12xf32>
    %486 = stablehlo.reshape %307 : (tensor<4x2xf32>) -> tensor<8xf32>
    %487 = stablehlo.slice %1 [0:1] : (tensor<11xui32>) -> tensor<1xui32>
    %488 = stablehlo.reshape %487 : (tensor<1xui32>) -> tensor<ui32>
    %489 = stablehlo.convert %488 : (tensor<ui32>) -> tensor<ui64>
    %490 = stablehlo.slice %1 [1:2] : (tensor<11xui32>) -> tensor<1xui32>
    %491 = stablehlo.reshape %490 : (tensor<1xui32>) -> tensor<ui32>
    %492 = stablehlo.convert %491 : (tensor<ui32>) -> tensor<ui64>
    %493 = stablehlo.shift_left %492, %11 : tensor<ui64>
    %494 = stablehlo.or %489, %493 : tensor<ui64>
    %495 = stablehlo.slice %1 [3:11] : (tensor<11xui32>) -> tensor<8xui32>
    %496 = stablehlo.bitcast_convert %495 : (tensor<8xui32>) -> tensor<8xf32>
    %497 = stablehlo.reshape %485 : (tensor<12xf32>) -> tensor<1x12xf32>
    %498 = stablehlo.reshape %484 : (tensor<4xf32>) -> tensor<1x4xf32>
    %499 = stablehlo.reshape %486 : (tensor<8xf32>) -> tensor<1x8xf32>
    %500 = stablehlo.reshape %309 : (tensor<2xf32>) -> tensor<1x2xf32>
    %501 = stablehlo.pad %498, %242, low = [0, 0], high = [0, 8], interior = [0, 0] : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x12xf32>
    %502 = stablehlo.pad %499, %242, low = [0, 0], high = [0, 4], interior = [0, 0] : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x12xf32>
    %503 = stablehlo.pad %500, %242, low = [0, 0], high = [0, 10], interior = [0, 0] : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x12xf32>
    %504 = stablehlo.concatenate %497, %501, %502, %503, dim = 0 : (tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>) -> tensor<4x12xf32>
    %505 = stablehlo.multiply %504, %504 : tensor<4x12xf32>
    %506 = stablehlo.reduce(%505 init: %242) applies stablehlo.add across dimensions = [1] : (tensor<4x12xf32>, tensor<f32>) -> tensor<4xf32>
    %507 = stablehlo.slice %506 [0:1] : (tensor<4xf32>) -> tensor<1xf32>
    %508 = stablehlo.reshape %507 : (tensor<1xf32>) -> tensor<f32>
    %509 = stablehlo.slice %506 [1:2] : (tensor<4xf32>) -> tensor<1xf32>
    %510 = stablehlo.reshape %509 : (tensor<1xf32>) -> tensor<f32>
    %511 = stablehlo.add %508, %510 : tensor<f32>
    %512 = stablehlo.slice %506 [2:3] : (tensor<4xf32>) -> tensor<1xf32>
    %513 = stablehlo.reshape %512 : (tensor<1xf32>) -> tensor<f32>
    %514 = stablehlo.add %511, %513 : tensor<f32>
    %515 = stablehlo.slice %506 [3:4] : (tensor<4xf32>) -> tensor<1xf32>
    %516 = stablehlo.reshape %515 : (tensor<1xf32>) -> tensor<f32>
    %517 = stablehlo.add %514, %516 : tensor<f32>
    %518 = stablehlo.sqrt %517 : tensor<f32>
    %519 = stablehlo.slice %496 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %520 = stablehlo.reshape %519 : (tensor<1xf32>) -> tensor<f32>
    %521 = stablehlo.multiply %518, %520 : tensor<f32>
    %522 = stablehlo.constant dense<0x358637BD> : tensor<f32>
    %523 = stablehlo.add %521, %522 : tensor<f32>
    %524 = stablehlo.divide %274, %523 : tensor<f32>
    %525 = stablehlo.compare GE, %524, %274, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %526 = stablehlo.select %525, %274, %524 : tensor<i1>, tensor<f32>
    %527 = stablehlo.reshape %521 : (tensor<f32>) -> tensor<1xf32>
    %528 = stablehlo.reshape %526 : (tensor<f32>) -> tensor<1xf32>
    %529 = stablehlo.concatenate %527, %528, dim = 0 : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
    %530 = stablehlo.slice %496 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %531 = stablehlo.reshape %530 : (tensor<1xf32>) -> tensor<f32>
    %532 = stablehlo.slice %496 [6:7] : (tensor<8xf32>) -> tensor<1xf32>
    %533 = stablehlo.reshape %532 : (tensor<1xf32>) -> tensor<f32>
    %534 = stablehlo.slice %496 [0:1] : (tensor<8xf32>) -> tensor<1xf32>
    %535 = stablehlo.reshape %534 : (tensor<1xf32>) -> tensor<f32>
    %536 = stablehlo.slice %496 [1:2] : (tensor<8xf32>) -> tensor<1xf32>
    %537 = stablehlo.reshape %536 : (tensor<1xf32>) -> tensor<f32>
    %538 = stablehlo.slice %529 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %539 = stablehlo.reshape %538 : (tensor<1xf32>) -> tensor<f32>
    %540 = stablehlo.multiply %531, %539 : tensor<f32>
    %541 = stablehlo.slice %496 [4:5] : (tensor<8xf32>) -> tensor<1xf32>
    %542 = stablehlo.reshape %541 : (tensor<1xf32>) -> tensor<f32>
    %543 = stablehlo.slice %496 [3:4] : (tensor<8xf32>) -> tensor<1xf32>
    %544 = stablehlo.reshape %543 : (tensor<1xf32>) -> tensor<f32>
    %545 = stablehlo.slice %496 [2:3] : (tensor<8xf32>) -> tensor<1xf32>
    %546 = stablehlo.reshape %545 : (tensor<1xf32>) -> tensor<f32>
    %547 = stablehlo.broadcast_in_dim %540, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %548 = stablehlo.multiply %485, %547 : tensor<12xf32>
    %549 = stablehlo.compare GT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %550 = stablehlo.constant dense<0x3F800000> : tensor<12xf32>
    %551 = stablehlo.compare LT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %552 = stablehlo.constant dense<0xBF800000> : tensor<12xf32>
    %553 = stablehlo.select %551, %552, %15 : tensor<12xi1>, tensor<12xf32>
    %554 = stablehlo.select %549, %550, %553 : tensor<12xi1>, tensor<12xf32>
    %555 = stablehlo.broadcast_in_dim %542, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %556 = stablehlo.multiply %554, %555 : tensor<12xf32>
    %557 = stablehlo.add %548, %556 : tensor<12xf32>
    %558 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %559 = stablehlo.minimum %557, %558 : tensor<12xf32>
    %560 = stablehlo.negate %558 : tensor<12xf32>
    %561 = stablehlo.maximum %559, %560 : tensor<12xf32>
    %562 = stablehlo.broadcast_in_dim %544, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %563 = stablehlo.multiply %arg5, %562 : tensor<12xf32>
    %564 = stablehlo.add %561, %563 : tensor<12xf32>
    %565 = stablehlo.broadcast_in_dim %546, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %566 = stablehlo.multiply %arg5, %565 : tensor<12xf32>
    %567 = stablehlo.subtract %arg5, %566 : tensor<12xf32>
    %568 = stablehlo.constant dense<0x3DCCCCCD> : tensor<12xf32>
    %569 = stablehlo.multiply %564, %568 : tensor<12xf32>
    %570 = stablehlo.constant dense<0x3F666666> : tensor<12xf32>
    %571 = stablehlo.multiply %arg9, %570 : tensor<12xf32>
    %572 = stablehlo.add %571, %569 : tensor<12xf32>
    %573 = stablehlo.constant dense<0x3A83126F> : tensor<12xf32>
    %574 = stablehlo.multiply %564, %573 : tensor<12xf32>
    %575 = stablehlo.multiply %574, %564 : tensor<12xf32>
    %576 = stablehlo.constant dense<0x3F7FBE77> : tensor<12xf32>
    %577 = stablehlo.multiply %arg13, %576 : tensor<12xf32>
    %578 = stablehlo.add %577, %575 : tensor<12xf32>
    %579 = stablehlo.broadcast_in_dim %535, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %580 = stablehlo.multiply %572, %579 : tensor<12xf32>
    %581 = stablehlo.sqrt %578 : tensor<12xf32>
    %582 = stablehlo.broadcast_in_dim %537, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %583 = stablehlo.multiply %581, %582 : tensor<12xf32>
    %584 = stablehlo.constant dense<0x322BCC77> : tensor<12xf32>
    %585 = stablehlo.add %583, %584 : tensor<12xf32>
    %586 = stablehlo.divide %580, %585 : tensor<12xf32>
    %587 = stablehlo.subtract %567, %586 : tensor<12xf32>
    %588 = stablehlo.broadcast_in_dim %540, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %589 = stablehlo.multiply %484, %588 : tensor<4xf32>
    %590 = stablehlo.compare GT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %591 = stablehlo.constant dense<0x3F800000> : tensor<4xf32>
    %592 = stablehlo.compare LT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %593 = stablehlo.constant dense<0xBF800000> : tensor<4xf32>
    %594 = stablehlo.select %592, %593, %16 : tensor<4xi1>, tensor<4xf32>
    %595 = stablehlo.select %590, %591, %594 : tensor<4xi1>, tensor<4xf32>
    %596 = stablehlo.broadcast_in_dim %542, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %597 = stablehlo.multiply %595, %596 : tensor<4xf32>
    %598 = stablehlo.add %589, %597 : tensor<4xf32>
    %599 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %600 = stablehlo.minimum %598, %599 : tensor<4xf32>
    %601 = stablehlo.negate %599 : tensor<4xf32>
    %602 = stablehlo.maximum %600, %601 : tensor<4xf32>
    %603 = stablehlo.broadcast_in_dim %544, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %604 = stablehlo.multiply %arg6, %603 : tensor<4xf32>
    %605 = stablehlo.add %602, %604 : tensor<4xf32>
    %606 = stablehlo.broadcast_in_dim %546, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %607 = stablehlo.multiply %arg6, %606 : tensor<4xf32>
    %608 = stablehlo.subtract %arg6, %607 : tensor<4xf32>
    %609 = stablehlo.constant dense<0x3DCCCCCD> : tensor<4xf32>
    %610 = stablehlo.multiply %605, %609 : tensor<4xf32>
    %611 = stablehlo.constant dense<0x3F666666> : tensor<4xf32>
    %612 = stablehlo.multiply %arg10, %611 : tensor<4xf32>
    %613 = stablehlo.add %612, %610 : tensor<4xf32>
    %614 = stablehlo.constant dense<0x3A83126F> : tensor<4xf32>
    %615 = stablehlo.multiply %605, %614 : tensor<4xf32>
    %616 = stablehlo.multiply %615, %605 : tensor<4xf32>
    %617 = stablehlo.constant dense<0x3F7FBE77> : tensor<4xf32>
    %618 = stablehlo.multiply %arg14, %617 : tensor<4xf32>
    %619 = stablehlo.add %618, %616 : tensor<4xf32>
    %620 = stablehlo.broadcast_in_dim %535, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %621 = stablehlo.multiply %613, %620 : tensor<4xf32>
    %622 = stablehlo.sqrt %619 : tensor<4xf32>
    %623 = stablehlo.broadcast_in_dim %537, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %624 = stablehlo.multiply %622, %623 : tensor<4xf32>
    %625 = stablehlo.constant dense<0x322BCC77> : tensor<4xf32>
    %626 = stablehlo.add %624, %625 : tensor<4xf32>
    %627 = stablehlo.divide %621, %626 : tensor<4xf32>
    %628 = stablehlo.subtract %608, %627 : tensor<4xf32>
    %629 = stablehlo.broadcast_in_dim %540, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %630 = stablehlo.multiply %486, %629 : tensor<8xf32>
    %631 = stablehlo.compare GT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %632 = stablehlo.compare LT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %633 = stablehlo.select %632, %248, %17 : tensor<8xi1>, tensor<8xf32>
    %634 = stablehlo.select %631, %257, %633 : tensor<8xi1>, tensor<8xf32>
    %635 = stablehlo.broadcast_in_dim %542, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %636 = stablehlo.multiply %634, %635 : tensor<8xf32>
    %637 = stablehlo.add %630, %636 : tensor<8xf32>
    %638 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %639 = stablehlo.minimum %637, %638 : tensor<8xf32>
    %640 = stablehlo.negate %638 : tensor<8xf32>
    %641 = stablehlo.maximum %639, %640 : tensor<8xf32>
    %642 = stablehlo.broadcast_in_dim %544, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %643 = stablehlo.multiply %arg7, %642 : tensor<8xf32>
    %644 = stablehlo.add %641, %643 : tensor<8xf32>
    %645 = stablehlo.broadcast_in_dim %546, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %646 = stablehlo.multiply %arg7, %645 : tensor<8xf32>
    %647 = stablehlo.subtract %arg7, %646 : tensor<8xf32>
    %648 = stablehlo.constant dense<0x3DCCCCCD> : tensor<8xf32>
    %649 = stablehlo.multiply %644, %648 : tensor<8xf32>
    %650 = stablehlo.constant dense<0x3F666666> : tensor<8xf32>
    %651 = stablehlo.multiply %arg11, %650 : tensor<8xf32>
    %652 = stablehlo.add %651, %649 : tensor<8xf32>
    %653 = stablehlo.constant dense<0x3A83126F> : tensor<8xf32>
    %654 = stablehlo.multiply %644, %653 : tensor<8xf32>
    %655 = stablehlo.multiply %654, %644 : tensor<8xf32>
    %656 = stablehlo.constant dense<0x3F7FBE77> : tensor<8xf32>
    %657 = stablehlo.multiply %arg15, %656 : tensor<8xf32>
    %658 = stablehlo.add %657, %655 : tensor<8xf32>
    %659 = stablehlo.broadcast_in_dim %535, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %660 = stablehlo.multiply %652, %659 : tensor<8xf32>
    %661 = stablehlo.sqrt %658 : tensor<8xf32>
    %662 = stablehlo.broadcast_in_dim %537, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %663 = stablehlo.multiply %661, %662 : tensor<8xf32>
    %664 = stablehlo.constant dense<0x322BCC77> : tensor<8xf32>
    %665 = stablehlo.add %663, %664 : tensor<8xf32>
    %666 = stablehlo.divide %660, %665 : tensor<8xf32>
    %667 = stablehlo.subtract %647, %666 : tensor<8xf32>
    %668 = stablehlo.broadcast_in_dim %540, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %669 = stablehlo.multiply %309, %668 : tensor<2xf32>
    %670 = stablehlo.compare GT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %671 = stablehlo.constant dense<0x3F800000> : tensor<2xf32>
    %672 = stablehlo.compare LT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %673 = stablehlo.constant dense<0xBF800000> : tensor<2xf32>
    %674 = stablehlo.select %672, %673, %18 : tensor<2xi1>, tensor<2xf32>
    %675 = stablehlo.select %670, %671, %674 : tensor<2xi1>, tensor<2xf32>
    %676 = stablehlo.broadcast_in_dim %542, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %677 = stablehlo.multiply %675, %676 : tensor<2xf32>
    %678 = stablehlo.add %669, %677 : tensor<2xf32>
    %679 = stablehlo.broadcast_in_dim %533, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %680 = stablehlo.minimum %678, %679 : tensor<2xf32>
    %681 = stablehlo.negate %679 : tensor<2xf32>
    %682 = stablehlo.maximum %680, %681 : tensor<2xf32>
    %683 = stablehlo.broadcast_in_dim %544, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %684 = stablehlo.multiply %arg8, %683 : tensor<2xf32>
    %685 = stablehlo.add %682, %684 : tensor<2xf32>
    %686 = stablehlo.broadcast_in_dim %546, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %687 = stablehlo.multiply %arg8, %686 : tensor<2xf32>
    %688 = stablehlo.subtract %arg8, %687 : tensor<2xf32>
    %689 = stablehlo.constant dense<0x3DCCCCCD> : tensor<2xf32>
    %690 = stablehlo.multiply %685, %689 : tensor<2xf32>
    %691 = stablehlo.constant dense<0x3F666666> : tensor<2xf32>
    %692 = stablehlo.multiply %arg12, %691 : tensor<2xf32>
    %693 = stablehlo.add %692, %690 : tensor<2xf32>
    %694 = stablehlo.constant dense<0x3A83126F> : tensor<2xf32>
    %695 = stablehlo.multiply %685, %694 : tensor<2xf32>
    %696 = stablehlo.multiply %695, %685 : tensor<2xf32>
    %697 = stablehlo.constant dense<0x3F7FBE77> : tensor<2xf32>
    %698 = stablehlo.multiply %arg16, %697 : tensor<2xf32>
    %699 = stablehlo.add %698, %696 : tensor<2xf32>
    %700 = stablehlo.broadcast_in_dim %535, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %701 = stablehlo.multiply %693, %700 : tensor<2xf32>
    %702 = stablehlo.sqrt %699 : tensor<2xf32>
    %703 = stablehlo.broadcast_in_dim %537, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %704 = stablehlo.multiply %702, %703 : tensor<2xf32>
    %705 = stablehlo.constant dense<0x322BCC77> : tensor<2xf32>
    %706 = stablehlo.add %704, %705 : tensor<2xf32>
    %707 = stablehlo.divide %701, %706 : tensor<2xf32>
    %708 = stablehlo.subtract %688, %707 : tensor<2xf32>
    %709 = stablehlo.reshape %arg1 : (tensor<1xf32>) -> tensor<f32>
    %710 = stablehlo.compare EQ, %709, %242, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %711 = stablehlo.is_finite %272 : (tensor<f32>) -> tensor<i1>
    %712 = stablehlo.and %710, %711 : tensor<i1>
    %713 = stablehlo.constant dense<0x3F800000> : tensor<1xf32>
    %714 = stablehlo.select %712, %arg1, %713 : tensor<i1>, tensor<1xf32>
    %715 = stablehlo.select %712, %587, %arg5 : tensor<i1>, tensor<12xf32>
    %716 = stablehlo.select %712, %628, %arg6 : tensor<i1>, tensor<4xf32>
    %717 = stablehlo.select %712, %667, %arg7 : tensor<i1>, tensor<8xf32>
    %718 = stablehlo.select %712, %708, %arg8 : tensor<i1>, tensor<2xf32>
    %719 = stablehlo.select %712, %572, %arg9 : tensor<i1>, tensor<12xf32>
    %720 = stablehlo.select %712, %613, %arg10 : tensor<i1>, tensor<4xf32>
    %721 = stablehlo.select %712, %652, %arg11 : tensor<i1>, tensor<8xf32>
    %722 = stablehlo.select %712, %693, %arg12 : tensor<i1>, tensor<2xf32>
    %723 = stablehlo.select %712, %578, %arg13 : tensor<i1>, tensor<12xf32>
    %724 = stablehlo.select %712, %619, %arg14 : tensor<i1>, tensor<4xf32>
    %725 = stablehlo.select %712, %658, %arg15 : tensor<i1>, tensor<8xf32>
    %726 = stablehlo.select %712, %699, %arg16 : tensor<i1>, tensor<2xf32>
    %727 = stablehlo.reshape %272 : (tensor<f32>) -> tensor<1xf32>
    %728 = stablehlo.concatenate %727, %529, dim = 0 : (tensor<1xf32>, tensor<2xf32>) -> tensor<3xf32>
    %729 = stablehlo.reshape %728 : (tensor<3xf32>) -> tensor<1x3xf32>
    return %714, %715, %716, %717, %718, %719, %720, %721, %722, %723, %724, %725, %726, %729 : tensor<1xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<1x3xf32>
  }
}
