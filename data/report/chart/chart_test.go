package chart

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the expected pictures")

// pictures are small charts that together use every mark.
func pictures() map[string]string {
	sine := Line{Name: "model", Class: "c1"}
	for i := range 41 {
		x := float64(i) / 4
		sine.X, sine.Y = append(sine.X, x), append(sine.Y, math.Sin(x))
	}
	fit := Plot{
		Label: "A model inside and outside of its training range.",
		X:     Axis{Title: "x"}, Y: Axis{Title: "y"},
		Marks: []Mark{
			Span{Name: "training range", From: 2, To: 8},
			sine,
			Dots{Name: "data <&>", Class: "c2", X: []float64{0, 5, math.NaN(), 10}, Y: []float64{.5, -1, 0, math.Inf(1)}, Tips: []string{"x 0", `"quoted"`}},
			Rule{At: 8, Note: "end"},
			Rule{At: 0, Note: "zero", Horizontal: true},
		},
	}
	curves := Plot{
		Label: "Loss over epochs.",
		X:     Axis{Title: "epoch", Whole: true, Tight: true}, Y: Axis{Title: "loss", Log: true},
		Marks: []Mark{
			Line{Name: "train", Class: "c1", X: []float64{1, 2, 3, 4}, Y: []float64{2.3, .4, .03, .001}},
			Line{Name: "validation", Class: "c2", Dash: true, X: []float64{1, 2, 3, 4}, Y: []float64{2.4, math.NaN(), .2, .3}},
		},
	}
	bars := Plot{
		Label: "A histogram.",
		X:     Axis{Min: 0, Max: 1, Percent: true}, Y: Axis{Title: "rows", Zero: true, Whole: true},
		Marks: []Mark{
			Bars{Class: "c3", Low: []float64{0, .5}, High: []float64{.5, 1}, Y: []float64{3, 12000}, Tips: []string{"3 rows"}},
			Line{Class: "guide", Step: true, X: []float64{0, .5, 1}, Y: []float64{1, 2, 3}},
		},
	}
	empty := Plot{Label: "Nothing."}
	matrix := Matrix{
		Label: "Confusion.", RowTitle: "actual", ColTitle: "predicted",
		Rows: []string{"yes", "no"}, Cols: []string{"yes", "a very long name of a class"},
		Shade: []Numbers{{.9, .1}, {0, 1}}, Text: [][]string{{"9", "1"}, {"0", "5"}},
		Tips: [][]string{{"9 of yes", ""}, {"", "<b>"}},
	}
	return map[string]string{
		"fit": fit.SVG(), "curves": curves.SVG(), "bars": bars.SVG(), "empty": empty.SVG(),
		"matrix": matrix.SVG(), "gauge": (&Gauge{Label: "0.9 (0.8 to 0.95)", Value: .9, Low: .8, High: .95, Mark: .5, To: 1}).SVG(),
	}
}

