package relate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
)

func unionKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "union",
		Version: 2,
		Doc: `Make one table of the rows of several, one after the other.

Tables come in the order of the names of their inputs, or in that of ` + "`order`" + `. Columns are found by name,
wherever they are, and are in the order of the first table. All tables have the same columns, or with
` + "`columns: all`" + ` those that one of them has, which are missing in the others.

A column has the smallest type that holds the values of all: whole numbers the wider one, whole and
decimal numbers float64 (a number that is not exact there is an error), times the finer one, dates and
timestamps a timestamp. Text and anything else do not go together, but a column without any value
goes together with all.

Many files of one format are one table sooner: see ` + "`path`" + ` of ` + "[`ingest`](#ingest)" + `, which then knows how each value
was written.`,
		Example: `
year:
  uses: union
  inputs: {a_january: january, b_february: february}
  with: {source: month}
`,
		Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Table, Doc: "the tables"}},
		Outputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows of all"}},
		New:     func() pipeline.Stage { return new(Union) },
	}
}

// Union is the configuration and the stage.
type Union struct {
	Columns string   `yaml:"columns" default:"same" enum:"same,all" doc:"Whether all tables have the same columns, or there are all that one of them has."`
	Source  string   `yaml:"source" doc:"The name of a column that says which input each row is from. There is none if it is absent."`
	Order   []string `yaml:"order" doc:"The inputs in the order in which their rows come. That of their names if it is absent."`
}

// Validate finds inputs that are named twice.
func (s *Union) Validate() error { return distinctNames("order", s.Order) }

// Foresee finds out whether the order is one of the inputs.
func (s *Union) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	names := slices.Sorted(maps.Keys(inputs))
	var errs []error
	if len(names) == 0 {
		errs = append(errs, fieldError("", "write `inputs: {one: STAGE, two: STAGE}`", "there is no table to unite"))
	}
	for i, name := range s.Order {
		if !slices.Contains(names, name) {
			errs = append(errs, fieldError(fmt.Sprintf("order.%d", i), diag.NearestHint(name, names), "there is no input %q", name))
		}
	}
	if len(s.Order) > 0 {
		for _, name := range names {
			if !slices.Contains(s.Order, name) {
				errs = append(errs, fieldError("order", "add it, or remove `order`", "the input %q has no place in the order", name))
			}
		}
	}
	return pipeline.Facts{}, errors.Join(errs...)
}

// Run implements pipeline.Stage.
func (s *Union) Run(ctx context.Context, env pipeline.Env) error {
	ports := s.Order
	if len(ports) == 0 {
		ports = env.Inputs()
	}
	var tables []relation.Named
	var all []*opened
	for _, port := range ports {
		in, err := openTable(env, port)
		if err != nil {
			return err
		}
		defer in.Close()
		tables, all = append(tables, relation.Named{Reader: in.Reader, Name: in.name, Label: port}), append(all, in)
	}
	if len(tables) == 0 {
		return errors.New("there is no table to unite")
	}
	u, err := relation.NewUnifier(ctx, tables, relation.Union{Lacking: s.Columns == "all", Source: s.Source})
	if err != nil {
		return err
	}
	var schemas []*arrow.Schema
	for _, t := range tables {
		schemas = append(schemas, t.Schema())
	}
	schema, err := replay.Meet(u.Schema(), true, schemas...)
	if err != nil {
		return err
	}
	out, err := create(env, tablePort, schema)
	if err != nil {
		return err
	}
	defer out.Discard()
	for _, in := range all {
		passOn(env, tablePort, in)
	}
	if err := u.Run(ctx, means(env), out.Write); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	env.Metric("rows", float64(out.Rows()), metric.Meaning{})
	env.Log().Info("united", "tables", len(tables), "rows", out.Rows(), "columns", len(table.Names(u.Schema())))
	return nil
}
