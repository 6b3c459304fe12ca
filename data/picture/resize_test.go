package picture

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What Pillow makes of pictures, to the bit: testdata/pillow.py.
func TestPillow(t *testing.T) {
	data, err := os.ReadFile("testdata/pillow.json")
	if err != nil {
		t.Fatal(err)
	}
	var pillow struct {
		Resize []struct {
			From, To []int
			Levels   []int
			Floats   []float32
			Bilinear []int
			Nearest  []int
			// Sums in float64, which Pillow may fuse with products.
			BilinearFloats []float32 `json:"bilinear_floats"`
		}
		Colors, Gray []int
		Middles      [][3]int
	}
	if err := json.Unmarshal(data, &pillow); err != nil {
		t.Fatal(err)
	}
	for _, c := range pillow.Resize {
		for _, nearest := range []bool{false, true} {
			r := NewResize(c.From[0], c.From[1], c.To[0], c.To[1], nearest)
			want := c.Bilinear
			if nearest {
				want = c.Nearest
			}
			if got := r.Bytes(nil, bytesOf(c.Levels)); !slices.Equal(got, bytesOf(want)) {
				t.Errorf("%v to %v, nearest %v: %v, want %v", c.From, c.To, nearest, got, want)
			}
			if got := r.Floats(nil, c.Floats); !nearest && !slices.EqualFunc(got, c.BilinearFloats, close32) {
				t.Errorf("%v to %v of float32: %v, want %v", c.From, c.To, got, c.BilinearFloats)
			}
		}
	}
	if got := Grays(nil, bytesOf(pillow.Colors), 3, 64); !slices.Equal(got, bytesOf(pillow.Gray)) {
		t.Errorf("gray %v, want %v", got, pillow.Gray)
	}
	for _, m := range pillow.Middles {
		if got := Middle(m[0], 1, m[1], 1).Top; got != m[2] {
			t.Errorf("%d in the middle of %d begins at %d, want %d", m[1], m[0], got, m[2])
		}
	}
}

func bytesOf(list []int) []uint8 {
	out := make([]uint8, len(list))
	for i, v := range list {
		out[i] = uint8(v)
	}
	return out
}

func close32(a, b float32) bool { return max(a-b, b-a) <= 1e-6*max(1, a, -a) }

// Levels that are all the same stay so at any size; many planes are those that each
// of them becomes; the same size changes nothing.
func TestResize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := func(name string) int { return rapid.IntRange(1, 40).Draw(t, name) }
		h, w, toH, toW := side("height"), side("width"), side("to height"), side("to width")
		nearest := rapid.Bool().Draw(t, "nearest")
		r := NewResize(h, w, toH, toW, nearest)
		level := rapid.Uint8().Draw(t, "level")
		if got := r.Bytes(nil, slices.Repeat([]uint8{level}, h*w)); len(got) != toH*toW || slices.Max(got) != level || slices.Min(got) != level {
			t.Fatalf("%d became %v", level, got)
		}
		in := planes(rapid.Uint64().Draw(t, "seed"), 3*h*w)
		all := r.Bytes(nil, in)
		for c := range 3 {
			if one := NewResize(h, w, toH, toW, nearest).Bytes(nil, in[c*h*w:(c+1)*h*w]); !slices.Equal(one, all[c*toH*toW:(c+1)*toH*toW]) {
				t.Fatalf("plane %d is %v alone", c, one)
			}
		}
		if same := NewResize(h, w, h, w, nearest).Bytes(nil, in); !slices.Equal(same, in) {
			t.Fatalf("the same size gives %v of %v", same, in)
		}
		f := NewResize(h, w, toH, toW, nearest).Floats(nil, floatsOf(in))
		for i, v := range f {
			if d := float64(v)*255 - float64(all[i]); d > 1.01 || d < -1.01 { // rounded twice
				t.Fatalf("level %d is %v as a number and %d as a byte", i, v*255, all[i])
			}
		}
	})
}

// What is larger than the picture has all of it in the middle.
func TestMiddleAround(t *testing.T) {
	for more := range 12 {
		for size := 1; size < 5; size++ {
			f := Middle(size, size, size+more, size)
			if before, behind := -f.Top, f.Top+f.Height-size; before < 0 || behind-before < 0 || behind-before > 1 {
				t.Errorf("%d more than %d are %d before and %d behind", more, size, before, behind)
			}
		}
	}
}

func TestFramed(t *testing.T) {
	in := []uint8{1, 2, 3, 4, 5, 6} // 2 x 3
	for _, c := range []struct {
		f    Frame
		b    Border
		want []uint8
	}{
		{Frame{0, 0, 2, 3}, Zero, in},
		{Frame{1, 1, 1, 2}, Zero, []uint8{5, 6}},
		{Frame{-1, -1, 3, 3}, Zero, []uint8{9, 9, 9, 9, 1, 2, 9, 4, 5}},
		{Frame{-1, -1, 2, 2}, Edge, []uint8{1, 1, 1, 1}},
		{Frame{0, 1, 1, 5}, Mirror, []uint8{2, 3, 3, 2, 1}},
	} {
		if got := Framed(nil, in, 2, 3, c.f, c.b, 9); !slices.Equal(got, c.want) {
			t.Errorf("%+v %s: %v, want %v", c.f, c.b, got, c.want)
		}
	}
}
