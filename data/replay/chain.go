package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/derive"
	"pipe/data/expr"
	"pipe/data/relation"
	"pipe/data/table"
)

// A Table is one that was joined in training, or a later version of it.
type Table struct {
	*table.Reader
	Name string // for messages
	Hash string
	from io.Closer
}

// OpenTable opens a table that stays open until it is closed, with all that it reads.
func OpenTable(from interface {
	io.ReaderAt
	io.Closer
}, size int64, name, hash string) (Table, error) {
	r, err := table.Open(from, size)
	if err != nil {
		return Table{}, errors.Join(fmt.Errorf("%s: %w", name, err), from.Close())
	}
	return Table{r, name, hash, from}, nil
}

// Close closes what the table is read from.
func (t *Table) Close() error { return errors.Join(t.Reader.Close(), t.from.Close()) }

// Lacking adds to the error of a table that is not there what to do.
func Lacking(err error, todo string) error {
	var lack *LackError
	if errors.As(err, &lack) {
		return diag.WithHint(err, todo)
	}
	return err
}

// A binder is a step that is not yet bound to the columns of a table.
type binder interface {
	bind(in *arrow.Schema, tables []Table) (link, error)
}

// A link is one that is. It may be used by several goroutines once it is loaded.
type link interface {
	schema() *arrow.Schema // of what it makes
	load(ctx context.Context, threads int) error
	apply(rec arrow.RecordBatch, met *Met) (arrow.RecordBatch, error)
}

// A Chain is a Part that was bound to the columns of a table.
type Chain struct {
	in    *arrow.Schema
	links []link
}

// Bind finds the columns, and the tables that are joined.
func (p *Part) Bind(in *arrow.Schema, tables []Table) (*Chain, error) {
	c := &Chain{in: in}
	for _, b := range p.links {
		l, err := b.bind(c.Schema(), tables)
		if err != nil {
			return nil, err
		}
		c.links = append(c.links, l)
	}
	return c, nil
}

// Schema is that of what Apply makes.
func (c *Chain) Schema() *arrow.Schema {
	if len(c.links) == 0 {
		return c.in
	}
	return c.links[len(c.links)-1].schema()
}

// Load reads the tables that are joined into memory, as far as their columns are
// needed. It comes before Apply.
func (c *Chain) Load(ctx context.Context, threads int) error {
	for _, l := range c.links {
		if err := l.load(ctx, threads); err != nil {
			return err
		}
	}
	return nil
}

// Apply takes rows through the steps, one row of each.
func (c *Chain) Apply(rec arrow.RecordBatch) (arrow.RecordBatch, *Met, error) {
	met := new(Met)
	rec.Retain()
	for _, l := range c.links {
		next, err := l.apply(rec, met)
		rec.Release()
		if err != nil {
			return nil, nil, err
		}
		rec = next
	}
	return rec, met, nil
}

// Met is what was met on the way.
type Met struct {
	Derived  []derive.Met
	Alone    []Count // rows that match none of a table, by its name
	Outside  []Count // rows that a filter of training leaves out, by its condition
	Problems []Problem
	// Gone are the rows that training would have left out, where that is wanted: by
	// row, nil if there are none.
	Gone []bool
}

// A Count is a number of rows, of which one is the first.
type Count struct {
	Of    string
	Rows  int64
	First int64
}

// A Problem is why a row cannot go through a step.
type Problem struct {
	Row              int64
	Column, Msg, Fix string
	Reason           string // what is the same for all such rows
}

// Merge adds what was met in the next rows, which begin at a row of the table. Problems
// and rows that are gone are up to others.
func (m *Met) Merge(next *Met, base int64) {
	for _, d := range next.Derived {
		for i := range d.Notes {
			d.Notes[i].Row += base
		}
	}
	derive.Merge(&m.Derived, next.Derived)
	for _, c := range next.Alone {
		count(&m.Alone, c.Of, c.Rows, c.First+base)
	}
	for _, c := range next.Outside {
		count(&m.Outside, c.Of, c.Rows, c.First+base)
	}
}

func count(list *[]Count, of string, rows, first int64) {
	at := slices.IndexFunc(*list, func(c Count) bool { return c.Of == of })
	if at < 0 {
		*list = append(*list, Count{of, rows, first})
		return
	}
	(*list)[at].Rows += rows
}

