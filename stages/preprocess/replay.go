package preprocess

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/derive"
	"pipe/data/feature"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
)

const problemsPort = "problems"

func replayKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "replay",
		Version: 1,
		Doc: `Take new rows through what the rows of training went through, up to the next command.

Where training rows went through a command that makes one row of each (` + "`exec` with `rows: true`" + `), new rows have to
go through it, too, before a stage ` + "`predict` or `apply`" + `. This stage derives the columns and joins the tables
that come before the command, and gives it the columns that it read in training, in their order, so that a stage with the
settings of the one of training can go on from there. Of a target that new rows do not have there are no values. ` + "`pipe predict`" + ` puts
these stages together by itself.

A row that cannot go through, such as one with a word in a column of numbers, stays behind, and so does one that training left out if the
command, or a window behind it, looks at other rows: the table ` + "`problems`" + ` says why, row for row, for a stage ` + "`predict`" + `. With ` + "`labelled: true`" + ` the rows are for a stage ` + "`apply`" + `: those that
filters and inner joins of training left out are left out, and a row that cannot go through is an error.

Tables that were joined in training are further inputs, as of a stage ` + "`predict`" + `.`,
		Example: `ready:
  uses: replay
  inputs: {table: new_rows, transform: features.transform}
cleaned:
  uses: exec
  inputs: {raw: ready.table}
  with: {command: [python3, clean.py], files: [clean.py], outputs: {table: table}, rows: true}
answer:
  uses: predict
  inputs: {table: cleaned, raw: new_rows, problems: ready.problems, transform: features.transform, model: model}
`,
		Inputs: []pipeline.Port{
			{Name: tablePort, Type: pipeline.Table, Doc: "rows that were only read, or went through a part of it"},
			{Name: transformPort, Type: pipeline.Transform, Doc: "the transform that was fitted on the rows of training"},
			{Name: problemsPort, Type: pipeline.Table, Optional: true, Doc: "why rows have problems already: of the stage replay before the command before"},
			{Name: "*", Type: pipeline.Table, Optional: true, Doc: "tables that were joined in training, or later versions of them, by any names"},
		},
		New: func() pipeline.Stage { return new(Replay) },
	}
}

// Replay takes rows up to a command.
type Replay struct {
	Strict   bool `yaml:"strict" default:"false" doc:"Whether a row that cannot go through is an error instead of a problem of its own."`
	Labelled bool `yaml:"labelled" default:"false" doc:"Whether the rows have a target and go on to a stage apply."`
}

// OutputPorts are the rows, and why some have a problem.
func (s *Replay) OutputPorts([]string) []pipeline.Port {
	ports := []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows that can go on, with the columns that the command read in training"}}
	if !s.Labelled {
		ports = append(ports, pipeline.Port{Name: problemsPort, Type: pipeline.Table, Doc: "a row for each row, which says why it stayed behind"})
	}
	return ports
}

// Run implements pipeline.Stage.
func (s *Replay) Run(ctx context.Context, env pipeline.Env) error {
	transform, err := readTransform(env)
	if err != nil {
		return err
	}
	var ports []string
	for _, port := range env.Inputs() {
		if port != transformPort && port != tablePort && port != problemsPort {
			ports = append(ports, port)
		}
	}
	tables, err := joined(env, ports)
	defer closeAll(tables)
	if err != nil {
		return err
	}
	in, r, err := openTable(env, tablePort)
	if err != nil {
		return err
	}
	defer in.Close()
	defer r.Close()
	if err := s.replay(ctx, env, transform.With(tables), r); err != nil {
		return replay.Lacking(fmt.Errorf("%s: %w", in.Name, err), "connect the right table of the join, or a later version of it, as a further input of any name: `inputs: {weather: STAGE}`")
	}
	return nil
}

func (s *Replay) replay(ctx context.Context, env pipeline.Env, transform *feature.Transform, r *table.Reader) error {
	p, err := transform.NewPassage(r.Schema(), s.Labelled, s.Strict)
	if err != nil {
		return err
	}
	out, err := env.Create(tablePort)
	if err != nil {
		return err
	}
	w, err := table.NewWriter(out, p.Schema())
	if err != nil {
		return err
	}
	defer w.Discard()
	var problems *problemTable
	if !s.Labelled {
		if problems, err = newProblemTable(env); err != nil {
			return err
		}
		defer problems.close()
	}
	read := int64(0)
	met, err := p.Run(ctx, r, feature.Resources{Threads: env.Threads(), Scratch: env.Scratch}, func(rec arrow.RecordBatch, in int, why []string) error {
		read += int64(in)
		if err := w.Write(rec); err != nil {
			return err
		}
		env.Progress(read, r.NumRows())
		if problems != nil {
			return problems.add(in, why)
		}
		return nil
	})
	if err != nil {
		return err
	}
	derive.Tell(env.Log(), met.Derived)
	tellReplayed(env.Log(), met)
	if problems != nil {
		if err := problems.end(env.Log()); err != nil {
			return err
		}
	}
	return w.Close()
}

