package nn

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn/cpu"
)

var adam = Adam{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}

// blobs are rows around one corner of a cube for each class, with noise.
func blobs(purpose string, rows, inputs, classes int, noise float64) Data {
	s := random.New(11, purpose, 0)
	d := Data{Rows: rows}
	for i := range rows {
		class := i % classes
		for j := range inputs {
			at := float64(class >> (j % 3) & 1)
			d.Features = append(d.Features, float32(at+noise*s.Normal(uint64(i*inputs+j))))
		}
		d.Target = append(d.Target, float64(class))
	}
	return d
}

func layers(ls ...any) []Layer {
	var out []Layer
	for _, l := range ls {
		switch l := l.(type) {
		case Dense:
			out = append(out, NewLayer("dense", &l))
		case Dropout:
			out = append(out, NewLayer("dropout", &l))
		}
	}
	return out
}

func trainModel(t testing.TB, spec Spec, sig Signature, train Data, validation *Data, cfg Config) *Model {
	t.Helper()
	var v Source
	if validation != nil {
		v = validation
	}
	m, err := Train(t.Context(), spec, sig, train, v, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// threeClasses is a problem that a small network solves in a few epochs.
func threeClasses() (Spec, Signature, Data, Data, Config) {
	spec := Spec{Inputs: 4, Layers: layers(Dense{Units: 16, Activation: ReLU}, Dropout{0.2}, Dense{Units: 8, Activation: Tanh}), Outputs: 3}
	return spec, signatureOf(task.Multiclass, 4, 3), blobs("train", 200, 4, 3, 0.25), blobs("validation", 70, 4, 3, 0.25),
		Config{Optimizer: adam, Epochs: 30, BatchSize: 32, Shuffle: true, Seed: 3}
}

func TestTrainLearns(t *testing.T) {
	spec, sig, train, validation, cfg := threeClasses()
	var epochs []Epoch
	cfg.OnEpoch = func(e Epoch) { epochs = append(epochs, e) }
	m := trainModel(t, spec, sig, train, &validation, cfg)
	s := &m.Summary
	accuracy, _ := s.Curve("validation.accuracy")
	if got := accuracy[s.BestEpoch-1]; got < 0.9 {
		t.Errorf("accuracy %v at the best epoch", got)
	}
	if len(epochs) != 30 || s.EpochsRun != 30 || s.StoppedEarly || epochs[29].Number != 30 || epochs[29].Of != 30 {
		t.Errorf("%d epochs were reported, %d run", len(epochs), s.EpochsRun)
	}
	for i, c := range s.Curves {
		if len(c.Values) != 30 || c.Name != epochs[0].Values[i].Name || c.Values[7] != epochs[7].Values[i].Value {
			t.Errorf("curve %s is not what was reported", c.Name)
		}
	}
	if s.Parameters != 4*16+16+16*8+8+8*3+3 || s.Rows != 200 || s.ValidationRows != 70 || s.Loss != "cross_entropy" || s.BatchSize != 32 {
		t.Errorf("summary %+v", s)
	}
	if !slices.Equal(s.ClassCounts, []int{67, 67, 66}) || s.ClassPriors[2] != 0.33 {
		t.Errorf("classes %v, %v", s.ClassCounts, s.ClassPriors)
	}
}

// Same data, settings and seed: same bytes, on any number of threads, also with
// products large enough to be shared among them.
func TestTrainIsDeterministicForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	spec := Spec{Inputs: 5, Layers: layers(Dense{Units: 150, Activation: ReLU}, Dropout{0.3}, Dense{Units: 130, Activation: Sigmoid}), Outputs: 3}
	_, _, _, _, cfg := threeClasses()
	cfg.Epochs, cfg.BatchSize, cfg.BalanceClasses, cfg.ClipNorm = 3, 140, true, 1
	var first []byte
	for _, threads := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(threads)
		m := trainModel(t, spec, signatureOf(task.Multiclass, 5, 3), blobs("train", 300, 5, 3, 0.3), nil, cfg)
		got := encode(t, m)
		if first == nil {
			first = got
		}
		if !bytes.Equal(first, got) {
			t.Errorf("other bytes on %d threads", threads)
		}
	}
	cfg.Seed++
	if bytes.Equal(first, encode(t, trainModel(t, spec, signatureOf(task.Multiclass, 5, 3), blobs("train", 300, 5, 3, 0.3), nil, cfg))) {
		t.Error("another seed gave the same bytes")
	}
}

