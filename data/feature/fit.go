package feature

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/leak"
	"pipe/data/order"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/data/task"
)

// maxFeatures bounds the width of the vectors. A table has at most so many
// elements in a vector.
const maxFeatures = 1 << 15

// maxHeld bounds the bytes of columns that are in memory for the sake of their
// order. What is beyond it is in a file.
const maxHeld = 16 << 20

// Resources are what learning may use. They change nothing of what is learned.
type Resources struct {
	Threads int                    // at least 1; 0 means 1
	Scratch func() (string, error) // a folder for files that are removed again; nil: the one of the system

	held   int64 // bytes in place of maxHeld; 0 means maxHeld
	sample int64 // rows in place of worthSample; 0 means worthSample
}

// Fit learns a transform from a table, with chains of the kinds. Rows without a
// target count for nothing: they are dropped from the training data.
func Fit(ctx context.Context, spec Spec, r *table.Reader, kinds []Kind, use Resources) (*Transform, error) {
	if err := spec.Validate(kinds); err != nil {
		return nil, err
	}
	if err := checkKnown(r.Schema(), spec.Features); err != nil {
		return nil, err
	}
	numbers := order.NewStore(cmp.Or(use.held, maxHeld), use.Scratch)
	defer numbers.Close()
	files := &scratch{folder: use.Scratch, held: cmp.Or(use.held, maxHeld)}
	defer files.close()
	f := &fitter{ctx: ctx, r: r, threads: max(1, use.Threads), worthSample: cmp.Or(use.sample, worthSample), numbers: numbers, scratch: files}
	if err := f.prepare(spec, kinds); err != nil {
		return nil, err
	}
	f.watched()
	if err := f.learn(); err != nil {
		return nil, err
	}
	t := &Transform{keep: spec.Keep}
	for i := range f.predicted {
		target, err := f.predicted[i].fitted()
		if err != nil {
			return nil, err
		}
		if target.Task == task.Multiclass && len(f.predicted) > 1 {
			return nil, f.predicted[i].column.wrong("targets", "make a column of truth values for each class by a `derive` stage, or train a model for this target alone",
				"it has %d classes, and of several targets each is a number or has two", len(target.Classes))
		}
		t.targets = append(t.targets, target)
	}
	if err := t.carried(r.Schema(), spec.Features); err != nil {
		return nil, err
	}
	for _, c := range f.features() {
		t.columns = append(t.columns, c.column)
	}
	if err := t.derive(); err != nil {
		return nil, err
	}
	if spec.Select != nil {
		if err := t.selectFeatures(ctx, spec.Select, r, use, numbers); err != nil {
			return nil, err
		}
	}
	t.remarks = f.remarks()
	if len(f.predicted) == 1 && f.predicted[0].task == Classification {
		for _, class := range t.targets[0].Classes {
			t.counts = append(t.counts, f.predicted[0].classes.Of(class))
		}
	}
	return t, nil
}

// A fitter goes over the table, pass by pass.
type fitter struct {
	ctx       context.Context // of the one call of Fit that it lives for
	r         *table.Reader
	threads   int
	numbers   *order.Store // those whose order is needed
	scratch   *scratch
	columns   []*columnFit // features, then what is predicted, then what is crossed of features
	predicted []*targetFit
	targets   *Targets // of TargetFitters; nil: there is no target, or there are several
	rows      int64    // that count
	sample    leak.Sample

	worthSample int64 // rows of a table
}

// prepare finds the columns and settles what to do with each.
func (f *fitter) prepare(spec Spec, kinds []Kind) error {
	schema := f.r.Schema()
	if spec.Target != nil {
		f.targets = &Targets{f: f, spec: spec.Target, seed: spec.Seed}
	}
	for _, c := range spec.Features {
		at, err := table.Column(schema, c.Name)
		if err != nil {
			return err
		}
		chain, form, err := spec.begin(&c, schema.Field(at), kinds)
		if err != nil {
			return err
		}
		fit := f.newColumn(c.Name, at, schema.Field(at), form, chain.uses)
		if fit.beside, _ = besideOf(chain.uses, func(u use) any { return u.setting }); fit.beside != "" {
			by, err := table.Column(schema, fit.beside)
			if err != nil {
				return fmt.Errorf("column %q: by: %w", c.Name, err)
			}
			if fit.besides = table.TypeName(schema.Field(by).Type); slices.ContainsFunc(spec.targets(), func(t *Target) bool { return t.Column == fit.beside }) {
				return c.wrong("impute", "name another column under `by`", "it cannot be filled in by groups of the target, which new rows do not have")
			}
		}
		fit.column.brief = c.Chain == nil && form&(Lists|Times) == 0
		if err := fit.advance(); err != nil {
			return err
		}
		f.columns = append(f.columns, fit)
	}
	for _, name := range spec.Keep {
		if _, err := table.Column(schema, name); err != nil {
			return fmt.Errorf("keep: %w", err)
		}
	}
	for _, t := range spec.targets() {
		if err := f.prepareTarget(t); err != nil {
			return fmt.Errorf("target: %w", err)
		}
	}
	if err := f.together(); err != nil {
		return err
	}
	return f.prepareCrosses(spec.Crosses, kinds)
}