// tellReplayed tells of rows that match nothing, and of those that a filter leaves out.
func tellReplayed(log *slog.Logger, met replay.Met) {
	for _, c := range met.Alone {
		log.Warn("rows match none of a table that is joined, so that what it would add is missing", "table", c.Of, "rows", c.Rows, "first_row", c.First+1)
	}
	for _, c := range met.Outside {
		log.Info("rows are outside of what a filter of training left", "filter", c.Of, "rows", c.Rows, "first_row", c.First+1)
	}
}

// A problemTable says of each row why it has no prediction.
type problemTable struct {
	w     *table.Writer
	from  *pipeline.Input // of the rows before; nil: all of them are there
	given *replay.Problems
	rows  int64 // that came in
	bad   int64
	first int64
	why   string
}

func newProblemTable(env pipeline.Env) (*problemTable, error) {
	p := new(problemTable)
	if slices.Contains(env.Inputs(), problemsPort) {
		in, r, err := openTable(env, problemsPort)
		if err != nil {
			return nil, err
		}
		if p.given, err = replay.ReadProblems(r); err != nil {
			in.Close()
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		p.from = in
	}
	out, err := env.Create(problemsPort)
	if err == nil {
		p.w, err = table.NewWriter(out, arrow.NewSchema([]arrow.Field{{Name: replay.ProblemColumn, Type: arrow.BinaryTypes.String, Nullable: true}}, nil))
	}
	if err != nil {
		p.close()
	}
	return p, err
}

// add writes the problems of n rows that came in, and of those that did not. why is nil if they
// have none.
func (p *problemTable) add(n int, why []string) error {
	var all []string
	for i := range n {
		if p.given != nil {
			before, err := p.given.Until()
			if err != nil {
				return fmt.Errorf("%s: %w", problemsPort, err)
			}
			all = append(all, before...)
		}
		text := ""
		if why != nil {
			text = why[i]
		}
		if text != "" {
			if p.bad == 0 {
				p.first, p.why = p.w.Rows()+int64(len(all)), text
			}
			p.bad++
		}
		all = append(all, text)
	}
	p.rows += int64(n)
	return p.write(all)
}

func (p *problemTable) write(problems []string) error {
	valid := make([]bool, len(problems))
	for i, text := range problems {
		valid[i] = text != ""
	}
	rec, err := table.NewRecord(p.w.Schema(), table.NewArray(problems, valid))
	if err != nil {
		return err
	}
	defer rec.Release()
	return p.w.Write(rec)
}

// end writes the rest, and tells how many rows stayed behind. It is an error if all did.
func (p *problemTable) end(log *slog.Logger) error {
	if p.given != nil {
		rest, err := p.given.Rest()
		if err == nil {
			err = p.write(rest)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", problemsPort, err)
		}
	}
	if p.bad > 0 && p.bad == p.rows {
		return fmt.Errorf("none of the %d rows can go through what those of training went through; the problem of the first: %s", p.rows, p.why)
	}
	if p.bad > 0 {
		log.Warn("rows cannot go through what those of training went through, and have no prediction", "rows", p.bad, "first_row", p.first+1, "problem", p.why)
	}
	return p.w.Close()
}

func (p *problemTable) close() {
	if p.w != nil {
		p.w.Discard()
	}
	if p.from != nil {
		p.given.Close()
		p.from.Close()
	}
}

// joined opens tables that rows are joined with. They stay open until they are closed,
// also those that come with an error.
func joined(env pipeline.Env, ports []string) (tables []replay.Table, err error) {
	for _, port := range ports {
		in, err := env.Open(port)
		if err != nil {
			return tables, err
		}
		t, err := replay.OpenTable(in, in.Size(), port, in.ID().String())
		if err != nil {
			return tables, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func closeAll(tables []replay.Table) {
	for _, t := range tables {
		t.Close()
	}
}
