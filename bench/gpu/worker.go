package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"pipe/nn"
	"pipe/nn/xla"
	"pipe/nn/xla/plugin"
)

// A request is what a program is asked for: a line of JSON. Do is "load", "time",
// "look", "memory" or "free".
type request struct {
	Do        string `json:"do"`
	Case      string `json:"case,omitempty"` // name of the network
	Precision string `json:"precision,omitempty"`
	Folder    string `json:"folder,omitempty"` // with those of networks
	Steps     int    `json:"steps,omitempty"`
	Write     bool   `json:"write,omitempty"` // initial parameters, for peers
	Hash      bool   `json:"hash,omitempty"`  // the parameters after the steps
}

// An answer is a line of JSON too.
type answer struct {
	Error   string            `json:"error,omitempty"`
	Program string            `json:"program,omitempty"` // what answers, said before anything is asked
	Device  string            `json:"device,omitempty"`
	About   map[string]string `json:"about,omitempty"` // versions
	Seconds float64           `json:"seconds,omitempty"`
	Losses  []float64         `json:"losses,omitempty"`
	Hash    string            `json:"hash,omitempty"`
	Peak    int64             `json:"peak,omitempty"` // bytes of the device in use at most; 0: not known
	// Of pipe alone: what loading consists of, and the memory that is predicted.
	Find      float64 `json:"find,omitempty"`    // the plugin
	Open      float64 `json:"open,omitempty"`    // the device
	Prepare   float64 `json:"prepare,omitempty"` // data and parameters
	First     float64 `json:"first,omitempty"`   // step, for which a program is compiled, or loaded
	Predicted int64   `json:"predicted,omitempty"`
}

// ready is how long it takes until a first step is done, of one who has a device:
// programs are compiled in the background, and the step waits for its own.
func (a answer) ready() float64 { return a.Prepare + a.First }

// A worker trains one network on a device, as it is asked to.
type worker struct {
	options  xla.Options
	small    bool
	device   *xla.Device
	steps    *nn.Steps
	answered *json.Encoder
}

func (w *worker) serve(in io.Reader, out io.Writer) error {
	w.answered = json.NewEncoder(out)
	if err := w.answered.Encode(answer{Program: "pipe"}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var q request
		err := json.Unmarshal(lines.Bytes(), &q)
		var a answer
		if err == nil {
			a, err = w.do(q)
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := w.answered.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (w *worker) do(q request) (a answer, err error) {
	if q.Do != "load" && w.steps == nil {
		return a, fmt.Errorf("%s before load", q.Do)
	}
	switch q.Do {
	case "load":
		return w.load(q)
	case "time": // nobody looks at a loss
		a.Seconds, err = seconds(func() error {
			for range q.Steps {
				if err := w.steps.Ask(context.Background()); err != nil {
					return err
				}
			}
			return w.steps.Wait()
		})
	case "look": // at each loss before the next step
		a.Seconds, err = seconds(func() error {
			for range q.Steps {
				if _, err := w.steps.Step(context.Background()); err != nil {
					return err
				}
			}
			return nil
		})
	case "memory":
		a.Peak = w.device.Peak()
	default:
		err = fmt.Errorf("do %q?", q.Do)
	}
	return a, err
}

func seconds(do func() error) (float64, error) {
	begun := time.Now()
	err := do()
	return time.Since(begun).Seconds(), err
}

// load prepares training, as one who has the data in memory, and does some steps.
func (w *worker) load(q request) (a answer, err error) {
	n, err := find(q.Case, w.small)
	if err != nil {
		return a, err
	}
	data, err := n.readData(q.Folder)
	if err != nil {
		return a, err
	}
	begun := time.Now()
	lap := func() float64 {
		now := time.Now()
		took := now.Sub(begun).Seconds()
		begun = now
		return took
	}
	found, err := plugin.Find(plugin.NewPlaces(os.LookupEnv))
	if err != nil {
		return a, err
	}
	a.About = map[string]string{"plugin": found.Package + " " + found.Version, "driver": found.Driver.Version}
	for _, l := range found.Libraries {
		if l.Path != "" {
			a.About[l.Name] = l.Version
		}
	}
	w.options.Identity = found.Class(string(w.options.Precision), w.options.Deterministic, 1)
	a.Find = lap()
	if w.device, err = xla.Open(context.Background(), found.Path, w.options); err != nil {
		return a, err
	}
	a.Device = w.device.Name()
	a.Open = lap()
	if w.steps, err = nn.NewSteps(n.spec(), n.signature(), data, n.config(w.device)); err != nil {
		return a, err
	}
	a.Prepare = lap()
	if q.Write {
		params, err := w.steps.Params()
		if err != nil {
			return a, err
		}
		if err := n.writeCase(q.Folder, params); err != nil {
			return a, err
		}
		lap()
	}
	for i := range q.Steps {
		loss, err := w.steps.Step(context.Background())
		if err != nil {
			return a, err
		}
		a.Losses = append(a.Losses, loss)
		if i == 0 {
			a.First = lap()
		}
	}
	a.Seconds = a.Find + a.Open + a.Prepare + a.First
	err = w.sum(n, q, &a)
	return a, err
}

// sum adds what is known of the parameters: their hash, and the memory that training
// with them takes.
func (w *worker) sum(n *network, q request, a *answer) error {
	a.Predicted = int64(w.steps.Bytes())
	if w.options.Room >= 0 {
		a.Predicted += 4 * int64(n.rows()) * int64(n.Inputs+3) // the target, the weight and the place in the order
	}
	shapes, err := n.spec().Shapes()
	if err != nil {
		return err
	}
	for _, p := range shapes.Params() {
		a.Predicted += 3 * 4 * int64(p.Size()) // with the two moments of Adam
	}
	if !q.Hash {
		return nil
	}
	params, err := w.steps.Params()
	if err != nil {
		return err
	}
	h := sha256.New()
	for _, p := range params {
		raw := make([]byte, 0, 4*len(p.Data))
		for _, v := range p.Data {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		h.Write(raw)
	}
	a.Hash = fmt.Sprintf("%x", h.Sum(nil)[:8])
	return nil
}

// close ends what was loaded.
func (w *worker) close() {
	if w.steps != nil {
		w.steps.Close()
	}
	if w.device != nil {
		w.device.Close()
	}
}