// begin settles what to do with a column, which it fills in by the defaults, and in which
// form its values begin.
func (s *Spec) begin(c *Column, field arrow.Field, kinds []Kind) (chain chain, form Form, err error) {
	forms := formsOf(table.ClassOf(field.Type))
	if of, shape, ok := table.ShapeOf(field); ok {
		forms = Lists
		chain, err = c.lists(of, shape, table.ShownBy(field), kinds)
	} else {
		*c = s.Defaults.fill(*c, field.Type)
		chain, err = c.resolved(field.Type, kinds)
	}
	if err == nil {
		form, err = chain.begin(forms, "values of type "+table.TypeName(field.Type))
	}
	return chain, form, err
}

// ValidateFor finds what is wrong with one of the features if a table has this column
// for it.
func (s *Spec) ValidateFor(c Column, field arrow.Field, kinds []Kind) error {
	_, _, err := s.begin(&c, field, kinds)
	return err
}

// learn goes over the table until every transform of every column is fitted.
func (f *fitter) learn() error {
	if err := f.pass(true); err != nil {
		return err
	}
	if err := f.checkAnyValue(); err != nil {
		return err
	}
	if err := f.targets.settle(); err != nil {
		return err
	}
	for {
		waiting := false
		for _, c := range f.columns {
			if c.ready() {
				if err := c.advance(); err != nil {
					return err
				}
			}
			waiting = waiting || !c.fitted()
		}
		if !waiting {
			return nil
		}
		if err := f.pass(false); err != nil {
			return err
		}
	}
}

// sight is what was seen in a piece of the table.
type sight struct {
	table.Piece
	rows    int64  // that count
	picked  []int  // those of them that are looked at
	columns []seen // of those that take part

	sources  map[*columnFit]*source // that some of them are crossed of
	combiner combiner
}

// pass gives the values of the table to all columns that are waiting for them. The
// first one looks at the others, too. What of it depends on no other row is done
// beside each other for pieces of the table, the rest in the order of the rows: so
// sums have the same last digits always.
func (f *fitter) pass(first bool) error {
	p := &passing{first: first, sample: &f.sample, places: map[string]int{}}
	var names []string
	for _, c := range f.columns {
		c.due = !c.fitted() && c.ready()
		switch {
		case c.sources != nil && c.due:
			p.columns = append(p.columns, c)
			for _, of := range c.sources {
				names = p.reads(names, of)
			}
		case c.sources == nil && (c.due || first && c.form != Lists):
			p.columns = append(p.columns, c)
			names = p.reads(names, c)
		}
	}
	if len(names) > 0 || len(f.predicted) > 0 {
		names, p.targets = f.withTargets(names)
	}
	if len(names) == 0 { // all are lists, of which there is nothing to learn
		f.rows = f.r.NumRows()
		return nil
	}
	if err := f.guess(p.columns); err != nil {
		return err
	}
	r, err := f.r.Select(names...)
	if err != nil {
		return err
	}
	free := sync.Pool{New: func() any {
		return &sight{columns: make([]seen, len(p.columns)), sources: map[*columnFit]*source{}}
	}}
	see := func(piece table.Piece) (*sight, error) {
		s := free.Get().(*sight)
		s.Piece = piece
		return s, p.look(s)
	}
	return block.Ordered(f.ctx, f.threads, r.Pieces(max(1, fitPiece/int64(max(1, fitBytes*len(p.columns))))), see, func(s *sight) error {
		defer free.Put(s)
		defer s.Rows.Release()
		if first {
			f.rows += s.rows
		}
		for i, c := range p.columns {
			if err := c.take(&s.columns[i], first); err != nil {
				return err
			}
		}
		return nil
	})
}

// passing is a pass over the table.
type passing struct {
	columns []*columnFit   // that take part
	places  map[string]int // of columns of the table, in the pieces
	targets []int          // likewise
	first   bool
	sample  *leak.Sample // rows that are looked at in the first pass
}