func TestPictures(t *testing.T) {
	for name, got := range pictures() {
		got += "\n"
		path := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := func(s string) []string { return strings.SplitAfter(s, ">") }
		if diff := cmp.Diff(lines(string(want)), lines(got)); diff != "" {
			t.Errorf("%s differs (go test -update rewrites it):\n%s", path, diff)
		}
		if err := wellFormed(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func wellFormed(s string) error {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestAnyValues: whatever the numbers and names are, the picture is XML and
// every coordinate lies in it.
func TestAnyValues(t *testing.T) {
	number := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{
		0, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64}))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(t, "n")
		xs, ys := rapid.SliceOfN(number, n, n).Draw(t, "x"), rapid.SliceOfN(number, n, n).Draw(t, "y")
		name := rapid.String().Draw(t, "name")
		axis := func(label string) Axis {
			return Axis{Title: name, Log: rapid.Bool().Draw(t, label), Zero: rapid.Bool().Draw(t, label),
				Tight: rapid.Bool().Draw(t, label), Whole: rapid.Bool().Draw(t, label), Percent: rapid.Bool().Draw(t, label)}
		}
		p := Plot{Label: name, X: axis("x axis"), Y: axis("y axis"), Marks: []Mark{
			Span{Name: name, From: 0, To: 1},
			Line{Name: name, Class: name, X: xs, Y: ys},
			Dots{Name: name, X: xs, Y: ys},
			Rule{Note: name, At: 1},
		}}
		svg := p.SVG()
		if err := wellFormed(svg); err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
		if strings.Contains(svg, `="NaN"`) || strings.Contains(svg, `Inf"`) || strings.Contains(svg, "Inf<") {
			t.Fatalf("a coordinate is no number:\n%s", svg)
		}
		if len(svg) > 40_000+50*len(name) {
			t.Fatalf("%d bytes for %d points", len(svg), n)
		}
	})
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis Axis
		want string
	}{
		{Axis{Min: 0, Max: 1}, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{Axis{Min: 0, Max: 1, Percent: true}, "0% 20% 40% 60% 80% 100%"},
		{Axis{Min: -1, Max: 1}, "−1.0 −0.5 0.0 0.5 1.0"},
		{Axis{Min: 1, Max: 3, Whole: true}, "1 2 3"},
		{Axis{Min: 0, Max: 50_000}, "0 10\u2009000 20\u2009000 30\u2009000 40\u2009000 50\u2009000"},
		{Axis{Min: 0, Max: 5e-7}, "0 10⁻⁷ 2×10⁻⁷ 3×10⁻⁷ 4×10⁻⁷ 5×10⁻⁷"},
		{Axis{Min: .001, Max: 10, Log: true}, "0.001 0.01 0.1 1 10"},
		{Axis{Min: 1, Max: 20, Log: true}, "1 2 5 10 20"},
		{Axis{Min: .45, Max: .9, Log: true}, "0.6 0.8"},
		{Axis{Min: .21, Max: .22, Log: true}, "0.20 0.25"},
	} {
		s := c.axis.scale(newExtent(), 6)
		if got := strings.Join(s.labels, " "); got != c.want {
			t.Errorf("%+v: %s, want %s", c.axis, got, c.want)
		}
	}
}

func TestLogTicksOfAnyRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := math.Pow(10, rapid.Float64Range(-300, 300).Draw(t, "low"))
		hi := lo * rapid.OneOf(rapid.Float64Range(1, 10), rapid.Float64Range(1, 1e6)).Draw(t, "ratio")
		s := logScale(lo, hi)
		if len(s.ticks) < 2 || len(s.ticks) > 12 || len(s.labels) != len(s.ticks) {
			t.Fatalf("%d ticks of [%v, %v]: %v", len(s.ticks), lo, hi, s.labels)
		}
	})
}

// Labels of a share do not reach beyond the edge: a percent sign is wide.
func TestRoomForPercent(t *testing.T) {
	left := func(percent bool) float64 {
		p := Plot{Y: Axis{Min: 0, Max: 100, Percent: percent}, Marks: []Mark{Line{X: []float64{0, 1}, Y: []float64{0, 1}}}}
		return p.frame().left
	}
	if room := left(true) - edge; room < charWidth*float64(len("10 000"))+2*charWidth {
		t.Errorf("10 000%% has %v pixels", room)
	}
}

func TestTicksCoverAnyRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e9, 1e9).Draw(t, "low")
		hi := lo + rapid.Float64Range(1e-3, 1e9).Draw(t, "width")
		e := newExtent()
		e.add(lo, hi)
		s := (&Axis{}).scale(e, 6)
		if rounding := 1e-12 * max(math.Abs(lo), math.Abs(hi)); s.lo > lo+rounding || s.hi < hi-rounding {
			t.Fatalf("axis [%v, %v] does not hold [%v, %v]", s.lo, s.hi, lo, hi)
		}
		if len(s.ticks) < 2 || len(s.ticks) > 9 {
			t.Fatalf("%d ticks: %v", len(s.ticks), s.labels)
		}
		seen := map[string]bool{}
		for _, l := range s.labels {
			if seen[l] {
				t.Fatalf("two ticks are labelled %s: %v", l, s.labels)
			}
			seen[l] = true
		}
	})
}

func TestEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64().Draw(t, "low")
		hi := lo + rapid.Float64Range(0, 1e6).Draw(t, "width")
		n := rapid.IntRange(1, 60).Draw(t, "n")
		edges := Edges(lo, hi, n)
		if len(edges) < 2 || len(edges) > 3*n+5 {
			t.Fatalf("%d edges", len(edges))
		}
		for i := 1; i < len(edges); i++ {
			if edges[i] < edges[i-1] {
				t.Fatalf("edges fall: %v", edges)
			}
		}
	})
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		v      float64
		digits int
		want   string
	}{
		{0, 3, "0"}, {1, 3, "1"}, {-.5, 3, "−0.5"}, {.97345, 3, "0.973"}, {.9999, 3, "1"},
		{12345.678, 4, "12\u2009346"}, {1234.5, 4, "1234"}, {1e7, 3, "10⁷"}, {-2.5e9, 3, "−2.5×10⁹"},
		{.00001234, 3, "1.23×10⁻⁵"}, {.0001234, 3, "0.000123"}, {math.NaN(), 3, "–"}, {math.Inf(-1), 3, "−∞"},
	} {
		if got := Number(c.v, c.digits); got != c.want {
			t.Errorf("Number(%v, %d) = %q, want %q", c.v, c.digits, got, c.want)
		}
	}
	if got := Digits(.1, 3) + " " + Decimals(-.0001, 3) + " " + Decimals(-1.05, 3); got != "0.100 0.000 −1.050" {
		t.Errorf("with zeros: %q", got)
	}
	if got := Percentage(.97345, 1); got != "97.3%" {
		t.Errorf("Percentage = %q", got)
	}
	if got := Count(-1234567); got != "−1\u2009234\u2009567" {
		t.Errorf("Count = %q", got)
	}
}

// TestLongLinesAreThinned: a line of many points keeps its extremes.
func TestLongLinesAreThinned(t *testing.T) {
	n := 100_000
	l := Line{Class: "c1", X: make([]float64, n), Y: make([]float64, n)}
	for i := range n {
		l.X[i] = float64(i)
		l.Y[i] = math.Sin(float64(i) / 5000)
	}
	l.Y[n/2] = 9
	p := Plot{Marks: []Mark{l}}
	svg := p.SVG()
	if len(svg) > 60_000 {
		t.Errorf("%d bytes", len(svg))
	}
	spiked := Plot{Marks: []Mark{Line{X: []float64{0, float64(n / 2), float64(n - 1)}, Y: []float64{-1, 9, 0}}}}
	top := spiked.SVG()[strings.Index(spiked.SVG(), "L"):]
	if _, peak, _ := strings.Cut(strings.SplitN(top, "L", 3)[1], " "); !strings.Contains(svg, " "+peak+"L") {
		t.Errorf("the peak at y = %s is gone", peak)
	}
}

// A plot that was written as JSON is drawn like itself, and a line of very many
// points takes no more room than can be seen.
func TestPlotAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 3, 499, 500, 8000}).Draw(t, "points")
		rough := rapid.Float64Range(0, 3).Draw(t, "rough")
		gap := rapid.IntRange(1, 4000).Draw(t, "gap")
		line := Line{Class: "c1", Step: rapid.Bool().Draw(t, "step")}
		for i := range n {
			y := math.Sin(float64(i)/700) + rough*math.Mod(float64(i)*.618, 1)
			if i%gap == gap-1 {
				y = math.NaN()
			}
			line.X, line.Y = append(line.X, float64(i/3)), append(line.Y, y)
		}
		p := &Plot{X: Axis{Title: "x"}, Y: Axis{Log: rapid.Bool().Draw(t, "log")}, Marks: []Mark{line, Line{X: []float64{3, 1}, Y: []float64{0, 1}}}}
		if rapid.Bool().Draw(t, "fixed") {
			p.Y.Min, p.Y.Max = -.5, 1
		}
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var again Plot
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatal(err)
		}
		if p.SVG() != again.SVG() {
			t.Fatal("the plot that was read is drawn in another way")
		}
		if drawn := again.Marks[0].(Line); gap > 500 && len(drawn.X) > 4*2*480+n/gap+1 {
			t.Fatalf("%d of %d points are written", len(drawn.X), n)
		}
	})
}

// TestLegendLeavesRoom holds that names do not run into each other, nor out of the chart.
func TestLegendLeavesRoom(t *testing.T) {
	long := "data=both,network=wide_and_deep,rate=0.003,model=WWWWWWWWWW"
	p := Plot{Width: 300}
	for _, name := range []string{long, long, "a", "b"} {
		p.Marks = append(p.Marks, Line{X: []float64{0, 1}, Y: []float64{0, 1}, Name: name})
	}
	svg := p.SVG()
	if strings.Contains(svg, long) {
		t.Error("a name that is wider than the chart is not cut")
	}
	if !strings.Contains(svg, "data=both,network=wide_and_") {
		t.Error("what there is room for is not shown")
	}
	if w := wide(shortened(long, 278)); w > 278 || w < 260 {
		t.Errorf("cut to %v of 278", w)
	}
	if got := shortened("表表表", 30); got != "表…" {
		t.Errorf("got %q", got)
	}
}