// The model has the weights of the best epoch although all epochs were run, and
// what was measured for it is what it does.
func TestTrainRestoresTheBestEpoch(t *testing.T) {
	spec, sig, _, validation, cfg := threeClasses()
	train := blobs("train", 24, 4, 3, 0.6) // few and noisy rows, to overfit
	cfg.Epochs, cfg.Optimizer = 80, Adam{LearningRate: 0.05, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	m := trainModel(t, spec, sig, train, &validation, cfg)
	curve, _ := m.Summary.Curve("validation.loss")
	best := m.Summary.BestEpoch
	if curve[best-1] != slices.Min(curve) || best == 80 || m.Summary.EpochsRun != 80 {
		t.Fatalf("best epoch %d of %v", best, curve)
	}
	if got := logLoss(t, m, validation); math.Abs(got-curve[best-1]) > 1e-6 {
		t.Errorf("the model's loss is %v, that of its epoch %v", got, curve[best-1])
	}
}

func logLoss(t *testing.T, m *Model, d Data) float64 {
	t.Helper()
	k := m.Spec.Outputs
	probabilities := predict(t, m, d.Features, d.Rows)
	sum := 0.0
	for i, class := range d.Target {
		sum -= math.Log(probabilities[i*k+int(class)])
	}
	return sum / float64(d.Rows)
}

// Without validation and early stopping the last epoch counts.
func TestTrainWithoutValidationKeepsTheLastEpoch(t *testing.T) {
	spec, sig, train, _, cfg := threeClasses()
	cfg.Epochs = 5
	m := trainModel(t, spec, sig, train, nil, cfg)
	if m.Summary.BestEpoch != 5 || m.Summary.Monitor != "" || len(m.Summary.Curves) != 2 {
		t.Errorf("summary %+v", m.Summary)
	}
	curve, _ := m.Summary.Curve("train.loss")
	if got := logLoss(t, m, train); math.Abs(got-curve[4]) > 1e-6 {
		t.Errorf("the model's loss is %v, that of the last epoch %v", got, curve[4])
	}
}

func TestEarlyStopping(t *testing.T) {
	for _, c := range []struct {
		name     string
		monitor  string
		patience int
		delta    float64
		values   []float64
		stop     int // the epoch after which it stops, 0 never
		best     int
	}{
		{"gets worse", "validation.loss", 2, 0, []float64{3, 2, 2.5, 2.4, 1}, 4, 2},
		{"recovers in time", "validation.loss", 2, 0, []float64{3, 2, 2.5, 1.9, 2, 2}, 6, 4},
		{"higher is better", "validation.accuracy", 1, 0, []float64{0.5, 0.7, 0.6}, 3, 2},
		{"equal is not better", "validation.loss", 2, 0, []float64{1, 1, 1, 1}, 3, 1},
		{"small gains count as best, not as progress", "validation.loss", 2, 0.5, []float64{3, 2.9, 2.8, 2}, 3, 3},
		{"gains add up", "validation.loss", 3, 0.5, []float64{3, 2.8, 2.6, 2.4, 2.3, 2.2, 2.1}, 7, 7},
		{"never", "validation.loss", 9, 0, []float64{1, 2, 3}, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := &trainer{numbers: onBackend(cpu.New(), &numbers{flat: []float32{0}}), update: &updater{}, validate: &set{}}
			tr.cfg = Config{Epochs: 100, EarlyStopping: &EarlyStopping{c.monitor, c.patience, c.delta}}
			tr.at.Curves = []Curve{{Name: c.monitor}}
			stop := 0
			for i, v := range c.values {
				tr.at.Run = i + 1
				tr.at.Curves[0].Values = append(tr.at.Curves[0].Values, v)
				tr.numbers.flat[0] = float32(i + 1)
				if tr.judge(); tr.at.Stopped {
					stop = i + 1
					break
				}
			}
			if stop != c.stop || tr.at.Best != c.best || tr.best.flat[0] != float32(c.best) {
				t.Errorf("stopped after %d, best %d (weights of %v); want %d, %d", stop, tr.at.Best, tr.best.flat[0], c.stop, c.best)
			}
		})
	}
}

