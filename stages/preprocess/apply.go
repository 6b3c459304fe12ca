package preprocess

import (
	"context"
	"fmt"

	"pipe/data/feature"
	"pipe/pipeline"
)

func applyKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "apply",
		Version: 2,
		Doc: `Apply transforms that were fitted by another stage to tables.

The stage makes a data set for each table, under the name of its input, as the preprocess stage that
has fitted the ` + "`transform`" + ` would have made it. So a model can be evaluated on rows that came later.
Gates use it, too: to compare a new model with the one in production on the same rows, these go
through the transform that the model in production was trained behind.

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
type Apply struct{}

// OutputPorts are a data set for each table.
func (*Apply) OutputPorts(inputs []string) []pipeline.Port {
	var ports []pipeline.Port
	for _, in := range inputs {
		if in != transformPort {
			ports = append(ports, dataSetPort(in))
		}
	}
	return ports
}

func dataSetPort(table string) pipeline.Port {
	return pipeline.Port{Name: table, Type: pipeline.Dataset, Doc: "the data set made of the table " + table}
}

// Run implements pipeline.Stage.
func (*Apply) Run(ctx context.Context, env pipeline.Env) error {
	transform, err := readTransform(env)
	if err != nil {
		return err
	}
	for _, port := range env.Inputs() {
		if port == transformPort {
			continue
		}
		if err := apply(ctx, env, transform, transform.ApplyTo, port, ""); err != nil {
			return err
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
