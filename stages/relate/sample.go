package relate

import (
	"context"
	"errors"

	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/pipeline"
)

func sampleKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "sample",
		Version: 1,
		Doc: `Draw rows at random, to try something out on less of a table or to have classes of one size.

Exactly as many rows are drawn as ` + "`rows`" + ` says, or the ` + "`fraction`" + ` of the table comes to; each choice of so
many is as likely as any other. With ` + "`by`" + `, ` + "`rows`" + ` are drawn of each group of rows with equal values (all, with a
warning, of one that has fewer), and of a ` + "`fraction`" + ` each group has its share, less than one row off.
Rows are drawn once at most, and keep their order. What is drawn depends on the seed of the stage, on the
number of each row and on nothing else. There is memory for each group, and a bit for each row.`,
		Example: `
small:
  uses: sample
  inputs: {table: load}
  with: {fraction: 0.1, by: species}
`,
		Inputs:  []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows to draw from"}},
		Outputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows that were drawn, with all columns"}},
		Seeded:  true,
		New:     func() pipeline.Stage { return new(Sample) },
	}
}

// Sample is the configuration and the stage.
type Sample struct {
	Rows     *int     `yaml:"rows" min:"1" doc:"How many rows are drawn; with by, of each group."`
	Fraction *float64 `yaml:"fraction" above:"0" max:"1" doc:"Which part of the rows is drawn, in place of rows."`
	By       []string `yaml:"by" single:"true" doc:"Columns: rows are drawn of each group of equal values."`
}

// Validate finds out whether it is known how many rows are wanted.
func (s *Sample) Validate() error {
	var errs []error
	switch {
	case s.Rows == nil && s.Fraction == nil:
		errs = append(errs, fieldError("", "write `rows: 1000` or `fraction: 0.1`", "nothing says how many rows to draw"))
	case s.Rows != nil && s.Fraction != nil:
		errs = append(errs, fieldError("fraction", "remove one of them", "both `rows` and `fraction` say how many rows to draw"))
	}
	return errors.Join(append(errs, distinctNames("by", s.By))...)
}

// Run implements pipeline.Stage.
func (s *Sample) Run(ctx context.Context, env pipeline.Env) error {
	return withTable(env, func(in *opened) error { return s.run(ctx, env, in) })
}

// draw is what the settings say.
func (s *Sample) draw() *relation.Sample {
	if s.Rows != nil {
		return &relation.Sample{By: s.By, Rows: int64(*s.Rows)}
	}
	return &relation.Sample{By: s.By, Fraction: *s.Fraction}
}

func (s *Sample) run(ctx context.Context, env pipeline.Env, in *opened) error {
	rows, short, err := s.draw().Draw(ctx, quiet(means(env)), env.Seed(), in.Reader)
	if err != nil {
		return err
	}
	out, err := create(env, tablePort, in.Schema())
	if err != nil {
		return err
	}
	defer out.Discard()
	passOn(env, tablePort, in)
	if err := rows.Divide(ctx, means(env), in.Reader, out.Write, nil); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	switch {
	case short > 0 && len(s.By) == 0:
		env.Log().Warn("the table has fewer rows than are to be drawn: all are", "rows", in.NumRows(), "wanted", *s.Rows)
	case short > 0:
		env.Log().Warn("some groups have fewer rows than are to be drawn of each: all of theirs are", "groups", short, "wanted", *s.Rows)
	}
	env.Metric("rows", float64(rows.Len()), metric.Meaning{})
	env.Log().Info("drew rows", "rows", in.NumRows(), "drawn", rows.Len())
	return nil
}

// Thins implements pipeline.Thinner.
func (*Sample) Thins([]string) string { return "rows that are not drawn" }