func (m *Met) gone(row, rows int) {
	if m.Gone == nil {
		m.Gone = make([]bool, rows)
	}
	m.Gone[row] = true
}

type deriving derive.Columns

func (d *deriving) bind(in *arrow.Schema, _ []Table) (link, error) {
	plan, err := (*derive.Columns)(d).Bind(in)
	if err != nil {
		return nil, err
	}
	return derived{plan}, nil
}

type derived struct{ plan *derive.Plan }

func (d derived) schema() *arrow.Schema         { return d.plan.Schema() }
func (derived) load(context.Context, int) error { return nil }

func (d derived) apply(rec arrow.RecordBatch, met *Met) (arrow.RecordBatch, error) {
	out, found, err := d.plan.Apply(rec, 0)
	for _, one := range found {
		for i := range one.Notes {
			one.Notes[i].Tried = false // it was not the one who wrote the expression who tried
		}
	}
	met.Derived = append(met.Derived, found...)
	return out, err
}

// A joining is a join of which only some columns are wanted.
type joining struct {
	*Join
	from  []string // columns of the left table that are needed
	leave bool
}

func (j *joining) bind(in *arrow.Schema, tables []Table) (link, error) {
	right, err := j.table(tables)
	if err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(j.from))
	for i, name := range j.from {
		at, err := table.Column(in, name)
		if err != nil {
			return nil, err
		}
		fields[i] = in.Field(at)
	}
	typing, err := j.typingOf(right.Schema())
	if err != nil {
		return nil, fmt.Errorf("join with %s: %w", right.Name, err)
	}
	has, columns := right.Schema(), j.Columns
	if typing != nil {
		has = typing.schema()
		columns = append(slices.Clone(columns), relation.Pair{Left: typing.wrong(), Right: typing.wrong()})
	}
	joiner, err := relation.NewJoiner(arrow.NewSchema(fields, nil), has, relation.Join{On: j.On, AsOf: j.AsOf, How: relation.LeftJoin, Multiple: j.Multiple, Columns: columns})
	if err != nil {
		return nil, fmt.Errorf("join with %s: %w", right.Name, err)
	}
	return &joined{joining: j, joiner: joiner, right: right, typing: typing}, nil
}

// table is the right table: the one of training, and else the only one that has the
// columns.
func (j *joining) table(tables []Table) (*Table, error) {
	var fitting []*Table
	var names []string
	for i := range tables {
		t := &tables[i]
		if t.Hash == j.Right {
			return t, nil
		}
		lacks := slices.ContainsFunc(j.Needs(), func(name string) bool { return len(t.Schema().FieldIndices(name)) == 0 })
		if !lacks {
			fitting, names = append(fitting, t), append(names, t.Name)
		}
	}
	switch len(fitting) {
	case 1:
		return fitting[0], nil
	case 0:
		return nil, &LackError{j.Join}
	}
	return nil, diag.WithHint(fmt.Errorf("each of the tables %s has the columns of the one that was joined in training: %s", strings.Join(names, ", "), j.Join),
		"leave out those that are others, or give columns that mean different things different names")
}

// String says what the join did.
func (j *Join) String() string {
	var columns []string
	for _, c := range j.Columns {
		columns = append(columns, diag.Quote(c.Left))
	}
	return diag.Shorten(strings.Join(columns, ", ")) + " by " + diag.Shorten(strings.Join(j.keys(true), ", "))
}

// A LackError says that a table is not there which was joined in training.
type LackError struct{ *Join }

func (e *LackError) Error() string {
	return fmt.Sprintf("in training another table was joined, which is not there: it has the columns %s, and gave %s", strings.Join(e.Needs(), ", "), e.Join)
}

type joined struct {
	*joining
	joiner *relation.Joiner
	right  *Table
	typing *typing // nil if the table has the types of training
	lookup *relation.Lookup
}

func (j *joined) schema() *arrow.Schema {
	if j.typing != nil {
		return without(j.joiner.Schema())
	}
	return j.joiner.Schema()
}

