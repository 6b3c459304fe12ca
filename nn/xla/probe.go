package xla

import (
	"errors"
	"fmt"
	"time"

	"pipe/nn/xla/pjrt"
	"pipe/nn/xla/stablehlo"
)

// A Report is what a plugin says of itself once it is started.
type Report struct {
	API        string         `json:"api"`        // version of the C API of PJRT
	Attributes map[string]any `json:"attributes"` // as the plugin names them
	Platform   string         `json:"platform"`   // its version, in words
	Devices    []string       `json:"devices"`    // their kinds
	Memory     int64          `json:"memory"`     // of the first device, in bytes; 0 if the plugin does not say
	Steps      []Step         `json:"steps"`      // that went well
}

// A Step is a part of starting a plugin.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Probe starts a plugin, computes a product on its first device, and ends its
// client. done is told of each step when it is over: a plugin that does not fit may
// end the process. With an error comes what is known by then.
func Probe(path string, done func(Step)) (*Report, error) {
	r := &Report{}
	p := &probe{Report: r, path: path}
	steps := []struct {
		name string
		do   func() error
	}{
		{"load the plugin", p.load},
		{"start a client", p.start},
		{"compile a product", p.compile},
		{"compute it", p.compute},
	}
	for _, s := range steps {
		begun := time.Now()
		if err := s.do(); err != nil {
			return r, errors.Join(err, p.close())
		}
		r.Steps = append(r.Steps, Step{s.name, time.Since(begun).Seconds()})
		done(r.Steps[len(r.Steps)-1])
	}
	return r, p.close()
}

type probe struct {
	*Report
	path    string
	plugin  *pjrt.Plugin
	client  *pjrt.Client
	product *pjrt.Executable
}

func (p *probe) load() (err error) {
	if p.plugin, err = pjrt.Load(p.path); err != nil {
		return err
	}
	major, minor := p.plugin.Version()
	p.API = fmt.Sprintf("%d.%d", major, minor)
	p.Attributes, err = p.plugin.Attributes()
	return err
}

func (p *probe) start() (err error) {
	if p.client, err = p.plugin.NewClient(clientOptions(p.Attributes, nil)); err != nil {
		return err
	}
	_, p.Platform = p.client.Platform()
	p.Devices = p.client.Kinds()
	if m, err := p.client.Memory(0); err == nil { // those for CPUs do not say
		p.Memory = m.Limit
	}
	return nil
}

// side is that of the matrices: small enough that all sums are exact in any precision.
const side = 128

func (p *probe) compile() (err error) {
	f := &stablehlo.Func{Exact: true, Devices: 1}
	a, b := f.Arg(stablehlo.F32, false, side, side), f.Arg(stablehlo.F32, false, side, side)
	p.product, err = p.client.Compile([]byte(f.Module(f.MatMul(a, 1, b, 0, stablehlo.F32))), pjrt.CompileOptions{})
	return err
}

func (p *probe) compute() error {
	a, b := make([]float32, side*side), make([]float32, side*side)
	for i := range side {
		for j := range side {
			a[i*side+j], b[i*side+j] = float32((i+2*j)%5-2), float32((3*i+j)%7-3)
		}
	}
	args := make([]*pjrt.Buffer, 2)
	for i, data := range [][]float32{a, b} {
		buffer, err := pjrt.Put(p.client, 0, data, side, side)
		if err != nil {
			return err
		}
		defer buffer.Free()
		args[i] = buffer
	}
	results, err := p.product.Run(args, 1)
	if err != nil {
		return err
	}
	defer results[0].Free()
	got := make([]float32, side*side)
	if err := pjrt.Get(got, results[0]); err != nil {
		return err
	}
	for i := range side {
		for j := range side {
			want := float32(0)
			for k := range side {
				want += a[i*side+k] * b[k*side+j]
			}
			if got[i*side+j] != want {
				return fmt.Errorf("the product is wrong: %v at %d, %d, not %v", got[i*side+j], i, j, want)
			}
		}
	}
	return nil
}

func (p *probe) close() error {
	if p.product != nil {
		p.product.Close()
	}
	if p.client == nil {
		return nil
	}
	return p.client.Close()
}
