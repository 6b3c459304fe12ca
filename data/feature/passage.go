package feature

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pipe/base/diag"
	"pipe/data/relation"
	"pipe/data/replay"
	"pipe/data/source/block"
	"pipe/data/table"
)

// Programs are the commands that rows of a file have before them. through are the steps that the
// file says that they went through, as metadata have them, empty if it says nothing; rows that
// went through others were only read.
func (t *Transform) Programs(through string) []*replay.Program {
	if through != "" {
		meta := arrow.NewMetadata([]string{replay.FileStepsKey}, []string{through})
		if left, _, err := replay.Behind(arrow.NewSchema(nil, &meta), t.replay); err == nil {
			return replay.Programs(left)
		}
	}
	return replay.Programs(t.replay)
}

// A Passage takes rows through the steps of training up to the next command, and gives
// them the columns that this read. Rows that have a problem stay behind.
type Passage struct {
	schema   *arrow.Schema
	chain    *replay.Chain
	again    *again
	tolerant bool
	from     []int // in what the chain makes, by column; -1: nobody knows it
}

// NewPassage finds the steps for a table with a schema. Labelled rows have a target, and go on
// to where training is repeated: those that filters and inner joins left out are left out, and a
// row that cannot go through is an error, as it is for others if strict. Of these the target need not be there.
func (t *Transform) NewPassage(in *arrow.Schema, labelled, strict bool) (*Passage, error) {
	left, _, err := replay.Behind(in, t.replay)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(left, func(s *replay.Step) bool { return s.Program != nil })
	if at < 0 {
		return nil, diag.WithHint(errors.New("no command is left that the rows have to go through"),
			"connect the rows to the stage behind it, such as `predict`")
	}
	read := t.types()
	given := &replay.Given{
		Has:      func(name string) bool { return len(in.FieldIndices(name)) > 0 },
		Read:     func(name string) bool { _, ok := read[name]; return ok },
		Computed: left[at].Program.Names(),
		Wide:     replay.Wide(left[at:]),
		Leave:    labelled,
	}
	there, err := t.had(left[:at], left[at].Program, given, in)
	if err != nil {
		return nil, err
	}
	part := replay.NewPart(left[:at], there, given)
	p := &Passage{tolerant: !labelled && !strict}
	if p.again, err = t.againOf(in, part); err != nil {
		return nil, err
	}
	if p.chain, err = part.Bind(p.again.schema(in), t.tables); err != nil {
		return nil, fmt.Errorf("as the training table was derived: %w", err)
	}
	var fields []arrow.Field
	for _, c := range left[at].Program.Columns {
		f, from := arrow.Field{Name: c.Name, Type: c.Arrow(), Nullable: true}, -1
		if slices.Contains(there, c.Name) {
			if from, err = table.Column(p.chain.Schema(), c.Name); err != nil {
				return nil, err
			}
			f = p.chain.Schema().Field(from)
		}
		fields, p.from = append(fields, f), append(p.from, from)
	}
	done := replay.Steps{Reading: t.reading, Steps: t.steps[:len(t.replay)-len(left)+at]}
	p.schema, err = done.On(arrow.NewSchema(fields, nil))
	return p, err
}

// had are the columns that a command read and that can be had: all, but for a target.
func (t *Transform) had(before []*replay.Step, program *replay.Program, given *replay.Given, in *arrow.Schema) (there []string, err error) {
	var unknown []string // need not be there
	alone := *given
	alone.Wide, given = false, &alone // what rows are left out by is no part of a column
	for _, target := range t.targets {
		if !given.Leave && slices.Contains(program.Names(), target.Column) {
			unknown = append(unknown, replay.NewPart(before, []string{target.Column}, given).Needs()...)
		}
	}
	for _, name := range program.Names() {
		has := true
		for _, need := range replay.NewPart(before, []string{name}, given).Needs() {
			if given.Has(need) {
				continue
			}
			if has = false; !slices.Contains(unknown, need) {
				_, err := table.Column(in, need)
				if given.Leave && slices.ContainsFunc(t.targets, func(target *fittedTarget) bool { return target.Column == name }) {
					return nil, diag.WithHint(fmt.Errorf("%w, of which the target is made", err), "predictions are compared with the target: add it to the file, empty in rows where it is not known")
				}
				return nil, diag.WithHint(fmt.Errorf("%w, and the command that the rows go through read %s in training", err, diag.Quote(name)),
					"nobody knows what the command makes of a column: add it, without a value where there is none")
			}
		}
		if has {
			there = append(there, name)
		}
	}
	return there, nil
}

