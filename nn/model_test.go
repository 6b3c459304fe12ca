package nn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
)

func encode(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

func decode(b []byte) (*Model, error) { return ReadModel(bytes.NewReader(b), int64(len(b))) }

func predict(t testing.TB, m *Model, x []float32, rows int) []float64 {
	t.Helper()
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out, err := p.Predict([]tensor.Rows{{F32: x}}, rows)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// untrained is a model with random weights.
func untrained(kind task.Kind, inputs, outputs int, ls []Layer) *Model {
	spec := Spec{Inputs: inputs, Layers: ls, Outputs: outputs}
	st := newStore(spec)
	st.init(9, InitAuto)
	for i := range st.flat {
		st.flat[i] += 0.1 * (random.New(9, "bias", 0).Float32(uint64(i)) - 0.5)
	}
	m := &Model{Spec: spec, Signature: signatureOf(kind, inputs, outputs), Params: st.params()}
	m.Summary = Summary{Rows: 3, Parameters: len(st.flat), Loss: "auto", Optimizer: adam.String(), EpochsRun: 2, BestEpoch: 1,
		Curves: []Curve{{"train.loss", []float64{0.5, 1e-7}}}, Features: make([]InputRange, inputs)}
	return m
}

func TestModelRoundTrip(t *testing.T) {
	for _, m := range []*Model{
		untrained(task.Multiclass, 3, 4, layers(Dense{Units: 5, Activation: ReLU}, Dropout{0.25}, Dense{Units: 2, Activation: Tanh})),
		untrained(task.Binary, 1, 1, layers(Dense{Units: 12, Activation: Sigmoid})),
		untrained(task.Regression, 2, 1, nil),
	} {
		m.Signature.Classes = append([]string(nil), m.Signature.Classes...)
		if len(m.Signature.Classes) > 0 {
			m.Signature.Classes[0] = "<\"é\u2028\\>"
		}
		b := encode(t, m)
		got, err := decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, cmp.AllowUnexported(Layer{}, origin{})); diff != "" {
			t.Errorf("read differs from written (-written +read):\n%s", diff)
		}
		if !bytes.Equal(b, encode(t, got)) {
			t.Error("writing again gives other bytes")
		}
		if n := binary.LittleEndian.Uint64(b); n%8 != 0 {
			t.Errorf("the header has %d bytes", n)
		}
	}
}

// The header is part of the format: what is written here has to stay readable.
func TestModelHeader(t *testing.T) {
	b := encode(t, untrained(task.Regression, 2, 1, layers(Dense{Units: 1, Activation: ReLU})))
	n := binary.LittleEndian.Uint64(b)
	const want = `{"__metadata__":{"format":"pipe","pipe.model":"{\"version\":1,` +
		`\"spec\":{\"inputs\":2,\"layers\":[{\"dense\":{\"units\":1,\"activation\":\"relu\"}}],\"outputs\":1},` +
		`\"signature\":{\"features\":[\"x0\",\"x1\"],\"column\":\"y\",\"task\":\"regression\",\"center\":0,\"scale\":1},` +
		`\"summary\":{\"rows\":3,\"parameters\":5,\"loss\":\"auto\",` +
		`\"optimizer\":\"adam(learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0)\",\"batch_size\":0,\"seed\":0,` +
		`\"epochs_run\":2,\"best_epoch\":1,\"stopped_early\":false,\"curves\":[{\"name\":\"train.loss\",\"values\":[0.5,1e-7]}],` +
		`\"features\":[{\"min\":0,\"max\":0},{\"min\":0,\"max\":0}]}}"},` +
		`"layers.0.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},` +
		`"layers.0.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},` +
		`"output.bias":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},` +
		`"output.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[16,20]}}`
	if diff := cmp.Diff(want, strings.TrimRight(string(b[8:8+n]), " ")); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

// Every prefix of a model file, and the file with a byte more, is an error.
func TestTruncatedModel(t *testing.T) {
	b := encode(t, untrained(task.Regression, 2, 1, layers(Dense{Units: 2, Activation: ReLU})))
	for n := range len(b) {
		if _, err := decode(b[:n]); err == nil {
			t.Fatalf("no error for the first %d of %d bytes", n, len(b))
		}
		if _, err := ReadModel(bytes.NewReader(b[:n]), int64(len(b))); err == nil {
			t.Fatalf("no error for a file that ends at %d of %d bytes", n, len(b))
		}
	}
	if _, err := decode(append(slices.Clone(b), 0)); err == nil {
		t.Error("no error for a byte after the end")
	}
}

// rewrite makes a file with another header.
func rewrite(b []byte, change func(header string) string) []byte {
	n := binary.LittleEndian.Uint64(b)
	h := change(string(b[8 : 8+n]))
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(h)))
	return append(append(out, h...), b[8+n:]...)
}

