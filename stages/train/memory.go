package train

import (
	"errors"
	"fmt"
	"slices"

	"pipe/data/table"
	"pipe/nn"
	"pipe/pipeline"
)

var _ pipeline.Sizer = (*Train)(nil)

// Memory is what training will need, with the data as far as it is held.
func (s *Train) Memory(src pipeline.Sources) (int64, error) {
	info, rows, err := peek(src, trainPort)
	if err != nil {
		return 0, err
	}
	held, validation := dataBytes(info, rows), 0
	if slices.Contains(src.Inputs(), validationPort) {
		v, n, err := peek(src, validationPort)
		if err != nil {
			return 0, err
		}
		validation = n
		held += dataBytes(v, n)
	}
	spec, sig, err := s.spec(info)
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

// peek reads what a data set is, and none of its rows.
func peek(src pipeline.Sources, port string) (info *table.DatasetInfo, rows int, err error) {
	in, err := src.Open(port)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return nil, 0, fmt.Errorf("%s data set %s: %w", port, in.Name, err)
	}
	return &ds.Info, int(ds.NumRows()), ds.Close()
}

// dataBytes is what rows takes of a data set: targets, and features if they are few.
func dataBytes(info *table.DatasetInfo, rows int) int64 {
	bytes := 8 * int64(rows)
	if n := int64(rows) * int64(len(info.Features)); n <= fewFeatures {
		bytes += 4 * n
	}
	return bytes
}
