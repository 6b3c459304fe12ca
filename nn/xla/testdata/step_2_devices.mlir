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
    %26 = stablehlo.iota dim = 0 : tensor<8xui32>
    %27 = stablehlo.constant dense<0> : tensor<8xui32>
    %28 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %29 = stablehlo.broadcast_in_dim %28, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %30 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %31 = stablehlo.convert %30 : (tensor<ui64>) -> tensor<ui32>
    %32 = stablehlo.broadcast_in_dim %31, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %33 = stablehlo.constant dense<3528531795> : tensor<8xui64>
    %34 = stablehlo.convert %26 : (tensor<8xui32>) -> tensor<8xui64>
    %35 = stablehlo.multiply %33, %34 : tensor<8xui64>
    %36 = stablehlo.constant dense<32> : tensor<8xui64>
    %37 = stablehlo.shift_right_logical %35, %36 : tensor<8xui64>
    %38 = stablehlo.convert %37 : (tensor<8xui64>) -> tensor<8xui32>
    %39 = stablehlo.convert %35 : (tensor<8xui64>) -> tensor<8xui32>
    %40 = stablehlo.constant dense<3449720151> : tensor<8xui64>
    %41 = stablehlo.convert %29 : (tensor<8xui32>) -> tensor<8xui64>
    %42 = stablehlo.multiply %40, %41 : tensor<8xui64>
    %43 = stablehlo.shift_right_logical %42, %36 : tensor<8xui64>
    %44 = stablehlo.convert %43 : (tensor<8xui64>) -> tensor<8xui32>
    %45 = stablehlo.convert %42 : (tensor<8xui64>) -> tensor<8xui32>
    %46 = stablehlo.xor %44, %27 : tensor<8xui32>
    %47 = stablehlo.constant dense<5> : tensor<8xui32>
    %48 = stablehlo.xor %46, %47 : tensor<8xui32>
    %49 = stablehlo.xor %38, %32 : tensor<8xui32>
    %50 = stablehlo.xor %49, %27 : tensor<8xui32>
    %51 = stablehlo.convert %48 : (tensor<8xui32>) -> tensor<8xui64>
    %52 = stablehlo.multiply %33, %51 : tensor<8xui64>
    %53 = stablehlo.shift_right_logical %52, %36 : tensor<8xui64>
    %54 = stablehlo.convert %53 : (tensor<8xui64>) -> tensor<8xui32>
    %55 = stablehlo.convert %52 : (tensor<8xui64>) -> tensor<8xui32>
    %56 = stablehlo.convert %50 : (tensor<8xui32>) -> tensor<8xui64>
    %57 = stablehlo.multiply %40, %56 : tensor<8xui64>
    %58 = stablehlo.shift_right_logical %57, %36 : tensor<8xui64>
    %59 = stablehlo.convert %58 : (tensor<8xui64>) -> tensor<8xui32>
    %60 = stablehlo.convert %57 : (tensor<8xui64>) -> tensor<8xui32>
    %61 = stablehlo.xor %59, %45 : tensor<8xui32>
    %62 = stablehlo.constant dense<2654435774> : tensor<8xui32>
    %63 = stablehlo.xor %61, %62 : tensor<8xui32>
    %64 = stablehlo.xor %54, %39 : tensor<8xui32>
    %65 = stablehlo.constant dense<3144134277> : tensor<8xui32>
    %66 = stablehlo.xor %64, %65 : tensor<8xui32>
    %67 = stablehlo.convert %63 : (tensor<8xui32>) -> tensor<8xui64>
    %68 = stablehlo.multiply %33, %67 : tensor<8xui64>
    %69 = stablehlo.shift_right_logical %68, %36 : tensor<8xui64>
    %70 = stablehlo.convert %69 : (tensor<8xui64>) -> tensor<8xui32>
    %71 = stablehlo.convert %68 : (tensor<8xui64>) -> tensor<8xui32>
    %72 = stablehlo.convert %66 : (tensor<8xui32>) -> tensor<8xui64>
    %73 = stablehlo.multiply %40, %72 : tensor<8xui64>
    %74 = stablehlo.shift_right_logical %73, %36 : tensor<8xui64>
    %75 = stablehlo.convert %74 : (tensor<8xui64>) -> tensor<8xui32>
    %76 = stablehlo.convert %73 : (tensor<8xui64>) -> tensor<8xui32>
    %77 = stablehlo.xor %75, %60 : tensor<8xui32>
    %78 = stablehlo.constant dense<1013904247> : tensor<8xui32>
    %79 = stablehlo.xor %77, %78 : tensor<8xui32>
    %80 = stablehlo.xor %70, %55 : tensor<8xui32>
    %81 = stablehlo.constant dense<1993301258> : tensor<8xui32>
    %82 = stablehlo.xor %80, %81 : tensor<8xui32>
    %83 = stablehlo.convert %79 : (tensor<8xui32>) -> tensor<8xui64>
    %84 = stablehlo.multiply %33, %83 : tensor<8xui64>
    %85 = stablehlo.shift_right_logical %84, %36 : tensor<8xui64>
    %86 = stablehlo.convert %85 : (tensor<8xui64>) -> tensor<8xui32>
    %87 = stablehlo.convert %84 : (tensor<8xui64>) -> tensor<8xui32>
    %88 = stablehlo.convert %82 : (tensor<8xui32>) -> tensor<8xui64>
    %89 = stablehlo.multiply %40, %88 : tensor<8xui64>
    %90 = stablehlo.shift_right_logical %89, %36 : tensor<8xui64>
    %91 = stablehlo.convert %90 : (tensor<8xui64>) -> tensor<8xui32>
    %92 = stablehlo.convert %89 : (tensor<8xui64>) -> tensor<8xui32>
    %93 = stablehlo.xor %91, %76 : tensor<8xui32>
    %94 = stablehlo.constant dense<3668340016> : tensor<8xui32>
    %95 = stablehlo.xor %93, %94 : tensor<8xui32>
    %96 = stablehlo.xor %86, %71 : tensor<8xui32>
    %97 = stablehlo.constant dense<842468239> : tensor<8xui32>
    %98 = stablehlo.xor %96, %97 : tensor<8xui32>
    %99 = stablehlo.convert %95 : (tensor<8xui32>) -> tensor<8xui64>
    %100 = stablehlo.multiply %33, %99 : tensor<8xui64>
    %101 = stablehlo.shift_right_logical %100, %36 : tensor<8xui64>
    %102 = stablehlo.convert %101 : (tensor<8xui64>) -> tensor<8xui32>
    %103 = stablehlo.convert %100 : (tensor<8xui64>) -> tensor<8xui32>
    %104 = stablehlo.convert %98 : (tensor<8xui32>) -> tensor<8xui64>
    %105 = stablehlo.multiply %40, %104 : tensor<8xui64>
    %106 = stablehlo.shift_right_logical %105, %36 : tensor<8xui64>
    %107 = stablehlo.convert %106 : (tensor<8xui64>) -> tensor<8xui32>
    %108 = stablehlo.convert %105 : (tensor<8xui64>) -> tensor<8xui32>
    %109 = stablehlo.xor %107, %92 : tensor<8xui32>
    %110 = stablehlo.constant dense<2027808489> : tensor<8xui32>
    %111 = stablehlo.xor %109, %110 : tensor<8xui32>
    %112 = stablehlo.xor %102, %87 : tensor<8xui32>
    %113 = stablehlo.constant dense<3986602516> : tensor<8xui32>
    %114 = stablehlo.xor %112, %113 : tensor<8xui32>
    %115 = stablehlo.convert %111 : (tensor<8xui32>) -> tensor<8xui64>
    %116 = stablehlo.multiply %33, %115 : tensor<8xui64>
    %117 = stablehlo.shift_right_logical %116, %36 : tensor<8xui64>
    %118 = stablehlo.convert %117 : (tensor<8xui64>) -> tensor<8xui32>
    %119 = stablehlo.convert %116 : (tensor<8xui64>) -> tensor<8xui32>
    %120 = stablehlo.convert %114 : (tensor<8xui32>) -> tensor<8xui64>
    %121 = stablehlo.multiply %40, %120 : tensor<8xui64>
    %122 = stablehlo.shift_right_logical %121, %36 : tensor<8xui64>
    %123 = stablehlo.convert %122 : (tensor<8xui64>) -> tensor<8xui32>
    %124 = stablehlo.convert %121 : (tensor<8xui64>) -> tensor<8xui32>
    %125 = stablehlo.xor %123, %108 : tensor<8xui32>
    %126 = stablehlo.constant dense<387276962> : tensor<8xui32>
    %127 = stablehlo.xor %125, %126 : tensor<8xui32>
    %128 = stablehlo.xor %118, %103 : tensor<8xui32>
    %129 = stablehlo.constant dense<2835769497> : tensor<8xui32>
    %130 = stablehlo.xor %128, %129 : tensor<8xui32>
    %131 = stablehlo.convert %127 : (tensor<8xui32>) -> tensor<8xui64>
    %132 = stablehlo.multiply %33, %131 : tensor<8xui64>
    %133 = stablehlo.shift_right_logical %132, %36 : tensor<8xui64>
    %134 = stablehlo.convert %133 : (tensor<8xui64>) -> tensor<8xui32>
    %135 = stablehlo.convert %132 : (tensor<8xui64>) -> tensor<8xui32>
    %136 = stablehlo.convert %130 : (tensor<8xui32>) -> tensor<8xui64>
    %137 = stablehlo.multiply %40, %136 : tensor<8xui64>
    %138 = stablehlo.shift_right_logical %137, %36 : tensor<8xui64>
    %139 = stablehlo.convert %138 : (tensor<8xui64>) -> tensor<8xui32>
    %140 = stablehlo.convert %137 : (tensor<8xui64>) -> tensor<8xui32>
    %141 = stablehlo.xor %139, %124 : tensor<8xui32>
    %142 = stablehlo.constant dense<3041712731> : tensor<8xui32>
    %143 = stablehlo.xor %141, %142 : tensor<8xui32>
    %144 = stablehlo.xor %134, %119 : tensor<8xui32>
    %145 = stablehlo.constant dense<1684936478> : tensor<8xui32>
    %146 = stablehlo.xor %144, %145 : tensor<8xui32>
    %147 = stablehlo.convert %143 : (tensor<8xui32>) -> tensor<8xui64>
    %148 = stablehlo.multiply %33, %147 : tensor<8xui64>
    %149 = stablehlo.shift_right_logical %148, %36 : tensor<8xui64>
    %150 = stablehlo.convert %149 : (tensor<8xui64>) -> tensor<8xui32>
    %151 = stablehlo.convert %148 : (tensor<8xui64>) -> tensor<8xui32>
    %152 = stablehlo.convert %146 : (tensor<8xui32>) -> tensor<8xui64>
    %153 = stablehlo.multiply %40, %152 : tensor<8xui64>
    %154 = stablehlo.shift_right_logical %153, %36 : tensor<8xui64>
    %155 = stablehlo.convert %154 : (tensor<8xui64>) -> tensor<8xui32>
    %156 = stablehlo.convert %153 : (tensor<8xui64>) -> tensor<8xui32>
    %157 = stablehlo.xor %155, %140 : tensor<8xui32>
    %158 = stablehlo.constant dense<1401181204> : tensor<8xui32>
    %159 = stablehlo.xor %157, %158 : tensor<8xui32>
    %160 = stablehlo.xor %150, %135 : tensor<8xui32>
    %161 = stablehlo.constant dense<534103459> : tensor<8xui32>
    %162 = stablehlo.xor %160, %161 : tensor<8xui32>
    %163 = stablehlo.convert %159 : (tensor<8xui32>) -> tensor<8xui64>
    %164 = stablehlo.multiply %33, %163 : tensor<8xui64>
    %165 = stablehlo.shift_right_logical %164, %36 : tensor<8xui64>
    %166 = stablehlo.convert %165 : (tensor<8xui64>) -> tensor<8xui32>
    %167 = stablehlo.convert %164 : (tensor<8xui64>) -> tensor<8xui32>
    %168 = stablehlo.convert %162 : (tensor<8xui32>) -> tensor<8xui64>
    %169 = stablehlo.multiply %40, %168 : tensor<8xui64>
    %170 = stablehlo.shift_right_logical %169, %36 : tensor<8xui64>
    %171 = stablehlo.convert %170 : (tensor<8xui64>) -> tensor<8xui32>
    %172 = stablehlo.convert %169 : (tensor<8xui64>) -> tensor<8xui32>
    %173 = stablehlo.xor %171, %156 : tensor<8xui32>
    %174 = stablehlo.constant dense<4055616973> : tensor<8xui32>
    %175 = stablehlo.xor %173, %174 : tensor<8xui32>
    %176 = stablehlo.xor %166, %151 : tensor<8xui32>
    %177 = stablehlo.constant dense<3678237736> : tensor<8xui32>
    %178 = stablehlo.xor %176, %177 : tensor<8xui32>
    %179 = stablehlo.convert %175 : (tensor<8xui32>) -> tensor<8xui64>
    %180 = stablehlo.multiply %33, %179 : tensor<8xui64>
    %181 = stablehlo.shift_right_logical %180, %36 : tensor<8xui64>
    %182 = stablehlo.convert %181 : (tensor<8xui64>) -> tensor<8xui32>
    %183 = stablehlo.convert %180 : (tensor<8xui64>) -> tensor<8xui32>
    %184 = stablehlo.convert %178 : (tensor<8xui32>) -> tensor<8xui64>
    %185 = stablehlo.multiply %40, %184 : tensor<8xui64>
    %186 = stablehlo.shift_right_logical %185, %36 : tensor<8xui64>
    %187 = stablehlo.convert %186 : (tensor<8xui64>) -> tensor<8xui32>
    %188 = stablehlo.convert %185 : (tensor<8xui64>) -> tensor<8xui32>
    %189 = stablehlo.xor %187, %172 : tensor<8xui32>
    %190 = stablehlo.constant dense<2415085446> : tensor<8xui32>
    %191 = stablehlo.xor %189, %190 : tensor<8xui32>
    %192 = stablehlo.xor %182, %167 : tensor<8xui32>
    %193 = stablehlo.constant dense<2527404717> : tensor<8xui32>
    %194 = stablehlo.xor %192, %193 : tensor<8xui32>
    %195 = stablehlo.reshape %191 : (tensor<8xui32>) -> tensor<8x1xui32>
    %196 = stablehlo.reshape %188 : (tensor<8xui32>) -> tensor<8x1xui32>
    %197 = stablehlo.reshape %194 : (tensor<8xui32>) -> tensor<8x1xui32>
    %198 = stablehlo.reshape %183 : (tensor<8xui32>) -> tensor<8x1xui32>
    %199 = stablehlo.concatenate %195, %196, %197, %198, dim = 1 : (tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>) -> tensor<8x4xui32>
    %200 = stablehlo.reshape %199 : (tensor<8x4xui32>) -> tensor<32xui32>
    %201 = stablehlo.constant dense<2147483648> : tensor<32xui32>
    %202 = stablehlo.compare GE, %200, %201, UNSIGNED : (tensor<32xui32>, tensor<32xui32>) -> tensor<32xi1>
    %203 = stablehlo.reshape %202 : (tensor<32xi1>) -> tensor<8x4xi1>
    %204 = stablehlo.constant dense<0x40000000> : tensor<8x4xf32>
    %205 = stablehlo.multiply %25, %204 : tensor<8x4xf32>
    %206 = stablehlo.select %203, %205, %24 : tensor<8x4xi1>, tensor<8x4xf32>
    %207 = stablehlo.reshape %arg7 : (tensor<8xf32>) -> tensor<4x2xf32>
    %208 = stablehlo.dot_general %206, %207, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<8x4xf32>, tensor<4x2xf32>) -> tensor<8x2xf32>
    %209 = stablehlo.broadcast_in_dim %arg8, dims = [1] : (tensor<2xf32>) -> tensor<8x2xf32>
    %210 = stablehlo.add %208, %209 : tensor<8x2xf32>
    %211 = stablehlo.constant dense<0x00000000> : tensor<8x2xf32>
    %212 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %213 = stablehlo.reduce(%210 init: %212) applies stablehlo.maximum across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %214 = stablehlo.broadcast_in_dim %213, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %215 = stablehlo.subtract %214, %210 : tensor<8x2xf32>
    %216 = stablehlo.negate %215 : tensor<8x2xf32>
    %217 = stablehlo.exponential %216 : tensor<8x2xf32>
    %218 = stablehlo.constant dense<0x00000000> : tensor<f32>
    %219 = stablehlo.reduce(%217 init: %218) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %220 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %221 = stablehlo.constant dense<0x40000000> : tensor<8xf32>
    %222 = stablehlo.compare LT, %arg3, %221, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %223 = stablehlo.and %220, %222 : tensor<8xi1>
    %224 = stablehlo.constant dense<0xBF800000> : tensor<8xf32>
    %225 = stablehlo.select %223, %arg3, %224 : tensor<8xi1>, tensor<8xf32>
    %226 = stablehlo.convert %225 : (tensor<8xf32>) -> tensor<8xi32>
    %227 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %228 = stablehlo.broadcast_in_dim %226, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %229 = stablehlo.compare EQ, %227, %228, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %230 = stablehlo.select %229, %215, %211 : tensor<8x2xi1>, tensor<8x2xf32>
    %231 = stablehlo.reduce(%230 init: %218) applies stablehlo.add across dimensions = [1] : (tensor<8x2xf32>, tensor<f32>) -> tensor<8xf32>
    %232 = stablehlo.constant dense<0x3F800000> : tensor<8xf32>
    %233 = stablehlo.multiply %231, %232 : tensor<8xf32>
    %234 = stablehlo.constant dense<0x7FC00000> : tensor<8xf32>
    %235 = stablehlo.select %223, %233, %234 : tensor<8xi1>, tensor<8xf32>
    %236 = stablehlo.log %219 : tensor<8xf32>
    %237 = stablehlo.add %236, %235 : tensor<8xf32>
    %238 = stablehlo.compare EQ, %235, %235, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %239 = stablehlo.select %238, %232, %234 : tensor<8xi1>, tensor<8xf32>
    %240 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %241 = stablehlo.reduce(%arg4 init: %218) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %242 = stablehlo.multiply %arg4, %237 : tensor<8xf32>
    %243 = stablehlo.select %240, %242, %17 : tensor<8xi1>, tensor<8xf32>
    %244 = stablehlo.reduce(%243 init: %218) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %245 = stablehlo.compare EQ, %241, %218, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %246 = stablehlo.divide %244, %241 : tensor<f32>
    %247 = stablehlo.select %245, %218, %246 : tensor<i1>, tensor<f32>
    %248 = stablehlo.divide %232, %219 : tensor<8xf32>
    %249 = stablehlo.constant dense<0x3F800000> : tensor<f32>
    %250 = stablehlo.broadcast_in_dim %213, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %251 = stablehlo.subtract %210, %250 : tensor<8x2xf32>
    %252 = stablehlo.exponential %251 : tensor<8x2xf32>
    %253 = stablehlo.broadcast_in_dim %248, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %254 = stablehlo.multiply %252, %253 : tensor<8x2xf32>
    %255 = stablehlo.compare GE, %arg3, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %256 = stablehlo.compare LT, %arg3, %221, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %257 = stablehlo.and %255, %256 : tensor<8xi1>
    %258 = stablehlo.select %257, %arg3, %224 : tensor<8xi1>, tensor<8xf32>
    %259 = stablehlo.convert %258 : (tensor<8xf32>) -> tensor<8xi32>
    %260 = stablehlo.iota dim = 1 : tensor<8x2xi32>
    %261 = stablehlo.broadcast_in_dim %259, dims = [0] : (tensor<8xi32>) -> tensor<8x2xi32>
    %262 = stablehlo.compare EQ, %260, %261, SIGNED : (tensor<8x2xi32>, tensor<8x2xi32>) -> tensor<8x2xi1>
    %263 = stablehlo.constant dense<0x3F800000> : tensor<8x2xf32>
    %264 = stablehlo.select %262, %263, %211 : tensor<8x2xi1>, tensor<8x2xf32>
    %265 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %266 = stablehlo.reshape %241 : (tensor<f32>) -> tensor<1xf32>
    %267 = stablehlo.reshape %266 : (tensor<1xf32>) -> tensor<f32>
    %268 = stablehlo.divide %249, %267 : tensor<f32>
    %269 = stablehlo.broadcast_in_dim %268, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %270 = stablehlo.multiply %arg4, %269 : tensor<8xf32>
    %271 = stablehlo.multiply %270, %239 : tensor<8xf32>
    %272 = stablehlo.broadcast_in_dim %271, dims = [0] : (tensor<8xf32>) -> tensor<8x2xf32>
    %273 = stablehlo.subtract %254, %264 : tensor<8x2xf32>
    %274 = stablehlo.multiply %272, %273 : tensor<8x2xf32>
    %275 = stablehlo.compare NE, %arg4, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %276 = stablehlo.broadcast_in_dim %275, dims = [0] : (tensor<8xi1>) -> tensor<8x2xi1>
    %277 = stablehlo.select %276, %274, %211 : tensor<8x2xi1>, tensor<8x2xf32>
    %278 = stablehlo.dot_general %277, %207, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<8x2xf32>, tensor<4x2xf32>) -> tensor<8x4xf32>
    %279 = stablehlo.dot_general %206, %277, contracting_dims = [0] x [0], precision = [HIGHEST, HIGHEST] : (tensor<8x4xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
    %280 = stablehlo.reduce(%277 init: %218) applies stablehlo.add across dimensions = [0] : (tensor<8x2xf32>, tensor<f32>) -> tensor<2xf32>
    %281 = stablehlo.iota dim = 0 : tensor<8xui32>
    %282 = stablehlo.convert %13 : (tensor<ui64>) -> tensor<ui32>
    %283 = stablehlo.broadcast_in_dim %282, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %284 = stablehlo.shift_right_logical %13, %11 : tensor<ui64>
    %285 = stablehlo.convert %284 : (tensor<ui64>) -> tensor<ui32>
    %286 = stablehlo.broadcast_in_dim %285, dims = [] : (tensor<ui32>) -> tensor<8xui32>
    %287 = stablehlo.convert %281 : (tensor<8xui32>) -> tensor<8xui64>
    %288 = stablehlo.multiply %33, %287 : tensor<8xui64>
    %289 = stablehlo.shift_right_logical %288, %36 : tensor<8xui64>
    %290 = stablehlo.convert %289 : (tensor<8xui64>) -> tensor<8xui32>
    %291 = stablehlo.convert %288 : (tensor<8xui64>) -> tensor<8xui32>
    %292 = stablehlo.convert %283 : (tensor<8xui32>) -> tensor<8xui64>
    %293 = stablehlo.multiply %40, %292 : tensor<8xui64>
    %294 = stablehlo.shift_right_logical %293, %36 : tensor<8xui64>
    %295 = stablehlo.convert %294 : (tensor<8xui64>) -> tensor<8xui32>
    %296 = stablehlo.convert %293 : (tensor<8xui64>) -> tensor<8xui32>
    %297 = stablehlo.xor %295, %27 : tensor<8xui32>
    %298 = stablehlo.xor %297, %47 : tensor<8xui32>
    %299 = stablehlo.xor %290, %286 : tensor<8xui32>
    %300 = stablehlo.xor %299, %27 : tensor<8xui32>
    %301 = stablehlo.convert %298 : (tensor<8xui32>) -> tensor<8xui64>
    %302 = stablehlo.multiply %33, %301 : tensor<8xui64>
    %303 = stablehlo.shift_right_logical %302, %36 : tensor<8xui64>
    %304 = stablehlo.convert %303 : (tensor<8xui64>) -> tensor<8xui32>
    %305 = stablehlo.convert %302 : (tensor<8xui64>) -> tensor<8xui32>
    %306 = stablehlo.convert %300 : (tensor<8xui32>) -> tensor<8xui64>
    %307 = stablehlo.multiply %40, %306 : tensor<8xui64>
    %308 = stablehlo.shift_right_logical %307, %36 : tensor<8xui64>
    %309 = stablehlo.convert %308 : (tensor<8xui64>) -> tensor<8xui32>
    %310 = stablehlo.convert %307 : (tensor<8xui64>) -> tensor<8xui32>
    %311 = stablehlo.xor %309, %296 : tensor<8xui32>
    %312 = stablehlo.xor %311, %62 : tensor<8xui32>
    %313 = stablehlo.xor %304, %291 : tensor<8xui32>
    %314 = stablehlo.xor %313, %65 : tensor<8xui32>
    %315 = stablehlo.convert %312 : (tensor<8xui32>) -> tensor<8xui64>
    %316 = stablehlo.multiply %33, %315 : tensor<8xui64>
    %317 = stablehlo.shift_right_logical %316, %36 : tensor<8xui64>
    %318 = stablehlo.convert %317 : (tensor<8xui64>) -> tensor<8xui32>
    %319 = stablehlo.convert %316 : (tensor<8xui64>) -> tensor<8xui32>
    %320 = stablehlo.convert %314 : (tensor<8xui32>) -> tensor<8xui64>
    %321 = stablehlo.multiply %40, %320 : tensor<8xui64>
    %322 = stablehlo.shift_right_logical %321, %36 : tensor<8xui64>
    %323 = stablehlo.convert %322 : (tensor<8xui64>) -> tensor<8xui32>
    %324 = stablehlo.convert %321 : (tensor<8xui64>) -> tensor<8xui32>
    %325 = stablehlo.xor %323, %310 : tensor<8xui32>
    %326 = stablehlo.xor %325, %78 : tensor<8xui32>
    %327 = stablehlo.xor %318, %305 : tensor<8xui32>
    %328 = stablehlo.xor %327, %81 : tensor<8xui32>
    %329 = stablehlo.convert %326 : (tensor<8xui32>) -> tensor<8xui64>
    %330 = stablehlo.multiply %33, %329 : tensor<8xui64>
    %331 = stablehlo.shift_right_logical %330, %36 : tensor<8xui64>
    %332 = stablehlo.convert %331 : (tensor<8xui64>) -> tensor<8xui32>
    %333 = stablehlo.convert %330 : (tensor<8xui64>) -> tensor<8xui32>
    %334 = stablehlo.convert %328 : (tensor<8xui32>) -> tensor<8xui64>
    %335 = stablehlo.multiply %40, %334 : tensor<8xui64>
    %336 = stablehlo.shift_right_logical %335, %36 : tensor<8xui64>
    %337 = stablehlo.convert %336 : (tensor<8xui64>) -> tensor<8xui32>
    %338 = stablehlo.convert %335 : (tensor<8xui64>) -> tensor<8xui32>
    %339 = stablehlo.xor %337, %324 : tensor<8xui32>
    %340 = stablehlo.xor %339, %94 : tensor<8xui32>
    %341 = stablehlo.xor %332, %319 : tensor<8xui32>
    %342 = stablehlo.xor %341, %97 : tensor<8xui32>
    %343 = stablehlo.convert %340 : (tensor<8xui32>) -> tensor<8xui64>
    %344 = stablehlo.multiply %33, %343 : tensor<8xui64>
    %345 = stablehlo.shift_right_logical %344, %36 : tensor<8xui64>
    %346 = stablehlo.convert %345 : (tensor<8xui64>) -> tensor<8xui32>
    %347 = stablehlo.convert %344 : (tensor<8xui64>) -> tensor<8xui32>
    %348 = stablehlo.convert %342 : (tensor<8xui32>) -> tensor<8xui64>
    %349 = stablehlo.multiply %40, %348 : tensor<8xui64>
    %350 = stablehlo.shift_right_logical %349, %36 : tensor<8xui64>
    %351 = stablehlo.convert %350 : (tensor<8xui64>) -> tensor<8xui32>
    %352 = stablehlo.convert %349 : (tensor<8xui64>) -> tensor<8xui32>
    %353 = stablehlo.xor %351, %338 : tensor<8xui32>
    %354 = stablehlo.xor %353, %110 : tensor<8xui32>
    %355 = stablehlo.xor %346, %333 : tensor<8xui32>
    %356 = stablehlo.xor %355, %113 : tensor<8xui32>
    %357 = stablehlo.convert %354 : (tensor<8xui32>) -> tensor<8xui64>
    %358 = stablehlo.multiply %33, %357 : tensor<8xui64>
    %359 = stablehlo.shift_right_logical %358, %36 : tensor<8xui64>
    %360 = stablehlo.convert %359 : (tensor<8xui64>) -> tensor<8xui32>
    %361 = stablehlo.convert %358 : (tensor<8xui64>) -> tensor<8xui32>
    %362 = stablehlo.convert %356 : (tensor<8xui32>) -> tensor<8xui64>
    %363 = stablehlo.multiply %40, %362 : tensor<8xui64>
    %364 = stablehlo.shift_right_logical %363, %36 : tensor<8xui64>
    %365 = stablehlo.convert %364 : (tensor<8xui64>) -> tensor<8xui32>
    %366 = stablehlo.convert %363 : (tensor<8xui64>) -> tensor<8xui32>
    %367 = stablehlo.xor %365, %352 : tensor<8xui32>
    %368 = stablehlo.xor %367, %126 : tensor<8xui32>
    %369 = stablehlo.xor %360, %347 : tensor<8xui32>
    %370 = stablehlo.xor %369, %129 : tensor<8xui32>
    %371 = stablehlo.convert %368 : (tensor<8xui32>) -> tensor<8xui64>
    %372 = stablehlo.multiply %33, %371 : tensor<8xui64>
    %373 = stablehlo.shift_right_logical %372, %36 : tensor<8xui64>
    %374 = stablehlo.convert %373 : (tensor<8xui64>) -> tensor<8xui32>
    %375 = stablehlo.convert %372 : (tensor<8xui64>) -> tensor<8xui32>
    %376 = stablehlo.convert %370 : (tensor<8xui32>) -> tensor<8xui64>
    %377 = stablehlo.multiply %40, %376 : tensor<8xui64>
    %378 = stablehlo.shift_right_logical %377, %36 : tensor<8xui64>
    %379 = stablehlo.convert %378 : (tensor<8xui64>) -> tensor<8xui32>
    %380 = stablehlo.convert %377 : (tensor<8xui64>) -> tensor<8xui32>
    %381 = stablehlo.xor %379, %366 : tensor<8xui32>
    %382 = stablehlo.xor %381, %142 : tensor<8xui32>
    %383 = stablehlo.xor %374, %361 : tensor<8xui32>
    %384 = stablehlo.xor %383, %145 : tensor<8xui32>
    %385 = stablehlo.convert %382 : (tensor<8xui32>) -> tensor<8xui64>
    %386 = stablehlo.multiply %33, %385 : tensor<8xui64>
    %387 = stablehlo.shift_right_logical %386, %36 : tensor<8xui64>
    %388 = stablehlo.convert %387 : (tensor<8xui64>) -> tensor<8xui32>
    %389 = stablehlo.convert %386 : (tensor<8xui64>) -> tensor<8xui32>
    %390 = stablehlo.convert %384 : (tensor<8xui32>) -> tensor<8xui64>
    %391 = stablehlo.multiply %40, %390 : tensor<8xui64>
    %392 = stablehlo.shift_right_logical %391, %36 : tensor<8xui64>
    %393 = stablehlo.convert %392 : (tensor<8xui64>) -> tensor<8xui32>
    %394 = stablehlo.convert %391 : (tensor<8xui64>) -> tensor<8xui32>
    %395 = stablehlo.xor %393, %380 : tensor<8xui32>
    %396 = stablehlo.xor %395, %158 : tensor<8xui32>
    %397 = stablehlo.xor %388, %375 : tensor<8xui32>
    %398 = stablehlo.xor %397, %161 : tensor<8xui32>
    %399 = stablehlo.convert %396 : (tensor<8xui32>) -> tensor<8xui64>
    %400 = stablehlo.multiply %33, %399 : tensor<8xui64>
    %401 = stablehlo.shift_right_logical %400, %36 : tensor<8xui64>
    %402 = stablehlo.convert %401 : (tensor<8xui64>) -> tensor<8xui32>
    %403 = stablehlo.convert %400 : (tensor<8xui64>) -> tensor<8xui32>
    %404 = stablehlo.convert %398 : (tensor<8xui32>) -> tensor<8xui64>
    %405 = stablehlo.multiply %40, %404 : tensor<8xui64>
    %406 = stablehlo.shift_right_logical %405, %36 : tensor<8xui64>
    %407 = stablehlo.convert %406 : (tensor<8xui64>) -> tensor<8xui32>
    %408 = stablehlo.convert %405 : (tensor<8xui64>) -> tensor<8xui32>
    %409 = stablehlo.xor %407, %394 : tensor<8xui32>
    %410 = stablehlo.xor %409, %174 : tensor<8xui32>
    %411 = stablehlo.xor %402, %389 : tensor<8xui32>
    %412 = stablehlo.xor %411, %177 : tensor<8xui32>
    %413 = stablehlo.convert %410 : (tensor<8xui32>) -> tensor<8xui64>
    %414 = stablehlo.multiply %33, %413 : tensor<8xui64>
    %415 = stablehlo.shift_right_logical %414, %36 : tensor<8xui64>
    %416 = stablehlo.convert %415 : (tensor<8xui64>) -> tensor<8xui32>
    %417 = stablehlo.convert %414 : (tensor<8xui64>) -> tensor<8xui32>
    %418 = stablehlo.convert %412 : (tensor<8xui32>) -> tensor<8xui64>
    %419 = stablehlo.multiply %40, %418 : tensor<8xui64>
    %420 = stablehlo.shift_right_logical %419, %36 : tensor<8xui64>
    %421 = stablehlo.convert %420 : (tensor<8xui64>) -> tensor<8xui32>
    %422 = stablehlo.convert %419 : (tensor<8xui64>) -> tensor<8xui32>
    %423 = stablehlo.xor %421, %408 : tensor<8xui32>
    %424 = stablehlo.xor %423, %190 : tensor<8xui32>
    %425 = stablehlo.xor %416, %403 : tensor<8xui32>
    %426 = stablehlo.xor %425, %193 : tensor<8xui32>
    %427 = stablehlo.reshape %424 : (tensor<8xui32>) -> tensor<8x1xui32>
    %428 = stablehlo.reshape %422 : (tensor<8xui32>) -> tensor<8x1xui32>
    %429 = stablehlo.reshape %426 : (tensor<8xui32>) -> tensor<8x1xui32>
    %430 = stablehlo.reshape %417 : (tensor<8xui32>) -> tensor<8x1xui32>
    %431 = stablehlo.concatenate %427, %428, %429, %430, dim = 1 : (tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>, tensor<8x1xui32>) -> tensor<8x4xui32>
    %432 = stablehlo.reshape %431 : (tensor<8x4xui32>) -> tensor<32xui32>
    %433 = stablehlo.compare GE, %432, %201, UNSIGNED : (tensor<32xui32>, tensor<32xui32>) -> tensor<32xi1>
    %434 = stablehlo.reshape %433 : (tensor<32xi1>) -> tensor<8x4xi1>
    %435 = stablehlo.multiply %278, %204 : tensor<8x4xf32>
    %436 = stablehlo.select %434, %435, %24 : tensor<8x4xi1>, tensor<8x4xf32>
    %437 = stablehlo.constant dense<0x3F800000> : tensor<8x4xf32>
    %438 = stablehlo.compare GT, %25, %24, FLOAT : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xi1>
    %439 = stablehlo.select %438, %437, %24 : tensor<8x4xi1>, tensor<8x4xf32>
    %440 = stablehlo.multiply %436, %439 : tensor<8x4xf32>
    %441 = stablehlo.dot_general %19, %440, contracting_dims = [0] x [0], precision = [HIGHEST, HIGHEST] : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
    %442 = stablehlo.reduce(%440 init: %218) applies stablehlo.add across dimensions = [0] : (tensor<8x4xf32>, tensor<f32>) -> tensor<4xf32>
    %443 = stablehlo.reshape %441 : (tensor<3x4xf32>) -> tensor<12xf32>
    %444 = stablehlo.reshape %279 : (tensor<4x2xf32>) -> tensor<8xf32>
    %445 = stablehlo.slice %1 [0:1] : (tensor<11xui32>) -> tensor<1xui32>
    %446 = stablehlo.reshape %445 : (tensor<1xui32>) -> tensor<ui32>
    %447 = stablehlo.convert %446 : (tensor<ui32>) -> tensor<ui64>
    %448 = stablehlo.slice %1 [1:2] : (tensor<11xui32>) -> tensor<1xui32>
    %449 = stablehlo.reshape %448 : (tensor<1xui32>) -> tensor<ui32>
    %450 = stablehlo.convert %449 : (tensor<ui32>) -> tensor<ui64>
    %451 = stablehlo.shift_left %450, %11 : tensor<ui64>
    %452 = stablehlo.or %447, %451 : tensor<ui64>
    %453 = stablehlo.slice %1 [3:11] : (tensor<11xui32>) -> tensor<8xui32>
    %454 = stablehlo.bitcast_convert %453 : (tensor<8xui32>) -> tensor<8xf32>
    %455 = stablehlo.reshape %443 : (tensor<12xf32>) -> tensor<1x12xf32>
    %456 = stablehlo.reshape %442 : (tensor<4xf32>) -> tensor<1x4xf32>
    %457 = stablehlo.reshape %444 : (tensor<8xf32>) -> tensor<1x8xf32>
    %458 = stablehlo.reshape %280 : (tensor<2xf32>) -> tensor<1x2xf32>
    %459 = stablehlo.pad %456, %218, low = [0, 0], high = [0, 8], interior = [0, 0] : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x12xf32>
    %460 = stablehlo.pad %457, %218, low = [0, 0], high = [0, 4], interior = [0, 0] : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x12xf32>
    %461 = stablehlo.pad %458, %218, low = [0, 0], high = [0, 10], interior = [0, 0] : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x12xf32>
    %462 = stablehlo.concatenate %455, %459, %460, %461, dim = 0 : (tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>, tensor<1x12xf32>) -> tensor<4x12xf32>
    %463 = stablehlo.multiply %462, %462 : tensor<4x12xf32>
    %464 = stablehlo.reduce(%463 init: %218) applies stablehlo.add across dimensions = [1] : (tensor<4x12xf32>, tensor<f32>) -> tensor<4xf32>
    %465 = stablehlo.slice %464 [0:1] : (tensor<4xf32>) -> tensor<1xf32>
    %466 = stablehlo.reshape %465 : (tensor<1xf32>) -> tensor<f32>
    %467 = stablehlo.slice %464 [1:2] : (tensor<4xf32>) -> tensor<1xf32>
    %468 = stablehlo.reshape %467 : (tensor<1xf32>) -> tensor<f32>
    %469 = stablehlo.add %466, %468 : tensor<f32>
    %470 = stablehlo.slice %464 [2:3] : (tensor<4xf32>) -> tensor<1xf32>
    %471 = stablehlo.reshape %470 : (tensor<1xf32>) -> tensor<f32>
    %472 = stablehlo.add %469, %471 : tensor<f32>
    %473 = stablehlo.slice %464 [3:4] : (tensor<4xf32>) -> tensor<1xf32>
    %474 = stablehlo.reshape %473 : (tensor<1xf32>) -> tensor<f32>
    %475 = stablehlo.add %472, %474 : tensor<f32>
    %476 = stablehlo.sqrt %475 : tensor<f32>
    %477 = stablehlo.slice %454 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %478 = stablehlo.reshape %477 : (tensor<1xf32>) -> tensor<f32>
    %479 = stablehlo.multiply %476, %478 : tensor<f32>
    %480 = stablehlo.constant dense<0x358637BD> : tensor<f32>
    %481 = stablehlo.add %479, %480 : tensor<f32>
    %482 = stablehlo.divide %249, %481 : tensor<f32>
    %483 = stablehlo.compare GE, %482, %249, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %484 = stablehlo.select %483, %249, %482 : tensor<i1>, tensor<f32>
    %485 = stablehlo.reshape %479 : (tensor<f32>) -> tensor<1xf32>
    %486 = stablehlo.reshape %484 : (tensor<f32>) -> tensor<1xf32>
    %487 = stablehlo.concatenate %485, %486, dim = 0 : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
    %488 = stablehlo.slice %454 [5:6] : (tensor<8xf32>) -> tensor<1xf32>
    %489 = stablehlo.reshape %488 : (tensor<1xf32>) -> tensor<f32>
    %490 = stablehlo.slice %454 [6:7] : (tensor<8xf32>) -> tensor<1xf32>
    %491 = stablehlo.reshape %490 : (tensor<1xf32>) -> tensor<f32>
    %492 = stablehlo.slice %454 [0:1] : (tensor<8xf32>) -> tensor<1xf32>
    %493 = stablehlo.reshape %492 : (tensor<1xf32>) -> tensor<f32>
    %494 = stablehlo.slice %454 [1:2] : (tensor<8xf32>) -> tensor<1xf32>
    %495 = stablehlo.reshape %494 : (tensor<1xf32>) -> tensor<f32>
    %496 = stablehlo.slice %487 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %497 = stablehlo.reshape %496 : (tensor<1xf32>) -> tensor<f32>
    %498 = stablehlo.multiply %489, %497 : tensor<f32>
    %499 = stablehlo.slice %454 [4:5] : (tensor<8xf32>) -> tensor<1xf32>
    %500 = stablehlo.reshape %499 : (tensor<1xf32>) -> tensor<f32>
    %501 = stablehlo.slice %454 [3:4] : (tensor<8xf32>) -> tensor<1xf32>
    %502 = stablehlo.reshape %501 : (tensor<1xf32>) -> tensor<f32>
    %503 = stablehlo.slice %454 [2:3] : (tensor<8xf32>) -> tensor<1xf32>
    %504 = stablehlo.reshape %503 : (tensor<1xf32>) -> tensor<f32>
    %505 = stablehlo.broadcast_in_dim %498, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %506 = stablehlo.multiply %443, %505 : tensor<12xf32>
    %507 = stablehlo.compare GT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %508 = stablehlo.constant dense<0x3F800000> : tensor<12xf32>
    %509 = stablehlo.compare LT, %arg5, %15, FLOAT : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xi1>
    %510 = stablehlo.constant dense<0xBF800000> : tensor<12xf32>
    %511 = stablehlo.select %509, %510, %15 : tensor<12xi1>, tensor<12xf32>
    %512 = stablehlo.select %507, %508, %511 : tensor<12xi1>, tensor<12xf32>
    %513 = stablehlo.broadcast_in_dim %500, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %514 = stablehlo.multiply %512, %513 : tensor<12xf32>
    %515 = stablehlo.add %506, %514 : tensor<12xf32>
    %516 = stablehlo.broadcast_in_dim %491, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %517 = stablehlo.minimum %515, %516 : tensor<12xf32>
    %518 = stablehlo.negate %516 : tensor<12xf32>
    %519 = stablehlo.maximum %517, %518 : tensor<12xf32>
    %520 = stablehlo.broadcast_in_dim %502, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %521 = stablehlo.multiply %arg5, %520 : tensor<12xf32>
    %522 = stablehlo.add %519, %521 : tensor<12xf32>
    %523 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %524 = stablehlo.multiply %arg5, %523 : tensor<12xf32>
    %525 = stablehlo.subtract %arg5, %524 : tensor<12xf32>
    %526 = stablehlo.constant dense<0x3DCCCCCD> : tensor<12xf32>
    %527 = stablehlo.multiply %522, %526 : tensor<12xf32>
    %528 = stablehlo.constant dense<0x3F666666> : tensor<12xf32>
    %529 = stablehlo.multiply %arg9, %528 : tensor<12xf32>
    %530 = stablehlo.add %529, %527 : tensor<12xf32>
    %531 = stablehlo.constant dense<0x3A83126F> : tensor<12xf32>
    %532 = stablehlo.multiply %522, %531 : tensor<12xf32>
    %533 = stablehlo.multiply %532, %522 : tensor<12xf32>
    %534 = stablehlo.constant dense<0x3F7FBE77> : tensor<12xf32>
    %535 = stablehlo.multiply %arg13, %534 : tensor<12xf32>
    %536 = stablehlo.add %535, %533 : tensor<12xf32>
    %537 = stablehlo.broadcast_in_dim %493, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %538 = stablehlo.multiply %530, %537 : tensor<12xf32>
    %539 = stablehlo.sqrt %536 : tensor<12xf32>
    %540 = stablehlo.broadcast_in_dim %495, dims = [] : (tensor<f32>) -> tensor<12xf32>
    %541 = stablehlo.multiply %539, %540 : tensor<12xf32>
    %542 = stablehlo.constant dense<0x322BCC77> : tensor<12xf32>
    %543 = stablehlo.add %541, %542 : tensor<12xf32>
    %544 = stablehlo.divide %538, %543 : tensor<12xf32>
    %545 = stablehlo.subtract %525, %544 : tensor<12xf32>
    %546 = stablehlo.broadcast_in_dim %498, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %547 = stablehlo.multiply %442, %546 : tensor<4xf32>
    %548 = stablehlo.compare GT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %549 = stablehlo.constant dense<0x3F800000> : tensor<4xf32>
    %550 = stablehlo.compare LT, %arg6, %16, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %551 = stablehlo.constant dense<0xBF800000> : tensor<4xf32>
    %552 = stablehlo.select %550, %551, %16 : tensor<4xi1>, tensor<4xf32>
    %553 = stablehlo.select %548, %549, %552 : tensor<4xi1>, tensor<4xf32>
    %554 = stablehlo.broadcast_in_dim %500, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %555 = stablehlo.multiply %553, %554 : tensor<4xf32>
    %556 = stablehlo.add %547, %555 : tensor<4xf32>
    %557 = stablehlo.broadcast_in_dim %491, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %558 = stablehlo.minimum %556, %557 : tensor<4xf32>
    %559 = stablehlo.negate %557 : tensor<4xf32>
    %560 = stablehlo.maximum %558, %559 : tensor<4xf32>
    %561 = stablehlo.broadcast_in_dim %502, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %562 = stablehlo.multiply %arg6, %561 : tensor<4xf32>
    %563 = stablehlo.add %560, %562 : tensor<4xf32>
    %564 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %565 = stablehlo.multiply %arg6, %564 : tensor<4xf32>
    %566 = stablehlo.subtract %arg6, %565 : tensor<4xf32>
    %567 = stablehlo.constant dense<0x3DCCCCCD> : tensor<4xf32>
    %568 = stablehlo.multiply %563, %567 : tensor<4xf32>
    %569 = stablehlo.constant dense<0x3F666666> : tensor<4xf32>
    %570 = stablehlo.multiply %arg10, %569 : tensor<4xf32>
    %571 = stablehlo.add %570, %568 : tensor<4xf32>
    %572 = stablehlo.constant dense<0x3A83126F> : tensor<4xf32>
    %573 = stablehlo.multiply %563, %572 : tensor<4xf32>
    %574 = stablehlo.multiply %573, %563 : tensor<4xf32>
    %575 = stablehlo.constant dense<0x3F7FBE77> : tensor<4xf32>
    %576 = stablehlo.multiply %arg14, %575 : tensor<4xf32>
    %577 = stablehlo.add %576, %574 : tensor<4xf32>
    %578 = stablehlo.broadcast_in_dim %493, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %579 = stablehlo.multiply %571, %578 : tensor<4xf32>
    %580 = stablehlo.sqrt %577 : tensor<4xf32>
    %581 = stablehlo.broadcast_in_dim %495, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %582 = stablehlo.multiply %580, %581 : tensor<4xf32>
    %583 = stablehlo.constant dense<0x322BCC77> : tensor<4xf32>
    %584 = stablehlo.add %582, %583 : tensor<4xf32>
    %585 = stablehlo.divide %579, %584 : tensor<4xf32>
    %586 = stablehlo.subtract %566, %585 : tensor<4xf32>
    %587 = stablehlo.broadcast_in_dim %498, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %588 = stablehlo.multiply %444, %587 : tensor<8xf32>
    %589 = stablehlo.compare GT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %590 = stablehlo.compare LT, %arg7, %17, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %591 = stablehlo.select %590, %224, %17 : tensor<8xi1>, tensor<8xf32>
    %592 = stablehlo.select %589, %232, %591 : tensor<8xi1>, tensor<8xf32>
    %593 = stablehlo.broadcast_in_dim %500, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %594 = stablehlo.multiply %592, %593 : tensor<8xf32>
    %595 = stablehlo.add %588, %594 : tensor<8xf32>
    %596 = stablehlo.broadcast_in_dim %491, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %597 = stablehlo.minimum %595, %596 : tensor<8xf32>
    %598 = stablehlo.negate %596 : tensor<8xf32>
    %599 = stablehlo.maximum %597, %598 : tensor<8xf32>
    %600 = stablehlo.broadcast_in_dim %502, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %601 = stablehlo.multiply %arg7, %600 : tensor<8xf32>
    %602 = stablehlo.add %599, %601 : tensor<8xf32>
    %603 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %604 = stablehlo.multiply %arg7, %603 : tensor<8xf32>
    %605 = stablehlo.subtract %arg7, %604 : tensor<8xf32>
    %606 = stablehlo.constant dense<0x3DCCCCCD> : tensor<8xf32>
    %607 = stablehlo.multiply %602, %606 : tensor<8xf32>
    %608 = stablehlo.constant dense<0x3F666666> : tensor<8xf32>
    %609 = stablehlo.multiply %arg11, %608 : tensor<8xf32>
    %610 = stablehlo.add %609, %607 : tensor<8xf32>
    %611 = stablehlo.constant dense<0x3A83126F> : tensor<8xf32>
    %612 = stablehlo.multiply %602, %611 : tensor<8xf32>
    %613 = stablehlo.multiply %612, %602 : tensor<8xf32>
    %614 = stablehlo.constant dense<0x3F7FBE77> : tensor<8xf32>
    %615 = stablehlo.multiply %arg15, %614 : tensor<8xf32>
    %616 = stablehlo.add %615, %613 : tensor<8xf32>
    %617 = stablehlo.broadcast_in_dim %493, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %618 = stablehlo.multiply %610, %617 : tensor<8xf32>
    %619 = stablehlo.sqrt %616 : tensor<8xf32>
    %620 = stablehlo.broadcast_in_dim %495, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %621 = stablehlo.multiply %619, %620 : tensor<8xf32>
    %622 = stablehlo.constant dense<0x322BCC77> : tensor<8xf32>
    %623 = stablehlo.add %621, %622 : tensor<8xf32>
    %624 = stablehlo.divide %618, %623 : tensor<8xf32>
    %625 = stablehlo.subtract %605, %624 : tensor<8xf32>
    %626 = stablehlo.broadcast_in_dim %498, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %627 = stablehlo.multiply %280, %626 : tensor<2xf32>
    %628 = stablehlo.compare GT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %629 = stablehlo.constant dense<0x3F800000> : tensor<2xf32>
    %630 = stablehlo.compare LT, %arg8, %18, FLOAT : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %631 = stablehlo.constant dense<0xBF800000> : tensor<2xf32>
    %632 = stablehlo.select %630, %631, %18 : tensor<2xi1>, tensor<2xf32>
    %633 = stablehlo.select %628, %629, %632 : tensor<2xi1>, tensor<2xf32>
    %634 = stablehlo.broadcast_in_dim %500, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %635 = stablehlo.multiply %633, %634 : tensor<2xf32>
    %636 = stablehlo.add %627, %635 : tensor<2xf32>
    %637 = stablehlo.broadcast_in_dim %491, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %638 = stablehlo.minimum %636, %637 : tensor<2xf32>
    %639 = stablehlo.negate %637 : tensor<2xf32>
    %640 = stablehlo.maximum %638, %639 : tensor<2xf32>
    %641 = stablehlo.broadcast_in_dim %502, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %642 = stablehlo.multiply %arg8, %641 : tensor<2xf32>
    %643 = stablehlo.add %640, %642 : tensor<2xf32>
    %644 = stablehlo.broadcast_in_dim %504, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %645 = stablehlo.multiply %arg8, %644 : tensor<2xf32>
    %646 = stablehlo.subtract %arg8, %645 : tensor<2xf32>
    %647 = stablehlo.constant dense<0x3DCCCCCD> : tensor<2xf32>
    %648 = stablehlo.multiply %643, %647 : tensor<2xf32>
    %649 = stablehlo.constant dense<0x3F666666> : tensor<2xf32>
    %650 = stablehlo.multiply %arg12, %649 : tensor<2xf32>
    %651 = stablehlo.add %650, %648 : tensor<2xf32>
    %652 = stablehlo.constant dense<0x3A83126F> : tensor<2xf32>
    %653 = stablehlo.multiply %643, %652 : tensor<2xf32>
    %654 = stablehlo.multiply %653, %643 : tensor<2xf32>
    %655 = stablehlo.constant dense<0x3F7FBE77> : tensor<2xf32>
    %656 = stablehlo.multiply %arg16, %655 : tensor<2xf32>
    %657 = stablehlo.add %656, %654 : tensor<2xf32>
    %658 = stablehlo.broadcast_in_dim %493, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %659 = stablehlo.multiply %651, %658 : tensor<2xf32>
    %660 = stablehlo.sqrt %657 : tensor<2xf32>
    %661 = stablehlo.broadcast_in_dim %495, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %662 = stablehlo.multiply %660, %661 : tensor<2xf32>
    %663 = stablehlo.constant dense<0x322BCC77> : tensor<2xf32>
    %664 = stablehlo.add %662, %663 : tensor<2xf32>
    %665 = stablehlo.divide %659, %664 : tensor<2xf32>
    %666 = stablehlo.subtract %646, %665 : tensor<2xf32>
    %667 = stablehlo.reshape %arg1 : (tensor<1xf32>) -> tensor<f32>
    %668 = stablehlo.compare EQ, %667, %218, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %669 = stablehlo.is_finite %247 : (tensor<f32>) -> tensor<i1>
    %670 = stablehlo.and %668, %669 : tensor<i1>
    %671 = stablehlo.constant dense<0x3F800000> : tensor<1xf32>
    %672 = stablehlo.select %670, %arg1, %671 : tensor<i1>, tensor<1xf32>
    %673 = stablehlo.select %670, %545, %arg5 : tensor<i1>, tensor<12xf32>
    %674 = stablehlo.select %670, %586, %arg6 : tensor<i1>, tensor<4xf32>
    %675 = stablehlo.select %670, %625, %arg7 : tensor<i1>, tensor<8xf32>
    %676 = stablehlo.select %670, %666, %arg8 : tensor<i1>, tensor<2xf32>
    %677 = stablehlo.select %670, %530, %arg9 : tensor<i1>, tensor<12xf32>
    %678 = stablehlo.select %670, %571, %arg10 : tensor<i1>, tensor<4xf32>
    %679 = stablehlo.select %670, %610, %arg11 : tensor<i1>, tensor<8xf32>
    %680 = stablehlo.select %670, %651, %arg12 : tensor<i1>, tensor<2xf32>
    %681 = stablehlo.select %670, %536, %arg13 : tensor<i1>, tensor<12xf32>
    %682 = stablehlo.select %670, %577, %arg14 : tensor<i1>, tensor<4xf32>
    %683 = stablehlo.select %670, %616, %arg15 : tensor<i1>, tensor<8xf32>
    %684 = stablehlo.select %670, %657, %arg16 : tensor<i1>, tensor<2xf32>
    %685 = stablehlo.reshape %247 : (tensor<f32>) -> tensor<1xf32>
    %686 = stablehlo.concatenate %685, %487, dim = 0 : (tensor<1xf32>, tensor<2xf32>) -> tensor<3xf32>
    %687 = stablehlo.reshape %686 : (tensor<3xf32>) -> tensor<1x3xf32>
    return %672, %673, %674, %675, %676, %677, %678, %679, %680, %681, %682, %683, %684, %687 : tensor<1xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<12xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2xf32>, tensor<1x3xf32>
  }
}
