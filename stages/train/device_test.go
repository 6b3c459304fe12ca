package train

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/nn"
	"pipe/nn/cpu"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
	"pipe/pipeline/settings"
)

// Settings that only a GPU knows are a mistake where the CPU is asked for, and
// fine where a GPU might be.
func TestDeviceSettings(t *testing.T) {
	for _, c := range []struct{ with, want string }{
		{"device: cpu", ""},
		{"device: gpu\nprecision: bfloat16\ndeterministic: false", ""},
		{"precision: tf32", ""},
		{"device: tpu", "must be one of"},
		{"device: cpu\nprecision: tf32", "a CPU computes with float32: tf32 is for GPUs"},
		{"device: cpu\ndeterministic: false", "a CPU always computes the same bits"},
	} {
		_, err := pipeline.DecodeStage(Kind(nil), "network: []\n"+c.with)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.with, err, c.want)
		}
	}
}

// Pipelines that say nothing of devices keep the keys that they had before there
// were any.
func TestDeviceLeavesKeysAlone(t *testing.T) {
	plain := string(settings.Canonical(pipelinetest.Decode(t, Kind(nil), "network: []")))
	for _, word := range []string{"device", "precision", "deterministic"} {
		if strings.Contains(plain, word) {
			t.Errorf("%s is in %s", word, plain)
		}
	}
	for _, with := range []string{"device: gpu", "precision: tf32", "deterministic: false"} {
		if got := string(settings.Canonical(pipelinetest.Decode(t, Kind(nil), "network: []\n"+with))); got == plain {
			t.Errorf("%s does not change the key", with)
		}
	}
}

// A card is a GPU that is not there: what it is asked for is computed by the CPU.
type card struct {
	Processor
	err    error
	opened []string
	closed int
}

func (c *card) Find(how Computing) (Processor, error) {
	p := c.Processor
	p.Class += "; " + how.String()
	p.Open = func(_ context.Context, gpus []string) (Backend, error) {
		c.opened = append(c.opened, strings.Join(gpus, ","))
		return &opened{cpu.New(), c}, nil
	}
	return p, c.err
}

type opened struct {
	*cpu.Backend
	c *card
}

func (o *opened) Close() error { o.c.closed++; return nil }

func newCard() *card {
	return &card{Processor: Processor{Name: "NVIDIA H200", Class: "xla/1", GPUs: 1}}
}

// A stored is the inputs of a stage.
type stored struct {
	t     *testing.T
	store *artifacts.Store
	ids   map[string]artifacts.ID
}