// Schema is that of the rows that come out, which says what they went through.
func (p *Passage) Schema() *arrow.Schema { return p.schema }

// passed is what became of some rows.
type passed struct {
	rows arrow.RecordBatch
	read int64 // rows that came in
	met  *met
}

// Run takes a table through, some rows at a time and in their order, and hands write those that
// got through, and how many came in with the problems of these, which are texts by row, and nil if no row has one.
func (p *Passage) Run(ctx context.Context, r *table.Reader, with Resources, write func(rows arrow.RecordBatch, in int, problems []string) error) (replay.Met, error) {
	var all replay.Met
	if err := p.chain.Load(ctx, with.Threads); err != nil {
		return all, err
	}
	const rows = 1 << 14
	pieces := alone(r.Pieces(rows))
	var staged *replay.Staged
	if p.chain.Wide() {
		var err error
		if staged, err = p.chain.Stage(ctx, relation.Means{Threads: max(1, with.Threads), Scratch: with.Scratch}, r, p.readAgain); err != nil {
			return all, err
		}
		defer staged.Close()
		pieces = together(r.Pieces(rows), staged.Pieces(rows))
		all.Merge(&staged.Met, 0)
	}
	work := func(in pair) (*passed, error) {
		defer in.release()
		out, err := p.pass(in, staged)
		return out, atRow(err, func(i int) int64 { return in.At + int64(i) })
	}
	var base int64
	err := block.Ordered(ctx, max(1, with.Threads), pieces, work, func(one *passed) error {
		defer one.rows.Release()
		all.Merge(&one.met.replayed, base)
		base += one.read
		return write(one.rows, int(one.read), one.met.texts())
	})
	return all, err
}

func (p *Passage) newMet() *met {
	m := &met{again: p.again}
	if p.tolerant {
		m.problems = newProblems(p.again.len() + 1)
	}
	return m
}

func (p *Passage) readAgain(rec arrow.RecordBatch, at int64) (arrow.RecordBatch, error) {
	out, err := p.again.read(rec, p.newMet())
	return out, atRow(err, func(i int) int64 { return at + int64(i) })
}

// pass takes some rows through.
func (p *Passage) pass(in pair, staged *replay.Staged) (*passed, error) {
	one := &passed{met: p.newMet(), read: in.Rows.NumRows()}
	rec, err := p.again.read(in.Rows, one.met)
	if err != nil {
		return nil, err
	}
	defer rec.Release()
	var made arrow.RecordBatch
	var found *replay.Met
	if staged != nil {
		made, found, err = staged.Apply(in.staged)
	} else {
		made, found, err = p.chain.Apply(rec)
	}
	if err != nil {
		return nil, err
	}
	defer made.Release()
	if err := one.met.take(found, int(one.read)); err != nil {
		return nil, err
	}
	columns := make([]arrow.Array, len(p.from))
	for i, at := range p.from {
		if at >= 0 {
			columns[i] = made.Column(at)
			continue
		}
		nobody := array.MakeArrayOfNull(memory.DefaultAllocator, p.schema.Field(i).Type, int(made.NumRows()))
		defer nobody.Release()
		columns[i] = nobody
	}
	one.rows = array.NewRecordBatch(p.schema, columns, made.NumRows())
	gone := found.Gone
	if why := one.met.texts(); why != nil {
		gone = make([]bool, len(why))
		for i, text := range why {
			gone[i] = text != ""
		}
	}
	if gone != nil {
		all := one.rows
		defer all.Release()
		one.rows, err = table.Take(all, without(nil, gone))
	}
	return one, err
}
