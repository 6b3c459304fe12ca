package train

import (
	"errors"
	"fmt"
	"slices"

	"pipe/data/table"
	"pipe/nn"
	"pipe/nn/dataset"
	"pipe/pipeline"
)

var _ pipeline.Sizer = (*Train)(nil)

// Memory is what training on the CPU will need, with the data as far as it is
// held.
func (s *Train) Memory(src pipeline.Sources) (int64, error) {
	if s.Device == onGPU {
		return 0, nil // most of it is the memory of the device
	}
	size, err := s.measure(src)
	if err != nil {
		return 0, err
	}
	cfg, err := s.config(0, size.sig.Classes)
	if err != nil {
		return 0, err
	}
	bytes, err := nn.Memory(size.spec, size.sig, size.rows, size.validation, cfg)
	return int64(bytes) + 8*int64(size.rows+size.validation), err // with the targets
}

// A size is how large a training is.
type size struct {
	info             *table.DatasetInfo
	spec             nn.Spec
	sig              nn.Signature
	rows, validation int
}

// measure looks at the data sets.
func (s *Train) measure(src pipeline.Sources) (size, error) {
	info, sig, rows, err := peek(src, trainPort)
	if err != nil {
		return size{}, err
	}
	m := size{info: info, rows: rows}
	if slices.Contains(src.Inputs(), validationPort) {
		var other nn.Signature
		if _, other, m.validation, err = peek(src, validationPort); err != nil {
			return size{}, err
		}
		if dataset.Differs(&sig, &other) == dataset.Nothing { // else training says so
			dataset.Widen(&sig, &other)
		}
	}
	m.spec, m.sig, err = s.spec(info, sig)
	return m, err
}

// peek reads what a data set is, and of its rows no more than how long they are.
func peek(src pipeline.Sources, port string) (info *table.DatasetInfo, sig nn.Signature, rows int, err error) {
	in, err := src.Open(port)
	if err != nil {
		return nil, sig, 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return nil, sig, 0, fmt.Errorf("%s data set %s: %w", port, in.Name, err)
	}
	steps, err := ds.Steps()
	if err != nil {
		return nil, sig, 0, fmt.Errorf("%s data set %s: %w", port, in.Name, err)
	}
	return &ds.Info, dataset.Signature(ds.Info, steps), int(ds.NumRows()), ds.Close()
}
