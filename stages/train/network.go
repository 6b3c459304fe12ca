package train

import (
	"errors"

	"pipe/nn"
	"pipe/pipeline/settings"
)

// network is the setting of the layers.
const network = "network"

// Validate finds layers that do not fit each other, as far as that does not
// depend on the data.
func (s *Train) Validate() error {
	layers := nn.Expand(s.Network, network)
	if len(s.Branches) == 0 { // what branches give is known when the data is
		if err := nn.CheckLayers(layers); err != nil {
			return placed(err)
		}
	}
	return errors.Join(s.checkDevice(), s.checkBalance(), lastSoftmax(layers))
}

// placed turns an error about a layer into one about the setting that it was
// written as, or about the branch of an input as a whole.
func placed(err error, branches ...nn.Branch) error {
	e := (*nn.LayerError)(nil)
	if !errors.As(err, &e) {
		return err
	}
	setting := network
	for i, b := range branches {
		if e.Path == nn.BranchPath(i) {
			setting = "branches." + b.Input
		}
	}
	return e.Placed(setting)
}

// lastSoftmax warns of a softmax that is meant to be that of the output layer.
func lastSoftmax(layers []nn.Layer) error {
	if len(layers) == 0 {
		return nil
	}
	last := &layers[len(layers)-1]
	setting := last.Setting()
	switch {
	case last.Activation != nil && last.Activation.Kind == nn.Softmax:
	case last.Dense != nil && last.Dense.Activation == nn.Softmax:
		setting += ".activation"
	default:
		return nil
	}
	return &settings.FieldError{Field: setting, Warning: true, Err: errors.New("behind this softmax comes the output layer, with a softmax of its own"),
		Todo: "leave out the last layer if it is meant to be the output: network lists what is between input and output"}
}
