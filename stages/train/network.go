package train

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/nn"
	"pipe/pipeline/settings"
)

// A network is the layers in the terms of package nn, with where they were
// written.
type network struct {
	layers  []nn.Layer
	origins map[string]origin // by path in nn.Spec
	last    string            // setting of the last layer, "network" if there is none
}

// An origin is the setting that a layer comes from: "network.2.conv2d".
type origin struct {
	setting string
	preset  bool // one of several layers that the setting stands for
}

// network expands presets.
func (s *Train) network() network {
	n := network{origins: map[string]origin{}, last: "network"}
	n.layers = n.expand(s.Network, "network", "layers")
	if i := len(s.Network) - 1; i >= 0 {
		name, _ := s.Network[i].variant()
		n.last = join("network", i) + "." + name
	}
	return n
}

// expand makes layers of a list at a setting, for the path of their list.
func (n *network) expand(list []Layer, setting, path string) []nn.Layer {
	out := make([]nn.Layer, 0, len(list))
	for i := range list {
		name, v := list[i].variant()
		from := origin{setting: join(setting, i) + "." + name}
		at := join(path, len(out))
		var made []nn.Layer
		switch v := v.(type) {
		case *Residual:
			inner := n.expand(v.Layers, from.setting+".layers", at)
			made = one(nn.Layer{Residual: &nn.Residual{Layers: inner}})
		case *Concat:
			c := &nn.Concat{}
			for j, branch := range v.Branches {
				c.Branches = append(c.Branches, n.expand(branch, join(from.setting+".branches", j), join(at, j)))
			}
			made = one(nn.Layer{Concat: c})
		case *Recurrent:
			made = v.layers(name == "gru")
		case *Pool:
			if name == "max_pool" {
				made = one(nn.Layer{MaxPool: v.pool()})
			} else {
				made = one(nn.Layer{AveragePool: v.pool()})
			}
		case interface{ layers() []nn.Layer }:
			made = v.layers()
		}
		from.preset = isPreset(v)
		for j := range made {
			n.origins[join(path, len(out)+j)] = from
		}
		out = append(out, made...)
	}
	return out
}

// isPreset says whether settings are those of a preset, or of a layer that can be
// one and is.
func isPreset(v any) bool {
	switch v := v.(type) {
	case *MLP, *CNN, *ResNet:
		return true
	case interface{ preset() bool }:
		return v.preset()
	}
	return false
}

func join(path string, i int) string { return path + "." + strconv.Itoa(i) }

// variant is the kind of layer that was chosen, and its settings.
func (l *Layer) variant() (name string, settings any) {
	v := reflect.ValueOf(l).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			return v.Type().Field(i).Tag.Get("yaml"), f.Interface()
		}
	}
	return "", nil
}

// place turns an error about a layer into one about the setting that it comes
// from.
func (n *network) place(err error) error {
	var e *nn.LayerError
	if !errors.As(err, &e) {
		return err
	}
	text, setting := e.Text, "network"
	switch at, ok := n.origin(e.Path); {
	case e.Path == "output":
		setting, text = n.last, "the output layer "+text
	case ok && (at.preset || n.origins[e.Path] != at):
		setting, text = at.setting, "its "+e.Kind+" "+text
	case ok:
		setting = at.setting
		if e.Setting != "" {
			setting += "." + e.Setting
		}
	}
	return &settings.FieldError{Field: setting, Err: diag.WithHint(errors.New(text), e.Todo)}
}

// origin is that of a layer, or of the one that it is part of.
func (n *network) origin(path string) (origin, bool) {
	for {
		if at, ok := n.origins[path]; ok {
			return at, true
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return origin{}, false
		}
		path = path[:i]
	}
}

// Validate finds layers that do not fit each other, as far as that does not
// depend on the data.
func (s *Train) Validate() error {
	n := s.network()
	if err := nn.CheckLayers(n.layers); err != nil {
		return n.place(err)
	}
	return n.lastSoftmax()
}

// lastSoftmax warns of a softmax that is meant to be that of the output layer.
func (n *network) lastSoftmax() error {
	if len(n.layers) == 0 {
		return nil
	}
	setting := n.last
	switch l := n.layers[len(n.layers)-1]; {
	case l.Activation != nil && l.Activation.Kind == nn.Softmax:
	case l.Dense != nil && l.Dense.Activation == nn.Softmax:
		setting += ".activation"
	default:
		return nil
	}
	return &settings.FieldError{Field: setting, Warning: true, Err: errors.New("behind this softmax comes the output layer, with a softmax of its own"),
		Hint: "leave out the last layer if it is meant to be the output: network lists what is between input and output"}
}