func (j *joined) load(ctx context.Context, threads int) (err error) {
	rows := j.right.Reader
	if j.typing != nil {
		if rows, err = j.typing.read(j.right.Reader); err != nil {
			return fmt.Errorf("%s: %w", j.right.Name, err)
		}
		defer rows.Close()
	}
	if j.lookup, err = j.joiner.Lookup(ctx, threads, rows); err != nil {
		err = fmt.Errorf("%s: %w", j.right.Name, err)
	}
	return err
}

func (j *joined) apply(rec arrow.RecordBatch, met *Met) (arrow.RecordBatch, error) {
	left, err := table.Select(rec, j.from)
	if err != nil {
		return nil, err
	}
	defer left.Release()
	made, matches, err := j.lookup.Beside(left)
	if err != nil {
		return nil, err
	}
	keys := j.keys(false)
	problem := func(row int, reason string) {
		met.Problems = append(met.Problems, Problem{Row: int64(row), Column: keys[0], Reason: reason, Msg: reason,
			Fix: "a later version of the table may have such a row: pipe predict takes it with --table STAGE=FILE, a stage `predict` as an input"})
	}
	var wrong *array.Int32
	if j.typing != nil {
		all := made
		defer all.Release()
		made, wrong = j.typing.apart(all)
	}
	by := j.right.Name + " by " + strings.Join(keys, ", ")
	for row, n := range matches {
		switch {
		case n > 1 && j.Multiple == relation.RefuseSeveral:
			problem(row, fmt.Sprintf("several rows match in %s, where training allowed for one", by))
		case wrong != nil && wrong.IsValid(row) && wrong.Value(row) > 0:
			problem(row, j.typing.reason(wrong.Value(row), j.right.Name))
		case n > 0:
		case j.Inner && j.leave:
			met.gone(row, len(matches))
		case j.Inner:
			problem(row, fmt.Sprintf("no row matches in %s, and training had only rows that match", by))
		default:
			count(&met.Alone, j.right.Name, 1, int64(row))
		}
	}
	return made, nil
}

// A filterer is a filter that rows do not go through, but are seen by.
type filterer struct {
	*Filter
	where *expr.Expr
	leave bool
}

func (f *filterer) bind(in *arrow.Schema, tables []Table) (link, error) {
	l, err := f.bound(in)
	if err != nil && !f.Skip && !f.leave {
		return (*deriving)(&derive.Columns{}).bind(in, tables) // nothing hangs on a count
	}
	return l, err
}

func (f *filterer) bound(in *arrow.Schema) (link, error) {
	scope := expr.ScopeOf(in)
	if err := f.where.CheckCondition(scope); err != nil {
		return nil, derive.InExpression("where", f.where, err)
	}
	program, err := f.where.Bind(scope)
	if err != nil {
		return nil, derive.InExpression("where", f.where, err)
	}
	l := &filtered{filterer: f, program: program, of: in}
	for _, name := range program.Inputs() {
		at, err := table.Column(in, name)
		if err != nil {
			return nil, err
		}
		l.inputs = append(l.inputs, at)
	}
	return l, nil
}

type filtered struct {
	*filterer
	program *expr.Program
	of      *arrow.Schema
	inputs  []int
}

func (f *filtered) schema() *arrow.Schema         { return f.of }
func (*filtered) load(context.Context, int) error { return nil }

func (f *filtered) apply(rec arrow.RecordBatch, met *Met) (arrow.RecordBatch, error) {
	in := make([]arrow.Array, len(f.inputs))
	for i, at := range f.inputs {
		in[i] = rec.Column(at)
	}
	rows := int(rec.NumRows())
	arr, _, err := f.program.Eval(in, rows, 0)
	if err != nil {
		return nil, err
	}
	defer arr.Release()
	truth := arr.(*array.Boolean)
	for row := range rows {
		if truth.IsValid(row) && truth.Value(row) {
			continue
		}
		switch {
		case f.leave:
			met.gone(row, rows)
		case f.Skip:
			met.Problems = append(met.Problems, Problem{Row: int64(row), Column: strings.Join(f.where.Columns(), ", "),
				Reason: "the filter of training leaves such rows out", Msg: fmt.Sprintf("the filter of training leaves the row out, of which %s is not true", f.Where)})
		}
		if !f.Skip {
			count(&met.Outside, f.Where, 1, int64(row))
		}
	}
	rec.Retain()
	return rec, nil
}
