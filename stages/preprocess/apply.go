package preprocess

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipe/data/feature"
	"pipe/data/replay"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

func applyKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "apply",
		Version: 4,
		Doc: `Apply transforms that were fitted by another stage to tables.

The stage makes a data set for each table, under the name of its input, as the preprocess stage that
has fitted the ` + "`transform`" + ` would have made it. So a model can be evaluated on rows that came later.
Gates use it, too: to compare a new model with the one in production on the same rows, these go
through the transform that the model in production was trained behind.

Tables of rows that were only read go through what the training data went through: columns are
derived, tables are joined, and the rows that filters and inner joins left out are left out. The tables that
are joined are inputs, too, which ` + "`joined`" + ` names: those of training, or later versions of them.

The tables need the target column, and rows without a target are dropped; for new rows of which
nobody knows it there is predict.`,
		Example: `later:
  uses: apply
  inputs: {transform: features.transform, test: new_rows}
`,
		Inputs: []pipeline.Port{
			{Name: transformPort, Type: pipeline.Transform, Doc: "the fitted transforms"},
			{Name: "*", Type: pipeline.Table, Doc: "tables to apply them to", Optional: true},
		},
		New: func() pipeline.Stage { return new(Apply) },
	}
}

// Apply applies fitted transforms.
type Apply struct {
	Joined []string `yaml:"joined" single:"true" added:"true" doc:"Inputs that are tables to join, as in training, and none to apply the transforms to."`
}

// Foresee finds out whether those are connected.
func (s *Apply) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	var errs []error
	for i, name := range s.Joined {
		if _, ok := inputs[name]; !ok || name == transformPort {
			errs = append(errs, &settings.FieldError{Field: fmt.Sprintf("joined.%d", i), Err: fmt.Errorf("there is no input %q", name), Todo: fmt.Sprintf("connect it: `inputs: {%s: STAGE}`", name)})
		}
	}
	return pipeline.Facts{}, errors.Join(errs...)
}

// OutputPorts are a data set for each table.
func (s *Apply) OutputPorts(inputs []string) []pipeline.Port {
	var ports []pipeline.Port
	for _, in := range inputs {
		if s.applies(in) {
			ports = append(ports, dataSetPort(in))
		}
	}
	return ports
}

// applies says whether an input is a table to apply the transforms to.
func (s *Apply) applies(port string) bool {
	return port != transformPort && !slices.Contains(s.Joined, port)
}

func dataSetPort(table string) pipeline.Port {
	return pipeline.Port{Name: table, Type: pipeline.Dataset, Doc: "the data set made of the table " + table}
}

// Run implements pipeline.Stage.
func (s *Apply) Run(ctx context.Context, env pipeline.Env) error {
	transform, err := readTransform(env)
	if err != nil {
		return err
	}
	tables, err := joined(env, s.Joined)
	defer closeAll(tables)
	if err != nil {
		return err
	}
	transform = transform.With(tables)
	for _, port := range env.Inputs() {
		if !s.applies(port) {
			continue
		}
		if err := apply(ctx, env, transform, transform.ApplyTo, nil, port, ""); err != nil {
			return replay.Lacking(err, "connect the right table of the join, or a later version of it, and name it: `inputs: {weather: STAGE}`, `with: {joined: weather}`")
		}
	}
	return nil
}

func readTransform(env pipeline.Env) (*feature.Transform, error) {
	in, err := env.Open(transformPort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	transform, err := feature.ReadTransform(in, feature.All())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return transform, nil
}

var _ pipeline.Fitter = (*Preprocess)(nil)

// Fitted implements pipeline.Fitter.
func (*Preprocess) Fitted() string { return transformPort }

// Source implements pipeline.Fitter.
func (*Preprocess) Source(output string) string {
	if output == transformPort {
		return ""
	}
	return output
}

// Applier implements pipeline.Fitter.
func (*Preprocess) Applier() *pipeline.Kind {
	kind := applyKind()
	return &kind
}
