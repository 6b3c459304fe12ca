package predict

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/estimator"
	"pipe/nn/dataset"
	"pipe/pipeline"
)

// predictData streams a data set, whose rows are as the network takes them.
func (s *Stage) predictData(ctx context.Context, env pipeline.Env, model *estimator.Model, in *pipeline.Input) error {
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return err
	}
	defer ds.Close()
	if err := dataFits(model, ds.Info); err != nil {
		return err
	}
	kept, err := keptSchema(ds)
	if err != nil {
		return err
	}
	a, err := s.ask(env, model, kept, ds.NumRows())
	if err != nil {
		return err
	}
	defer a.Close()
	defer a.out.Discard()
	a.out.columns(env, dataPort, dataPort, ds.Info.Elements())
	for ex, err := range ds.Stream() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		rows := ex.Kept
		if rows == nil {
			rows = array.NewRecordBatch(kept, nil, int64(ex.Rows))
		}
		if err := a.add(rows, ex.Inputs, nil); err != nil {
			return err
		}
	}
	return s.finish(a, ds.NumRows(), feature.Counts{})
}

// dataFits checks that a data set was made for the model, but for a target.
func dataFits(model *estimator.Model, info table.DatasetInfo) error {
	sig := &model.Signature
	made := dataset.Signature(info, nil)
	const hint = "connect a data set of the preprocess stage that the model was trained with"
	switch dataset.Differs(sig, &made) {
	case dataset.Inputs:
		return diag.WithHint(fmt.Errorf("the inputs are %s, those of the model %s", dataset.Text(&made), dataset.Text(sig)), hint)
	case dataset.Features:
		return diag.WithHint(errors.New(otherFeatures("it has", dataset.Names(&made), dataset.Names(sig))), hint)
	}
	if model.Network != nil {
		return diag.WithHint(dataset.Complete(info), hint)
	}
	return nil
}

// keptSchema is the columns of a data set that are carried along.
func keptSchema(ds *table.Dataset) (*arrow.Schema, error) {
	var fields []arrow.Field
	for _, name := range ds.Info.Keep {
		i, err := table.Column(ds.Schema(), name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, ds.Schema().Field(i))
	}
	return arrow.NewSchema(fields, nil), nil
}

// inputsOf views the first n columns of a record as inputs.
func inputsOf(rec arrow.RecordBatch, n int) ([]tensor.Rows, error) {
	inputs := make([]tensor.Rows, n)
	for i := range inputs {
		var ok bool
		if inputs[i], ok = table.Lists(rec.Column(i)); !ok {
			return nil, fmt.Errorf("column %q is no input", rec.ColumnName(i))
		}
	}
	return inputs, nil
}