// The last batch of 7 rows has a plan of its own.
func TestPartialBatch(t *testing.T) {
	spec := Spec{Inputs: 4, Layers: layers(Dense{Units: 6, Activation: Tanh}), Outputs: 3}
	cfg := Config{Optimizer: adam, Epochs: 1, BatchSize: 32, BalanceClasses: true}
	data := blobs("train", 39, 4, 3, 0.3)
	tr, _, err := newTrainer(spec, signatureOf(task.Multiclass, 4, 3), data, nil, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	if len(tr.plans) != 2 || tr.plans[32] == nil || tr.plans[7] == nil {
		t.Errorf("plans %v", tr.plans)
	}
	if err := tr.fit(t.Context()); err != nil || tr.at.Step != 2 {
		t.Errorf("%d steps, %v", tr.at.Step, err)
	}
}

func TestTrainingThatDiverges(t *testing.T) {
	sig := signatureOf(task.Regression, 2, 1)
	data := Data{Rows: 4, Features: []float32{1, 2, 3, 4, 5, 6, 7, 8}, Target: []float64{1, 2, 3, 4}}
	spec := Spec{Inputs: 2, Layers: layers(Dropout{0.1}, Dense{Units: 3, Activation: ReLU}), Outputs: 1}
	cfg := Config{Optimizer: SGD{LearningRate: 1e30}, Epochs: 10, BatchSize: 2, Seed: 1}
	_, err := Train(t.Context(), spec, sig, data, nil, cfg)
	var d *DivergedError
	if !errors.As(err, &d) {
		t.Fatalf("got error %v", err)
	}
	if d.Epoch != 1 || d.Layer != "layers.1" && d.Layer != "output" && d.Layer != "loss" || !strings.Contains(d.Hint(), "learning rate") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(err.Error(), "epoch 1") || !strings.Contains(err.Error(), "layer") {
		t.Errorf("got %v", err)
	}
}

func TestTrainHonoursItsContext(t *testing.T) {
	spec, sig, train, _, cfg := threeClasses()
	ctx, cancel := context.WithCancel(t.Context())
	cfg.OnEpoch = func(e Epoch) {
		if e.Number == 2 {
			cancel()
		}
	}
	if _, err := Train(ctx, spec, sig, train, nil, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

func TestTrainLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	spec, sig, train, validation, cfg := threeClasses()
	cfg.Epochs = 2
	predict(t, trainModel(t, spec, sig, train, &validation, cfg), train.Features, train.Rows)
	for i := 0; runtime.NumGoroutine() > before; i++ { // those that just ended may still be counted
		if i == 1e6 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}

func TestTrainRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		want   string
		change func(spec *Spec, sig *Signature, train, validation *Data, cfg *Config)
	}{
		"loss of another task": {"loss mse does not fit a multiclass target", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) { c.Loss.MSE = new(MSE) }},
		"monitor of another task": {"monitors validation.rmse, which is none of", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) {
			c.EarlyStopping = &EarlyStopping{"validation.rmse", 1, 0}
		}},
		"outputs":      {"4 outputs, its task needs 3", func(s *Spec, _ *Signature, _, _ *Data, _ *Config) { s.Outputs = 4 }},
		"inputs":       {"5 inputs for 4 features", func(s *Spec, _ *Signature, _, _ *Data, _ *Config) { s.Inputs = 5 }},
		"layer":        {"exactly one kind", func(s *Spec, _ *Signature, _, _ *Data, _ *Config) { s.Layers = append(s.Layers, Layer{}) }},
		"task":         {"unknown task", func(_ *Spec, s *Signature, _, _ *Data, _ *Config) { s.Task = "ranking" }},
		"feature":      {"feature x2 of row 2 is NaN", func(_ *Spec, _ *Signature, d, _ *Data, _ *Config) { d.Features[6] = float32(math.NaN()) }},
		"class":        {"target y of row 1 is 3, which is not one of 3 classes", func(_ *Spec, _ *Signature, _, d *Data, _ *Config) { d.Target[0] = 3 }},
		"half a class": {"target y of row 1 is 0.5", func(_ *Spec, _ *Signature, d, _ *Data, _ *Config) { d.Target[0] = 0.5 }},
		"no rows":      {"the validation data has no rows", func(_ *Spec, _ *Signature, _, d *Data, _ *Config) { *d = Data{} }},
		"short data":   {"feature values for 200 rows", func(_ *Spec, _ *Signature, d, _ *Data, _ *Config) { d.Features = d.Features[1:] }},
		"short target": {"199 targets for 200 rows", func(_ *Spec, _ *Signature, d, _ *Data, _ *Config) { d.Target = d.Target[1:] }},
		"epochs":       {"epochs is 0", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) { c.Epochs = 0 }},
		"batch size":   {"batch size is 0", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) { c.BatchSize = 0 }},
		"patience": {"patience is 0", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) {
			c.EarlyStopping = &EarlyStopping{"train.loss", 0, 0}
		}},
		"no optimizer":  {"no optimizer", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) { c.Optimizer = nil }},
		"learning rate": {"learning rate NaN", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) { c.Optimizer = SGD{LearningRate: math.NaN()} }},
		"nesterov":      {"nesterov needs", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) { c.Optimizer = SGD{LearningRate: 1, Nesterov: true} }},
		"beta": {"beta2 1", func(_ *Spec, _ *Signature, _, _ *Data, c *Config) {
			c.Optimizer = AdamW{LearningRate: 1, Beta1: 0.9, Beta2: 1, Epsilon: 1e-8, WeightDecay: 0}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			spec, sig, train, validation, cfg := threeClasses()
			c.change(&spec, &sig, &train, &validation, &cfg)
			if _, err := Train(t.Context(), spec, sig, train, &validation, cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
	spec, sig, train, _, cfg := threeClasses()
	cfg.EarlyStopping = &EarlyStopping{Monitor: "validation.loss", Patience: 1}
	_, err := Train(t.Context(), spec, sig, train, nil, cfg)
	var m *MonitorError
	if !errors.As(err, &m) || !strings.Contains(err.Error(), "no validation data") || !strings.Contains(m.Hint(), "connect") {
		t.Errorf("monitor without validation: got error %v", err)
	}
}

func TestBalancedWeights(t *testing.T) {
	// scikit-learn: compute_class_weight("balanced") of these counts
	if got := Balanced([]int{6, 3, 1}); math.Abs(got[0]-0.5555555555555556) > 1e-15 || math.Abs(got[1]-1.1111111111111112) > 1e-15 || math.Abs(got[2]-3.3333333333333335) > 1e-15 {
		t.Errorf("weights %v", got)
	}
	if got := Balanced([]int{4, 0}); got[1] != 1 {
		t.Errorf("a class without rows weighs %v", got[1])
	}
}

// A regression learns in the scale of the network and is measured in the units
// of the target.
func TestRegressionInOriginalUnits(t *testing.T) {
	d := Data{Rows: 100}
	for i := range 100 {
		x := float32(i)/50 - 1
		d.Features = append(d.Features, x)
		d.Target = append(d.Target, 5000+300*float64(x))
	}
	sig := signatureOf(task.Regression, 1, 1)
	sig.Center, sig.Scale = 5000, 173
	m := trainModel(t, Spec{Inputs: 1, Outputs: 1}, sig, d, &d, Config{Optimizer: SGD{LearningRate: 0.2}, Epochs: 60, BatchSize: 25, Seed: 1})
	rmse, _ := m.Summary.Curve("validation.rmse")
	loss, _ := m.Summary.Curve("validation.loss")
	last := m.Summary.BestEpoch - 1
	if rmse[last] > 1 || rmse[0] < 10 || math.Abs(rmse[last]-173*math.Sqrt(loss[last])) > 1e-6 {
		t.Errorf("rmse %v, loss %v", rmse[last], loss[last])
	}
	if got := predict(t, m, []float32{0.5}, 1)[0]; math.Abs(got-5150) > 2 {
		t.Errorf("predicted %v, want 5150", got)
	}
	if r := m.Summary.Target; r.Min != 4700 || math.Abs(r.Mean-r.Median) > 1e-4 || m.Summary.Features[0].Min != -1 {
		t.Errorf("summary %+v, %+v", r, m.Summary.Features)
	}
}

// The transform of a target is learned, and predictions and the root mean squared
// error are in units of the target.
func TestTransformedTarget(t *testing.T) {
	d := Data{Rows: 100}
	for i := range 100 {
		x := float32(i)/50 - 1
		d.Features = append(d.Features, x)
		d.Target = append(d.Target, 1000*math.Exp(2*float64(x)+0.1*float64(i%3-1)))
	}
	sig := signatureOf(task.Regression, 1, 1)
	sig.Center, sig.Scale, sig.Transform = math.Log(1000), 1.15, &task.Transform{Kind: task.Log}
	m := trainModel(t, Spec{Inputs: 1, Outputs: 1}, sig, d, &d, Config{Optimizer: SGD{LearningRate: 0.2}, Epochs: 60, BatchSize: 25, Seed: 1})
	if got := predict(t, m, []float32{0.5}, 1)[0]; math.Abs(got/(1000*math.E)-1) > 0.02 {
		t.Errorf("predicted %v, want %v", got, 1000*math.E)
	}
	var sum float64
	for i, p := range predict(t, m, d.Features, d.Rows) {
		sum += (p - d.Target[i]) * (p - d.Target[i])
	}
	rmse, _ := m.Summary.Curve("validation.rmse")
	if got := rmse[m.Summary.BestEpoch-1]; math.Abs(got/math.Sqrt(sum/100)-1) > 1e-5 {
		t.Errorf("rmse %v, want %v", got, math.Sqrt(sum/100))
	}
	if r := m.Summary.Target; math.Abs(r.Min-1000*math.Exp(-2.1)) > 1e-6 {
		t.Errorf("summary %+v", r)
	}
	d.Target[7] = 0
	_, err := Train(t.Context(), Spec{Inputs: 1, Outputs: 1}, sig, d, nil, Config{Optimizer: SGD{LearningRate: 0.2}, Epochs: 1, BatchSize: 25})
	if err == nil || !strings.Contains(err.Error(), "of row 8: 0: the target has no logarithm") || !strings.Contains(diag.HintOf(err), "log1p") {
		t.Errorf("a target of 0: %v", err)
	}
	d.Target[7] = 1
	_, err = Train(t.Context(), Spec{Inputs: 1, Outputs: 1}, sig, d, nil, Config{Loss: Loss{Poisson: &Poisson{}}, Optimizer: SGD{LearningRate: 0.2}, Epochs: 1, BatchSize: 25})
	if transformed := (*TransformError)(nil); !errors.As(err, &transformed) {
		t.Errorf("poisson of logarithms: %v", err)
	}
}

// BenchmarkStep is one optimiser step of three networks: that of the penguins
// example, and the two of the feasibility study.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name              string
		inputs, out, rows int
		hidden            int
		task              task.Kind
	}{
		{"penguins 7-32-32-3, b32", 7, 3, 32, 32, task.Multiclass},
		{"tiny 16-64-64-1, b32", 16, 1, 32, 64, task.Regression},
		{"mlp 784-512-512-10, b256", 784, 10, 256, 512, task.Multiclass},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := blobs("bench", c.rows, c.inputs, max(c.out, 2), 0.5)
			tr, _, err := newTrainer(Spec{Inputs: c.inputs, Layers: layers(Dense{Units: c.hidden, Activation: ReLU}, Dense{Units: c.hidden, Activation: ReLU}), Outputs: c.out},
				signatureOf(c.task, c.inputs, c.out), data, nil, Config{Optimizer: adam, Epochs: 1, BatchSize: c.rows})
			if err != nil {
				b.Fatal(err)
			}
			defer tr.close()
			b.ReportAllocs()
			for b.Loop() {
				tr.at.Row = 0
				tr.feed.start(order{rows: tr.train.rows}, 0)
				if err := tr.step(); err != nil {
					b.Fatal(err)
				}
				tr.feed.stop()
			}
		})
	}
}