const (
	fitPiece = 4 << 20 // bytes
	fitBytes = 16      // of a number on its way, or of the head of a text
)

// reads adds what is read for a column to names.
func (p *passing) reads(names []string, c *columnFit) []string {
	for _, name := range []string{c.Name, c.beside} {
		if _, ok := p.places[name]; !ok && name != "" {
			p.places[name], names = len(names), append(names, name)
		}
	}
	return names
}

// look sees what there is in the columns of a piece, without the rows that have no
// target.
func (p *passing) look(s *sight) error {
	rows := labelled(s.Rows, p.targets)
	if rows != nil {
		kept, err := table.Take(s.Rows, rows)
		if err != nil {
			return err
		}
		s.Rows.Release()
		s.Rows = kept
	}
	s.rows = s.Rows.NumRows()
	if p.first {
		s.pick(p.sample, rows)
	}
	values, err := targetsOf(p.columns, s.Rows, p.targets)
	if err != nil {
		return err
	}
	for _, of := range s.sources {
		of.done = false
	}
	for i, c := range p.columns {
		seen := &s.columns[i]
		seen.values.Targets, seen.values.place = values, placement{first: s.At, rows: rows}
		at, target := 0, false
		if c.sources != nil {
			err = s.crossed(c, p.places, &seen.values)
		} else {
			at = p.places[c.Name]
			target = slices.Contains(p.targets, at)
			if err = s.besides(c, p.places, &seen.values); err == nil {
				err = c.read(s.Rows.Column(at), &seen.values)
			}
			if err == nil && p.first && c.looked != nil {
				seen.glimpse(s.picked)
			}
		}
		if err == nil {
			err = c.look(seen, p.first && c.sources == nil, target)
		}
		if err != nil {
			return atRow(err, func(i int) int64 { return s.At + int64(original(rows, i)) })
		}
	}
	return nil
}

// withTargets adds the columns of the targets to some that are read, and says where
// they are among them.
func (f *fitter) withTargets(names []string) (all []string, at []int) {
	for _, t := range f.predicted {
		i := slices.Index(names, t.column.Name)
		if i < 0 {
			i, names = len(names), append(names, t.column.Name)
		}
		at = append(at, i)
	}
	return names, at
}

// labelled lists the rows of a record that have a value in all of some columns, nil
// if all have.
func labelled(rec arrow.RecordBatch, columns []int) []int {
	var all []bool // nil: all are there
	for _, column := range columns {
		there := present(rec.Column(column))
		if all == nil {
			all = there
			continue
		}
		for i, ok := range there {
			all[i] = all[i] && ok
		}
	}
	if all == nil {
		return nil
	}
	rows := make([]int, 0, len(all))
	for i, ok := range all {
		if ok {
			rows = append(rows, i)
		}
	}
	return rows
}

// present says which values of a column are there, nil if all are. Whoever asks may
// change it.
func present(arr arrow.Array) []bool {
	if arr.NullN() == 0 && table.ClassOf(arr.DataType()) != table.ClassReal {
		return nil
	}
	there := slices.Clone(table.Valid(arr))
	if values, _, err := table.FloatsOrNaN(arr, nil); err == nil {
		there = make([]bool, arr.Len())
		for i, v := range values {
			there[i] = v == v
		}
	}
	if !slices.Contains(there, false) {
		return nil
	}
	return there
}

// original is the row that row i of a selection was, where nil selects all.
func original(rows []int, i int) int {
	if rows == nil {
		return i
	}
	return rows[i]
}

// atRow puts a ValueError of a batch at its row in the table.
func atRow(err error, row func(int) int64) error {
	if v, ok := err.(*ValueError); ok {
		moved := *v
		moved.Row = row(int(v.Row))
		return &moved
	}
	return err
}

// checkAnyValue refuses tables and columns that there is nothing to learn from.
func (f *fitter) checkAnyValue() error {
	if f.rows == 0 {
		if len(f.predicted) > 0 && f.r.NumRows() > 0 {
			if len(f.predicted) > 1 {
				return fmt.Errorf("there is no row of %d that has all targets, and rows that lack one are left out", f.r.NumRows())
			}
			return f.predicted[0].column.wrong("target", "", "the target is missing in all %d rows", f.r.NumRows())
		}
		return fmt.Errorf("the table has no rows to learn from")
	}
	for _, c := range f.columns {
		if !c.any && !c.always {
			sample := cmp.Or(sampleTimes[table.ClassNamed(c.Type)], "0")
			return c.wrong("", fmt.Sprintf("remove it from `features`, or say what it is: `impute: {constant: %s}`", sample), "all %d values are missing", f.rows)
		}
	}
	return nil
}