func store(t *testing.T, inputs map[string][]byte) *stored {
	s, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	all := &stored{t, s, map[string]artifacts.ID{}}
	for port, b := range inputs {
		w, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if all.ids[port], _, err = w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (s *stored) Inputs() (list []string) {
	for port := range s.ids {
		list = append(list, port)
	}
	return list
}

func (s *stored) Open(port string) (*pipeline.Input, error) {
	f, err := s.store.Peek(s.ids[port])
	return &pipeline.Input{File: f, Name: port}, err
}

func (s *stored) OpenDir(string) (*artifacts.Dir, error) { return nil, errors.New("none is") }

const (
	short = "network: [{dense: 4}]\n"
	long  = "network: [{dense: 4096}, {dense: 4096}, {dense: 4096}]\nepochs: 1000\n"
)

// auto takes a GPU for long trainings only, and says what it goes by.
func TestAutoTakesAGPUThatPays(t *testing.T) {
	data := store(t, inputs(t, species))
	missing := newCard()
	missing.err = &NoneError{errors.New("there is no plugin")}
	broken := newCard()
	broken.err = errors.New("there is no driver")
	emulated := newCard()
	emulated.GPUs = 0
	for _, c := range []struct {
		name, with string
		on         Processors
		gpus       int
		kept       int // GPUs that the run is not offered
		inputs     pipeline.Sources
		gpu        bool
		why        string
	}{
		{"short", short, newCard(), 0, 0, data, false, "training takes about a second on a CPU, and a GPU pays from about 40 s on"},
		{"long", long, newCard(), 0, 0, data, true, "on a CPU, and about 22 s there"},
		{"long, but not in this run", long, newCard(), 0, 1, data, false, "the run is offered no GPU"},
		{"long, for the CPU", long + "device: cpu", newCard(), 0, 0, data, false, ""},
		{"long, without GPU", long, missing, 0, 0, data, false, ""},
		{"with a GPU of its own that nothing can use", short, missing, 1, 0, data, false, "there is no plugin"},
		{"long, with a GPU that does not work", long, broken, 0, 0, data, false, "there is no driver"},
		{"long, with a CPU in its place", long, emulated, 0, 0, data, false, ""},
		{"long, without anything", long, nil, 0, 0, data, false, ""},
		{"short, with a GPU of its own", short, newCard(), 1, 0, data, true, "the stage has resources.gpu"},
		{"before there is data", long, newCard(), 1, 0, nil, false, ""},
		{"short, for the GPU", short + "device: gpu", newCard(), 0, 0, nil, true, ""},
		{"for what is taken for a GPU", short + "device: gpu", emulated, 0, 0, nil, true, ""},
	} {
		on, err := pipelinetest.Decode(t, Kind(c.on), c.with).(pipeline.Placer).Place(pipeline.GPUs{Declared: c.gpus, Offered: 1 - c.kept}, c.inputs)
		if err != nil || on.IsCPU() == c.gpu || !strings.Contains(on.Why, c.why) || c.why == "" && on.Why != "" {
			t.Errorf("%s: %+v, %v", c.name, on, err)
		}
		if c.gpu && (on.Engine != nn.Engine+"; xla/1; float32, deterministic" || on.Device != "NVIDIA H200, float32, deterministic" || on.Varies || on.Devices != 1) {
			t.Errorf("%s: %+v", c.name, on)
		}
	}
}

// Who asks for a GPU is told why there is none, and what to do.
func TestGPUThatIsNotThere(t *testing.T) {
	missing := newCard()
	missing.err = diag.WithHint(errors.New("there is no driver"), "install one")
	for _, c := range []struct {
		on   Processors
		want string
	}{{nil, "this program knows no GPUs"}, {missing, "device: gpu: there is no driver"}} {
		_, err := pipelinetest.Decode(t, Kind(c.on), short+"device: gpu").(pipeline.Placer).Place(pipeline.GPUs{Offered: 1}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || diag.HintOf(err) == "" {
			t.Errorf("%v (hint %q), want %q", err, diag.HintOf(err), c.want)
		}
	}
}

// The stage trains where it was placed, and the model says where that was; on the
// CPU the model is as it always was.
func TestTrainsWhereItIsPlaced(t *testing.T) {
	c := newCard()
	kind := Kind(c)
	at := pipelinetest.Case{Kind: kind, With: small + "device: gpu\nprecision: tf32\n", Inputs: inputs(t, species), Seed: 5}
	on, err := pipelinetest.Decode(t, kind, at.With).(pipeline.Placer).Place(pipeline.GPUs{Offered: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	summary := func(r pipelinetest.Result) nn.Summary {
		m, err := nn.ReadModel(bytes.NewReader(r.Outputs["model"]), int64(len(r.Outputs["model"])))
		if err != nil {
			t.Fatal(err)
		}
		return m.Summary
	}
	here := pipelinetest.Run(t, at)
	if len(c.opened) > 0 || summary(here).Device != "" {
		t.Errorf("on the CPU: opened %q, the model says %q", c.opened, summary(here).Device)
	}
	plain := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: small, Inputs: at.Inputs, Seed: 5})
	if !bytes.Equal(here.Outputs["model"], plain.Outputs["model"]) {
		t.Error("the model is another one where there is a GPU that was not used")
	}
	at.Placement = on
	there := pipelinetest.Run(t, at)
	if len(c.opened) != 1 || c.closed != 1 || summary(there).Device != "NVIDIA H200, tf32, deterministic" {
		t.Errorf("opened %d times, closed %d; the model says %q", len(c.opened), c.closed, summary(there).Device)
	}
	c.Class = "xla/2"
	if _, err := pipelinetest.RunErr(t, at); err == nil || !strings.Contains(err.Error(), "no longer the same") {
		t.Errorf("it trained on another class than that of its key: %v", err)
	}
}