// With the loss of counts the network gives logarithms, and predictions are in
// the units of the target all the same.
func TestPoissonPredictsRates(t *testing.T) {
	const rows = 400
	s := random.New(2, "counts", 0)
	d := Data{Rows: rows}
	for i := range uint64(rows) {
		x := 2*s.Float64(3*i) - 1
		d.Features = append(d.Features, float32(x))
		d.Target = append(d.Target, math.Round(10*math.Exp(1.5*x))*5) // counts of 5
	}
	sig := Signature{Features: []string{"x"}, Column: "y", Task: task.Regression, Scale: 5}
	spec := Spec{Inputs: 1, Outputs: 1, Layers: layers(Dense{Units: 16, Activation: Tanh})}
	cfg := Config{Loss: Loss{Poisson: new(Poisson)}, Optimizer: adam, Epochs: 60, BatchSize: 32, Shuffle: true}
	m := trainModel(t, spec, sig, d, nil, cfg)
	rmse, _ := m.Summary.Curve("train.rmse")
	if last := rmse[len(rmse)-1]; last > 6 {
		t.Errorf("the error of counts up to 225 is %v", last)
	}
	m, err := ReadModel(bytes.NewReader(encode(t, m)), int64(len(encode(t, m))))
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got, err := p.Predict([]tensor.Rows{{F32: []float32{-1, 0, 1}}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{50 * math.Exp(-1.5), 50, 50 * math.Exp(1.5)} {
		if math.Abs(got[i]-want) > 0.15*want+2 {
			t.Errorf("predicted %v, want about %v", got[i], want)
		}
	}

	centered, negative := sig, d
	centered.Center = 20
	negative.Target = slices.Clone(d.Target)
	negative.Target[7] = -5
	for _, tt := range []struct {
		sig  Signature
		data Data
		want string
	}{{centered, d, "scaled around 20"}, {sig, negative, "row 8 is -5"}} {
		_, err := Train(t.Context(), spec, tt.sig, tt.data, nil, cfg)
		if e, ok := errors.AsType[*CountError](err); !ok || !strings.Contains(e.Error(), tt.want) || e.Hint() == "" {
			t.Errorf("want an error with %q, got %v", tt.want, err)
		}
	}
}
