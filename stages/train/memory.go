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

// Memory is what training will need, with the data as far as it is held.
func (s *Train) Memory(src pipeline.Sources) (int64, error) {
	info, sig, rows, err := peek(src, trainPort)
	if err != nil {
		return 0, err
	}
	held, validation := 8*int64(rows), 0 // targets
	if slices.Contains(src.Inputs(), validationPort) {
		_, _, n, err := peek(src, validationPort)
		if err != nil {
			return 0, err
		}
		validation = n
		held += 8 * int64(n)
	}
	spec, sig, err := s.spec(info, sig)
	if err != nil {
		return 0, err
	}
	cfg, err := s.config(0, sig.Classes)
	if err != nil {
		return 0, err
	}
	bytes, err := nn.Memory(spec, sig, rows, validation, cfg)
	return int64(bytes) + held, err
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
