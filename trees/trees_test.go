package trees

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// usual are the settings of the stage.
func usual() Config {
	return Config{Loss: Auto, Quantile: .5, Rounds: 40, LearningRate: .1, MaxLeaves: 31, MinRows: 20, MaxBins: 255, RowShare: 1, ColumnShare: 1, Threads: 1}
}

// some are rows of three numbers and a category, of which each says something.
func some(seed uint64, rows int, target func(x []float32, noise float64) float64) nn.Data {
	s := random.New(seed, "rows", 0)
	d := nn.Data{Rows: rows}
	for i := range rows {
		at := uint64(8 * i)
		x := []float32{float32(s.Float64(at)), float32(s.Float64(at + 1)), float32(s.IntN(at+2, 5)), float32(s.IntN(at+3, 12))}
		d.Target = append(d.Target, target(x, s.Normal(at+4)))
		if s.Float64(at+5) < .1 {
			x[1] = float32(math.NaN())
		}
		d.Features = append(d.Features, x...)
	}
	return d
}

func number(x []float32, noise float64) float64 {
	odd := 0.
	if int(x[3])%3 == 1 {
		odd = 2
	}
	return math.Sin(6*float64(x[0])) + float64(x[1]) + .3*float64(x[2]) + odd + .1*noise
}

func yes(x []float32, noise float64) float64 {
	if number(x, 10*noise) > 1.5 {
		return 1
	}
	return 0
}

var (
	names   = []string{"a", "b", "c", "kind"}
	numbers = nn.Signature{Features: names, Column: "y", Task: task.Regression, Scale: 2, Center: 1}
	two     = nn.Signature{Features: names, Column: "y", Task: task.Binary, Classes: []string{"no", "yes"}}
	three   = nn.Signature{Features: names, Column: "y", Task: task.Multiclass, Classes: []string{"low", "middle", "high"}}
)

