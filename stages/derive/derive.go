// Package derive holds the kinds of stages that compute with the columns of a
// table, row by row: derive makes columns and chooses among them, and filter
// keeps the rows of which a condition is true.
package derive

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/derive"
	"pipe/data/replay"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/pipeline"
)

// pieceRows is how many rows a goroutine computes at a time. The results of some
// columns of them are written before they leave the cache.
const pieceRows = 1 << 14

// Ports of the stages.
const (
	tablePort   = "table"
	droppedPort = "dropped"
)

// Kinds lists the kinds of this package.
func Kinds() []pipeline.Kind { return []pipeline.Kind{deriveKind(), filterKind()} }

func deriveKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "derive",
		Version: 3,
		Doc: `Makes new columns of those that a table has, and selects, drops and renames columns.

A column is an expression over others, such as ` + "`weight / height ** 2`, `month(date)` or" + `
` + "`if(age < 18, 'child', 'adult')`" + `. The language has numbers, texts, dates, conditions and
missing values, is checked before a row is read, and is the same in ` + "`filter`" + `: see
[expressions.md](expressions.md). An expression sees one row; it knows no clock and no chance.

What has no value, such as ` + "`1 / 0` or `log(-1)`" + `, is missing, and a warning counts it with an
example. A number beyond 64 bits or a text that cannot be converted is an error with its row,
unless ` + "`try(...)`" + ` is around it, which makes it missing.

First the columns are made, one after the other, then ` + "`select`, `types` and `drop`" + ` choose among
all of them, then ` + "`rename`" + ` gives names.

The table says how its columns were made, and so does the transform that is fitted on it: new rows
with the columns of the file are enough for ` + "`pipe predict`, `predict` and `apply`" + `.`,
		Example: `body:
  uses: derive
  inputs: {table: load}
  with:
    columns:
      bmi: weight / height ** 2
      month: month(visited)
      heavy: bmi > 30 and not is_missing(age)
      city: lower(trim(city))         # takes the place of the column
    drop: [height, "note_*"]
    rename: {sex: gender}
`,
		Inputs:  []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows to compute with"}},
		Outputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the same rows with other columns"}},
		New:     func() pipeline.Stage { return new(Derive) },
	}
}

// Derive is the configuration and the stage.
type Derive struct {
	derive.Columns
}

// Run implements pipeline.Stage.
func (s *Derive) Run(ctx context.Context, env pipeline.Env) error {
	return withTable(env, func(r *table.Reader) error {
		plan, err := s.Bind(r.Schema())
		if err != nil {
			return err
		}
		schema, err := replay.Carry(r.Schema(), plan.Schema(), replay.Step{Derive: &s.Columns})
		if err != nil {
			return err
		}
		out, err := create(env, tablePort, schema)
		if err != nil {
			return err
		}
		defer out.Discard()
		for i, from := range plan.From() {
			for _, name := range from {
				env.Column(pipeline.ColumnRef{Port: tablePort, Column: plan.Schema().Field(i).Name}, pipeline.ColumnRef{Port: tablePort, Column: name})
			}
		}
		type piece struct {
			rows arrow.RecordBatch
			met  []derive.Met
		}
		work := func(p table.Piece) (piece, error) {
			defer p.Rows.Release()
			rows, met, err := plan.Apply(p.Rows, p.At)
			return piece{rows, met}, err
		}
		var met []derive.Met
		err = block.Ordered(ctx, max(1, env.Threads()), r.Pieces(pieceRows), work, func(p piece) error {
			defer p.rows.Release()
			derive.Merge(&met, p.met)
			env.Progress(out.Rows()+p.rows.NumRows(), r.NumRows())
			return out.Write(p.rows)
		})
		if err != nil {
			return err
		}
		derive.Tell(env.Log(), met)
		env.Log().Info("columns", "made", len(s.Columns.Columns), "in", r.Schema().NumFields(), "out", plan.Schema().NumFields(), "rows", out.Rows())
		for _, e := range s.Columns.Columns {
			if slices.Contains(table.Names(r.Schema()), e.Key) {
				env.Log().Info("a column was replaced", "column", e.Key)
			}
		}
		return out.Close()
	})
}

// withTable opens the input, and names it in errors.
func withTable(env pipeline.Env, run func(*table.Reader) error) error {
	in, err := env.Open(tablePort)
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := table.Open(in, in.Size())
	if err == nil {
		defer r.Close()
		err = run(r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	return nil
}

func create(env pipeline.Env, port string, schema *arrow.Schema) (*table.Writer, error) {
	out, err := env.Create(port)
	if err != nil {
		return nil, err
	}
	return table.NewWriter(out, schema)
}
