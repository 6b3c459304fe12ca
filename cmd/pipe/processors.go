package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"pipe/base/diag"
	"pipe/nn/xla"
	"pipe/nn/xla/plugin"
	"pipe/stages/train"
)

// processors are what a plugin of XLA computes with, for stages that train.
type processors struct{ places plugin.Places }

var _ train.Processors = processors{}

// Find looks for the plugin anew each time: who runs schedules may install one.
func (x processors) Find(how train.Computing) (train.Processor, error) {
	p, err := plugin.Find(x.places)
	if errors.As(err, new(*plugin.NotFoundError)) {
		return train.Processor{}, &train.NoneError{Err: err}
	}
	if err != nil {
		return train.Processor{}, err
	}
	if p.Platform == plugin.CPU && x.places.XLA == "" {
		return train.Processor{}, &train.NoneError{Err: diag.WithHint(fmt.Errorf("the XLA plugin %s computes on the CPU", p.Path),
			"pipe does that faster; to try it all the same, name it in the variable PIPE_XLA")}
	}
	if err := p.Check().Err(); err != nil {
		return train.Processor{}, err
	}
	found := train.Processor{
		Name:  strings.Join(p.Driver.Models(), " and "),
		Class: p.Class(how.Precision, how.Deterministic, how.Devices),
		GPUs:  how.Devices,
		Open: func(ctx context.Context, gpus []string) (train.Backend, error) {
			return x.open(ctx, p, how, gpus)
		},
	}
	if p.Platform == plugin.CPU {
		found.Name, found.GPUs = "XLA on "+p.Processor, 0
	}
	return found, nil
}

// identity tells apart what Find would find.
func (x processors) identity() string {
	p, err := x.Find(train.Computing{})
	switch {
	case errors.As(err, new(*train.NoneError)):
		return ""
	case err != nil:
		return err.Error()
	}
	return p.Class
}

// open starts a plugin with those of its GPUs that have these names.
func (x processors) open(ctx context.Context, p *plugin.Plugin, how train.Computing, gpus []string) (train.Backend, error) {
	o := xla.Options{Precision: xla.Precision(how.Precision), Deterministic: how.Deterministic, Devices: how.Devices}
	if x.places.Cache != "" {
		o.Cache = filepath.Join(x.places.Cache, "programs")
		o.Identity = p.Class(how.Precision, how.Deterministic, how.Devices)
	}
	if p.Platform == plugin.CUDA && len(gpus) > 0 {
		var err error
		if o.Visible, err = p.Driver.Indices(gpus); err != nil {
			return nil, err
		}
	}
	return xla.Open(ctx, p.Path, o)
}
