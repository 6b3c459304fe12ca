package derive

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/derive"
	"pipe/data/expr"
	"pipe/data/metric"
	"pipe/data/replay"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

func filterKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "filter",
		Version: 4,
		Doc: `Keeps the rows of which a condition is true.

The condition is an expression, see [expressions.md](expressions.md): comparisons with ` + "`and`, `or`" + `
and ` + "`not`, `x in [1, 2]`, `is_missing(x)`" + `. A row of which it is missing, since a value that it needs
is, is not kept, and is counted apart: ` + "`price > 0 or is_missing(price)`" + ` keeps it.

A filter is about the rows to learn from. New rows that ` + "`pipe predict`" + ` scores all have an answer, and a
message counts those that the filter would have left out; with ` + "`scoring: skip`" + ` these have a problem in place
of a prediction. A stage ` + "`apply`" + ` leaves them out as the filter does, if they have the columns.`,
		Example: `sold:
  uses: filter
  inputs: {table: load}
  with: {where: price > 0 and not is_missing(sqft)}
`,
		Inputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows to choose from"}},
		New:    func() pipeline.Stage { return new(Filter) },
	}
}

// Filter is the configuration and the stage.
type Filter struct {
	Where   expr.Expr `yaml:"where" required:"true" doc:"Condition that is true of the rows that are kept."`
	Scoring string    `yaml:"scoring" default:"score" enum:"score,skip" added:"true" doc:"What becomes of new rows that a model is asked about and of which the condition is not true: they are scored like any other, or have no prediction."`
	Dropped bool      `yaml:"dropped" default:"false" doc:"Whether there is a second output dropped, a table of the other rows."`
}

// Validate finds what is wrong whatever the columns are.
func (s *Filter) Validate() error {
	if s.Where.String() == "" {
		return nil // which was reported
	}
	if err := s.Where.CheckCondition(&expr.Scope{Open: true}); err != nil {
		return &settings.FieldError{Field: "where", Err: err}
	}
	return nil
}

// OutputPorts are one table, or two.
func (s *Filter) OutputPorts([]string) []pipeline.Port {
	ports := []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows of which the condition is true"}}
	if s.Dropped {
		ports = append(ports, pipeline.Port{Name: droppedPort, Type: pipeline.Table, Doc: "the other rows"})
	}
	return ports
}

// A chosen is some rows, and what became of them.
type chosen struct {
	kept, dropped arrow.RecordBatch // nil if nobody wants them
	rows, missing int64
	met           []derive.Met
}

// Run implements pipeline.Stage.
func (s *Filter) Run(ctx context.Context, env pipeline.Env) error {
	return withTable(env, func(r *table.Reader) error { return s.filter(ctx, env, r) })
}

func (s *Filter) filter(ctx context.Context, env pipeline.Env, r *table.Reader) error {
	scope := expr.ScopeOf(r.Schema())
	if err := s.Where.CheckCondition(scope); err != nil {
		return derive.InExpression("where", &s.Where, err)
	}
	program, err := s.Where.Bind(scope)
	if err != nil {
		return derive.InExpression("where", &s.Where, err)
	}
	var inputs []int
	for _, name := range program.Inputs() {
		i, err := table.Column(r.Schema(), name)
		if err != nil {
			return err
		}
		inputs = append(inputs, i)
	}
	var writers [2]*table.Writer
	with, err := replay.Carry(r.Schema(), r.Schema(), replay.Step{Filter: &replay.Filter{Where: s.Where.String(), Skip: s.Scoring == "skip"}})
	if err != nil {
		return err
	}
	schemas := []*arrow.Schema{with, r.Schema()}
	for i, port := range s.OutputPorts(nil) {
		if writers[i], err = create(env, port.Name, schemas[i]); err != nil {
			return err
		}
		defer writers[i].Discard()
		for _, name := range table.Names(r.Schema()) {
			env.Column(pipeline.ColumnRef{Port: port.Name, Column: name}, pipeline.ColumnRef{Port: tablePort, Column: name})
		}
	}
	work := func(p table.Piece) (chosen, error) {
		defer p.Rows.Release()
		return s.choose(program, inputs, p)
	}
	var missing, rows int64
	var met []derive.Met
	err = block.Ordered(ctx, max(1, env.Threads()), r.Pieces(pieceRows), work, func(c chosen) error {
		missing += c.missing
		derive.Merge(&met, c.met)
		for i, rec := range []arrow.RecordBatch{c.kept, c.dropped} {
			if rec == nil {
				continue
			}
			err := writers[i].Write(rec)
			rec.Release()
			if err != nil {
				return err
			}
		}
		rows += c.rows
		env.Progress(rows, r.NumRows())
		return nil
	})
	if err != nil {
		return err
	}
	kept := writers[0].Rows()
	derive.Tell(env.Log(), met)
	log := env.Log().Info
	if kept == 0 && r.NumRows() > 0 {
		log = env.Log().Warn
	}
	log("rows", "kept", kept, "dropped", r.NumRows()-kept, "missing", missing, "where", s.Where.String())
	env.Metric("kept_rows", float64(kept), metric.Meaning{})
	env.Metric("dropped_rows", float64(r.NumRows()-kept), metric.Meaning{})
	env.Metric("missing_rows", float64(missing), metric.Meaning{})
	return errors.Join(writers[0].Close(), closeSecond(writers[1]))
}

func closeSecond(w *table.Writer) error {
	if w == nil {
		return nil
	}
	return w.Close()
}

// choose divides some rows.
func (s *Filter) choose(program *expr.Program, inputs []int, p table.Piece) (chosen, error) {
	in := make([]arrow.Array, len(inputs))
	for i, at := range inputs {
		in[i] = p.Rows.Column(at)
	}
	n := int(p.Rows.NumRows())
	arr, notes, err := program.Eval(in, n, p.At)
	if err != nil {
		return chosen{}, fmt.Errorf("where: %w", err)
	}
	defer arr.Release()
	truth := arr.(*array.Boolean)
	c := chosen{rows: int64(n)}
	if len(notes) > 0 {
		c.met = []derive.Met{{Column: "where", Notes: notes}}
	}
	var rows [2][]int
	for i := range n {
		switch {
		case truth.IsNull(i):
			c.missing++
			rows[1] = append(rows[1], i)
		case truth.Value(i):
			rows[0] = append(rows[0], i)
		default:
			rows[1] = append(rows[1], i)
		}
	}
	if c.kept, err = take(p.Rows, rows[0]); err == nil && s.Dropped {
		c.dropped, err = take(p.Rows, rows[1])
	}
	return c, err
}

// take gives some rows of a record, which is not copied if they are all.
func take(rec arrow.RecordBatch, rows []int) (arrow.RecordBatch, error) {
	if len(rows) == int(rec.NumRows()) {
		rec.Retain()
		return rec, nil
	}
	return table.Take(rec, rows)
}
