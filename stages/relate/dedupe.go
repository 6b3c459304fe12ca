package relate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

const duplicatesPort = "duplicates"

func dedupeKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "dedupe",
		Version: 1,
		Doc: `Leave out rows that are there already.

Rows are the same if they are in all columns, or in those of ` + "`by`" + `. The first of them is kept, or with
` + "`keep`" + ` the last, or none: then only rows stay that are there once. A missing value is the same as a
missing value. Rows keep their order. The rows that were left out are the output ` + "`duplicates`" + ` with
` + "`duplicates: true`" + `.

Rows that are in a training set and in a test set tell a model the answers, so this stage belongs
before ` + "`split`" + `. Memory is bounded, but for one bit for each row.`,
		Example: `
people:
  uses: dedupe
  inputs: {table: load}
  with: {by: [name, born], keep: last}
`,
		Inputs:  []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows"}},
		Outputs: dedupeOutputs(),
		New:     func() pipeline.Stage { return new(Dedupe) },
	}
}

func dedupeOutputs() []pipeline.Port {
	return []pipeline.Port{
		{Name: tablePort, Type: pipeline.Table, Doc: "the rows that are kept, with all columns"},
		{Name: duplicatesPort, Type: pipeline.Table, Optional: true, Aside: true, Doc: "only with duplicates: true. The rows that were left out"},
	}
}

// Dedupe is the configuration and the stage.
type Dedupe struct {
	By         []string `yaml:"by" single:"true" doc:"The columns that say which rows are the same; all if it is absent."`
	Keep       string   `yaml:"keep" default:"first" enum:"first,last,none" doc:"Which of the same rows is kept. With none, all of them are left out."`
	Duplicates bool     `yaml:"duplicates" default:"false" doc:"Whether the rows that are left out are an output of their own."`
}

// Validate finds columns that are named twice.
func (s *Dedupe) Validate() error { return distinctNames("by", s.By) }

// distinctNames finds the first column that is named twice.
func distinctNames(field string, names []string) error {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return settings.FieldErrorf(fmt.Sprintf("%s.%d", field, i), "%q is there twice", name)
		}
	}
	return nil
}

// OutputPorts are the rows that are kept and, if they are asked for, the others.
func (s *Dedupe) OutputPorts([]string) []pipeline.Port {
	if s.Duplicates {
		return dedupeOutputs()
	}
	return dedupeOutputs()[:1]
}

// Run implements pipeline.Stage.
func (s *Dedupe) Run(ctx context.Context, env pipeline.Env) error {
	return withTable(env, func(in *opened) error { return s.run(ctx, env, in) })
}

func (s *Dedupe) run(ctx context.Context, env pipeline.Env, in *opened) error {
	rows, err := relation.Distinct(ctx, quiet(means(env)), in.Reader, s.By, relation.Keep(s.Keep))
	if err != nil {
		return fmt.Errorf("by: %w", err)
	}
	out, err := create(env, tablePort, in.Schema())
	if err != nil {
		return err
	}
	defer out.Discard()
	passOn(env, tablePort, in)
	var others func(arrow.RecordBatch) error
	end := out.Close
	if s.Duplicates {
		left, err := create(env, duplicatesPort, in.Schema())
		if err != nil {
			return err
		}
		defer left.Discard()
		passOn(env, duplicatesPort, in)
		others = left.Write
		end = func() error { return errors.Join(out.Close(), left.Close()) }
	}
	if err := rows.Divide(ctx, means(env), in.Reader, out.Write, others); err != nil {
		return err
	}
	if err := end(); err != nil {
		return err
	}
	env.Metric("rows", float64(rows.Len()), metric.Meaning{})
	env.Metric("duplicates", float64(in.NumRows()-rows.Len()), metric.Meaning{})
	env.Log().Info("left out rows that were there already", "rows", in.NumRows(), "kept", rows.Len(), "duplicates", in.NumRows()-rows.Len())
	return nil
}

// Thins implements pipeline.Thinner.
func (*Dedupe) Thins([]string) string { return "rows that are there already" }