func TestHostileModel(t *testing.T) {
	good := encode(t, untrained(task.Regression, 2, 1, layers(Dense{Units: 2, Activation: ReLU})))
	if _, err := decode(rewrite(good, strings.TrimSpace)); err != nil {
		t.Errorf("a header without padding: %v", err)
	}
	replace := func(old, new string) []byte {
		return rewrite(good, func(h string) string {
			if !strings.Contains(h, old) {
				t.Fatalf("no %s in %s", old, h)
			}
			return strings.Replace(h, old, new, 1)
		})
	}
	nan := slices.Clone(good)
	binary.LittleEndian.PutUint32(nan[len(nan)-4:], math.Float32bits(float32(math.NaN())))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"header length":   {append(bytes.Repeat([]byte{255}, 8), good[8:]...), "a header of"},
		"not JSON":        {rewrite(good, func(string) string { return "[1]" }), "not a JSON object"},
		"empty":           {rewrite(good, func(string) string { return "{}" }), "not of a model of pipe"},
		"other format":    {replace(`"format":"pipe"`, `"format":"pt"`), "not of a model of pipe"},
		"version":         {replace(`\"version\":1`, `\"version\":2`), "model format 2"},
		"unknown field":   {replace(`\"inputs\"`, `\"in\"`), "unknown field"},
		"unknown entry":   {replace(`"dtype":"F32"`, `"dtype":"F32","x":1`), "unknown field"},
		"text after it":   {rewrite(good, func(h string) string { return h + "x" }), "after its end"},
		"dtype":           {replace(`"dtype":"F32"`, `"dtype":"F64"`), "is F64, want F32"},
		"shape":           {replace(`"shape":[2,2]`, `"shape":[4]`), "the network needs"},
		"overlap":         {replace(`"data_offsets":[0,8]`, `"data_offsets":[8,16]`), "gap or overlap"},
		"negative offset": {replace(`"data_offsets":[0,8]`, `"data_offsets":[-8,0]`), "lies at"},
		"offset overflow": {replace(`"data_offsets":[0,8]`, `"data_offsets":[9223372036854775800,-9223372036854775808]`), "lies at"},
		"twice":           {replace(`"layers.0.weight"`, `"layers.0.bias"`), "appears twice"},
		"other name":      {replace(`"layers.0.weight"`, `"layers.1.weight"`), "no tensor layers.0.weight"},
		"one more":        {replace(`"layers.0.weight"`, `"x":{"dtype":"F32","shape":[],"data_offsets":[0,0]},"layers.0.weight"`), "5 tensors"},
		"huge layer":      {replace(`\"units\":2`, `\"units\":1048577`), "want 1 to"},
		"large layers":    {replace(`\"units\":2`, `\"units\":1048576`), "the network needs"},
		"negative layer":  {replace(`\"units\":2`, `\"units\":-2`), "want 1 to"},
		"activation":      {replace(`\"relu\"`, `\"swish\"`), "unknown activation"},
		"features":        {replace(`[\"x0\",\"x1\"]`, `[\"x0\"]`), "2 inputs for 1 features"},
		"scale":           {replace(`\"scale\":1`, `\"scale\":0`), "cannot be inverted"},
		"NaN in a tensor": {nan, "holds NaN"},
		"no parameters":   {good[:8], "a header of"},
		"nothing":         {nil, "too few"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decode(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// Whatever is read can be written, and is then the same model.
func FuzzReadModel(f *testing.F) {
	for _, m := range []*Model{
		untrained(task.Multiclass, 1, 2, layers(Dense{Units: 1, Activation: ReLU}, Dropout{0.5})),
		untrained(task.Regression, 1, 1, nil),
	} {
		f.Add(encode(f, m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(encode(t, m))
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		if diff := cmp.Diff(m, again, cmp.AllowUnexported(Layer{}, origin{})); diff != "" {
			t.Errorf("(-read +read again):\n%s", diff)
		}
	})
}

// A predictor agrees with the definition of a network in float64, for any
// number of rows, and says the same about a row in any company.
func TestPredictAgreesWithTheDefinition(t *testing.T) {
	for _, m := range []*Model{
		untrained(task.Multiclass, 3, 4, layers(Dense{Units: 5, Activation: ReLU}, Dropout{0.5}, Dense{Units: 6, Activation: Sigmoid})),
		untrained(task.Binary, 3, 1, layers(Dense{Units: 7, Activation: Tanh}, Dense{Units: 4, Activation: Linear})),
		untrained(task.Regression, 3, 1, layers(Dense{Units: 64, Activation: Tanh})),
	} {
		if m.Signature.Task == task.Regression {
			m.Signature.Center, m.Signature.Scale = 100, 12.5
		}
		const rows = 300
		x := make([]float32, rows*3)
		for i := range x {
			x[i] = float32(random.New(2, "x", 0).Normal(uint64(i)))
		}
		all := predict(t, m, x, rows)
		k := m.Spec.Outputs
		for i := range rows {
			for j, want := range forward64(m, x[i*3:i*3+3]) {
				if got := all[i*k+j]; math.Abs(got-want) > 2e-6*max(1, math.Abs(want)) {
					t.Fatalf("%s: row %d output %d is %v, want %v", m.Signature.Task, i, j, got, want)
				}
			}
		}
		for _, n := range []int{0, 1, 2, 17} {
			if got := predict(t, m, x[15:15+3*n], n); !slices.Equal(got, all[5*k:(5+n)*k]) {
				t.Errorf("%s: %d rows by themselves have other values", m.Signature.Task, n)
			}
		}
	}
}

func TestPredictorRefuses(t *testing.T) {
	m := untrained(task.Binary, 3, 1, nil)
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, n := range []int{-1, 1, 3} {
		if _, err := p.Predict([]tensor.Rows{{F32: make([]float32, 6)}}, n); err == nil {
			t.Errorf("6 values as %d rows of 3: no error", n)
		}
	}
	m.Params[0].Data[1] = float32(math.Inf(1))
	if _, err := m.NewPredictor(); err == nil {
		t.Error("no error for an infinite weight")
	}
}

// Weights are drawn from ranges that depend on the layer, biases are 0, and a
// parameter does not depend on the others.
func TestInitialisation(t *testing.T) {
	st := newStore(Spec{Inputs: 50, Layers: layers(Dense{Units: 200, Activation: ReLU}, Dense{Units: 100, Activation: Tanh}), Outputs: 2})
	st.init(4, "")
	for i, limit := range []float64{math.Sqrt(6.0 / 50), 0, math.Sqrt(6.0 / 300), 0, math.Sqrt(6.0 / 102), 0} {
		largest, mean := 0.0, 0.0
		for _, v := range st.each[i] {
			largest = max(largest, math.Abs(float64(v)))
			mean += float64(v) / float64(len(st.each[i]))
		}
		if largest > limit || largest < 0.97*limit || math.Abs(mean) > 0.15*limit {
			t.Errorf("parameter %s: up to %v, mean %v, want the range ±%v", st.specs[i].Name, largest, mean, limit)
		}
	}
	wider := newStore(Spec{Inputs: 50, Layers: layers(Dense{Units: 200, Activation: ReLU}, Dense{Units: 101, Activation: Tanh}), Outputs: 2})
	wider.init(4, InitAuto)
	if !slices.Equal(st.each[0], wider.each[0]) {
		t.Error("the first layer depends on the second")
	}
	if fmt.Sprint(st.each[0][:3]) != "[-0.33440366 -0.24293642 -0.18270539]" {
		t.Errorf("the first weights are %v", st.each[0][:3])
	}
}