func trained(t testing.TB, sig nn.Signature, train nn.Source, validation nn.Source, cfg Config) *Model {
	t.Helper()
	m, err := Train(context.Background(), sig, train, validation, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func asked(t testing.TB, m *Model, d nn.Data) []float64 {
	t.Helper()
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out, err := p.Predict([]tensor.Rows{{F32: d.Features}}, d.Rows)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func written(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("%d of %d bytes: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

func rmse(said, actual []float64) float64 {
	sum := 0.
	for i := range said {
		sum += (said[i] - actual[i]) * (said[i] - actual[i])
	}
	return math.Sqrt(sum / float64(len(said)))
}

// Trees learn numbers, two classes and several, on rows that they have not seen, with missing
// values and categories.
func TestTreesLearn(t *testing.T) {
	cfg := usual()
	cfg.Rounds, cfg.Categories = 150, []string{"kind"}
	train, test := some(1, 4000, number), some(2, 1000, number)
	m := trained(t, numbers, train, nil, cfg)
	if off := rmse(asked(t, m, test), test.Target); off > .2 { // the noise is 0.1, and a tenth of b is missing: 0.09
		t.Errorf("numbers are off by %.3f", off)
	}
	if list := m.Importance(); len(list) != 4 || list[0].Name != "kind" && list[0].Name != "a" {
		t.Errorf("importance is %v", list)
	}
	train, test = some(1, 4000, yes), some(2, 1000, yes)
	right := 0
	for i, p := range asked(t, trained(t, two, train, nil, cfg), test) {
		if (p > .5) == (test.Target[i] == 1) {
			right++
		}
	}
	if right < 720 { // the best that can be, by the noise, is about 0.76
		t.Errorf("%d of 1000 rows of two classes are right", right)
	}
	class := func(x []float32, noise float64) float64 { return min(max(math.Floor(number(x, noise)), 0), 2) }
	train, test = some(1, 4000, class), some(2, 1000, class)
	said := asked(t, trained(t, three, train, nil, cfg), test)
	right = 0
	for i, y := range test.Target {
		row := said[3*i : 3*i+3]
		if sum := row[0] + row[1] + row[2]; math.Abs(sum-1) > 1e-12 {
			t.Fatalf("probabilities add up to %v", sum)
		}
		if three.Class(row) == int(y) {
			right++
		}
	}
	if right < 880 {
		t.Errorf("%d of 1000 rows of three classes are right", right)
	}
}

// The number of threads changes no byte, nor do the order of categories and what weighs nothing.
func TestTreesOnThreads(t *testing.T) {
	for name, sig := range map[string]nn.Signature{"number": numbers, "two": two} {
		of := map[string]func([]float32, float64) float64{"number": number, "two": yes}[name]
		train, validation := some(1, 9000, of), some(2, 5000, of)
		for i := range train.Rows {
			train.Weights = append(train.Weights, float32(1+i%3))
		}
		cfg := usual()
		cfg.Rounds, cfg.RowShare, cfg.ColumnShare, cfg.Seed, cfg.Categories = 12, .7, .6, 5, []string{"kind"}
		want := written(t, trained(t, sig, train, validation, cfg))
		for _, cfg.Threads = range []int{2, 5} {
			if got := written(t, trained(t, sig, train, validation, cfg)); !bytes.Equal(got, want) {
				t.Errorf("%s: %d threads make another model", name, cfg.Threads)
			}
		}
		cfg.Seed = 6
		if got := written(t, trained(t, sig, train, validation, cfg)); bytes.Equal(got, want) {
			t.Errorf("%s: the seed changes nothing", name)
		}
	}
}

// Rows of weight 0 have no influence, whatever they hold, and one of weight 2 is there twice.
func TestTreesWeigh(t *testing.T) {
	cfg := usual()
	cfg.Rounds = 10
	once := some(1, 600, number)
	twice := nn.Data{Rows: 1200, Features: slices.Concat(once.Features, once.Features), Target: slices.Concat(once.Target, once.Target)}
	heavy := once
	for range once.Rows {
		heavy.Weights = append(heavy.Weights, 2)
	}
	cfg.MinRows = 1
	a, b := asked(t, trained(t, numbers, heavy, nil, cfg), once), asked(t, trained(t, numbers, twice, nil, cfg), once)
	if off := rmse(a, b); off > 1e-6 {
		t.Errorf("weights of 2 and rows that are there twice differ by %v", off)
	}
	wild := nn.Data{Rows: 1200, Features: slices.Clone(twice.Features), Target: slices.Clone(twice.Target)}
	for i := range wild.Rows {
		w := float32(1)
		if i >= 600 {
			w, wild.Target[i] = 0, 1e9
			wild.Features[4*i] = 1e30
		}
		wild.Weights = append(wild.Weights, w)
	}
	a, b = asked(t, trained(t, numbers, wild, nil, cfg), once), asked(t, trained(t, numbers, once, nil, cfg), once)
	if !slices.Equal(a, b) {
		t.Errorf("rows of weight 0 have changed predictions by %v", rmse(a, b))
	}
}

// The output follows a feature that it was told to follow, in any row.
func TestTreesAreMonotone(t *testing.T) {
	for _, loss := range []Loss{SquaredError, AbsoluteError} {
		cfg := usual()
		cfg.Loss, cfg.Monotone = loss, map[string]int{"a": 1, "c": -1}
		m := trained(t, numbers, some(1, 3000, number), nil, cfg)
		rows := some(3, 200, number)
		for _, c := range []struct{ column, sign int }{{0, 1}, {2, -1}} {
			var last []float64
			for step := range 30 {
				d := nn.Data{Rows: rows.Rows, Features: slices.Clone(rows.Features)}
				for r := range d.Rows {
					d.Features[4*r+c.column] = float32(step) / 6
				}
				now := asked(t, m, d)
				for r := range last {
					if float64(c.sign)*(now[r]-last[r]) < 0 {
						t.Fatalf("%s: row %d goes from %v to %v where %s rises", loss, r, last[r], now[r], names[c.column])
					}
				}
				last = now
			}
		}
	}
}

// Of the loss of a quantile, so many rows are below what is predicted.
func TestTreesOfQuantiles(t *testing.T) {
	for _, q := range []float64{.1, .5, .9} {
		cfg := usual()
		cfg.Loss, cfg.Quantile, cfg.Rounds, cfg.MaxLeaves, cfg.MinRows = Quantile, q, 100, 6, 100
		m := trained(t, numbers, some(1, 5000, func(x []float32, noise float64) float64 { return number(x, 10*noise) }), nil, cfg)
		test := some(2, 2000, func(x []float32, noise float64) float64 { return number(x, 10*noise) })
		below := 0
		for i, v := range asked(t, m, test) {
			if test.Target[i] < v {
				below++
			}
		}
		if share := float64(below) / 2000; math.Abs(share-q) > .04 {
			t.Errorf("%v of the rows are below the quantile %v", share, q)
		}
	}
}

// Validation ends training, and the model is that of the best round.
func TestTreesStop(t *testing.T) {
	cfg := usual()
	cfg.Rounds, cfg.Patience, cfg.LearningRate = 1000, 5, .5
	m := trained(t, two, some(1, 500, yes), some(2, 500, yes), cfg)
	s := &m.Summary
	loss, _ := s.Curve("validation.loss")
	if !s.StoppedEarly || s.EpochsRun != s.BestEpoch+5 || m.Rounds() != s.BestEpoch || slices.Min(loss) != loss[s.BestEpoch-1] {
		t.Errorf("%d rounds of %d, best %d, losses %v", m.Rounds(), s.EpochsRun, s.BestEpoch, loss)
	}
}

// What is asked of a row in training is what is asked of it in prediction: the sums of trees in
// training give the losses that the predictions have.
func TestTreesSayWhatTheyLearned(t *testing.T) {
	cfg := usual()
	cfg.Categories, cfg.MaxBins = []string{"kind"}, 16
	for _, d := range []nn.Data{some(1, 2000, number), some(4, 37, number)} {
		m := trained(t, numbers, d, some(2, 500, number), cfg)
		for i, part := range []nn.Data{d, some(2, 500, number)} {
			want := m.Summary.Curves[i].Values[m.Rounds()-1]
			if got := rmse(asked(t, m, part), part.Target) / 2; math.Abs(got*got-want) > 1e-9 {
				t.Errorf("%s is %v in training, and %v by predictions", m.Summary.Curves[i].Name, want, got*got)
			}
		}
	}
}

// A category that was not there in training goes where missing values go.
func TestTreesOfUnknownCategories(t *testing.T) {
	cfg := usual()
	cfg.Categories = []string{"kind"}
	m := trained(t, numbers, some(1, 2000, number), nil, cfg)
	var said []float64
	for _, v := range []float32{float32(math.NaN()), 99, -1, 2.5, 1e30} {
		said = append(said, asked(t, m, nn.Data{Rows: 1, Features: []float32{.5, .5, 1, v}})...)
	}
	for _, v := range said[1:] {
		if v != said[0] {
			t.Errorf("unknown categories and a missing one get %v", said)
		}
	}
}

func TestTreesRefuse(t *testing.T) {
	d := some(1, 100, number)
	ragged := numbers
	ragged.Features, ragged.Inputs = nil, []nn.Input{{Name: "text", Type: tensor.I32, Shape: nn.Shape{3}, Ragged: true}}
	infinite := nn.Data{Rows: 100, Features: slices.Clone(d.Features), Target: d.Target}
	infinite.Features[4*7] = float32(math.Inf(1))
	for _, c := range []struct {
		want   string
		sig    nn.Signature
		data   nn.Data
		change func(*Config)
	}{
		{"different lengths", ragged, d, func(*Config) {}},
		{"no feature", numbers, d, func(c *Config) { c.Categories = []string{"kinds"} }},
		{"no feature", numbers, d, func(c *Config) { c.Monotone = map[string]int{"z": 1} }},
		{"no category", numbers, d, func(c *Config) { c.Categories = []string{"a"} }},
		{"no order", numbers, d, func(c *Config) { c.Categories, c.Monotone = []string{"kind"}, map[string]int{"kind": 1} }},
		{"not for binary", two, d, func(c *Config) { c.Loss = SquaredError }},
		{"feature a of row 8", numbers, infinite, func(*Config) {}},
		{"cannot be learned", two, d, func(*Config) {}},
	} {
		cfg := usual()
		c.change(&cfg)
		if _, err := Train(context.Background(), c.sig, c.data, nil, cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Train(ctx, numbers, d, nil, usual()); err != context.Canceled {
		t.Errorf("training that is cancelled: %v", err)
	}
}

// A target that nothing can be learned of gives one leaf, and what every row says is the mean.
func TestTreesOfNothing(t *testing.T) {
	d := some(1, 100, func([]float32, float64) float64 { return 7 })
	m := trained(t, numbers, d, nil, usual())
	if said := asked(t, m, d); said[0] != 7 || len(m.Trees) != 1 || len(m.Importance()) != 0 {
		t.Errorf("%d trees say %v", len(m.Trees), said[0])
	}
}

func small(t testing.TB) *Model {
	cfg := usual()
	cfg.Rounds, cfg.MaxLeaves, cfg.Categories = 2, 4, []string{"kind"}
	return trained(t, numbers, some(1, 300, number), nil, cfg)
}

func TestDocumentIsReadBack(t *testing.T) {
	m := small(t)
	text := written(t, m)
	back, err := ReadModel(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, back), text) || FirstDifference(m, back) != -1 || !Is(text[:HeadSize]) || Is([]byte(`{"format": "pipe.transform", "version": 3}`)) {
		t.Error("what was read is not what was written")
	}
}

// Documents that would lead predictions astray, or to no end, are refused.
func TestDamagedDocuments(t *testing.T) {
	text := written(t, small(t))
	for name, damage := range map[string]func(d *document){
		"cycle":      func(d *document) { d.Trees[0].Nodes[1] = Node{Left: 0, Right: 1} },
		"itself":     func(d *document) { d.Trees[0].Nodes[0].Left = 0; d.Trees[0].Nodes[0].Right = 0 },
		"back":       func(d *document) { n := &d.Trees[0].Nodes[0]; n.Left = n.Right },
		"outside":    func(d *document) { d.Trees[0].Nodes[0].Right = 1 << 40 },
		"column":     func(d *document) { d.Trees[0].Nodes[0].Column = 4 },
		"negative":   func(d *document) { d.Trees[0].Nodes[0].Column = -1 },
		"category":   func(d *document) { n := &d.Trees[0].Nodes[0]; n.Column, n.In = 3, []int32{1 << 20} },
		"categories": func(d *document) { d.Columns[3].Categories = []int32{3, 2} },
		"many":       func(d *document) { d.Columns[3].Categories = make([]int32, 300) },
		"empty":      func(d *document) { d.Trees[0].Nodes = nil },
		"start":      func(d *document) { d.Start = nil },
		"name":       func(d *document) { d.Columns[0].Name = "z" },
		"fewer":      func(d *document) { d.Columns = d.Columns[:2] },
		"rounds":     func(d *document) { d.Summary.BestEpoch = 1 },
		"version":    func(d *document) { d.Version = 2 },
		"format":     func(d *document) { d.Format = "" },
		"signature":  func(d *document) { d.Signature.Scale = 0 },
	} {
		var d document
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		damage(&d)
		bad, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadModel(bytes.NewReader(bad), int64(len(bad))); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
	for n := 0; n < len(text)-2; n += 97 {
		if _, err := ReadModel(bytes.NewReader(text[:n]), int64(n)); err == nil {
			t.Errorf("the first %d bytes were read", n)
		}
	}
	if more := append(slices.Clone(text), '1'); len(more) > 0 {
		if _, err := ReadModel(bytes.NewReader(more), int64(len(more))); err == nil {
			t.Error("what follows was not seen")
		}
	}
}

// Whatever is read can be asked.
func FuzzReadModel(f *testing.F) {
	text := written(f, small(f))
	f.Add(text)
	f.Add([]byte(`{"format":"pipe.trees","version":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ReadModel(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		n := len(m.Columns)
		if n > 1000 || len(m.Start) > 1000 {
			return
		}
		rows := make([]tensor.Rows, len(m.Signature.AllInputs()))
		for i, in := range m.Signature.AllInputs() {
			rows[i].Reset(in.Type, 0)
			rows[i].Grow(in.Type, in.Shape.Size())
		}
		p, err := m.NewPredictor()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Predict(rows, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := m.WriteTo(new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
		_ = fmt.Sprint(m.Depth(), m.Importance())
	})
}

// Numbers between which there is no other are told apart as in training.
func TestTreesOfNeighbours(t *testing.T) {
	low := float32(1)
	high := math.Nextafter32(low, 2)
	d := nn.Data{}
	for i := range 100 {
		x := []float32{low, high}[i%2]
		d.Rows, d.Features, d.Target = d.Rows+1, append(d.Features, x), append(d.Target, float64(i%2))
	}
	cfg := usual()
	cfg.Rounds, cfg.LearningRate = 1, 1
	m := trained(t, nn.Signature{Features: []string{"a"}, Column: "y", Task: task.Regression, Scale: 1}, d, nil, cfg)
	if said := asked(t, m, d); !slices.Equal(said, d.Target) {
		t.Errorf("neighbours get %v", said[:2])
	}
}
