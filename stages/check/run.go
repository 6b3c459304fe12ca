package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/pipeline"
)

// pieceRows is how many rows are looked at in one go.
const pieceRows = 1 << 16

// An opened is a table behind an input.
type opened struct {
	*table.Reader
	in *pipeline.Input
}

func open(env pipeline.Env, port string) (*opened, error) {
	in, err := env.Open(port)
	if err != nil {
		return nil, err
	}
	r, err := table.Open(in, in.Size())
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return &opened{r, in}, nil
}

func (o *opened) close() error { return errors.Join(o.Reader.Close(), o.in.Close()) }

// Run implements pipeline.Stage.
func (s *Check) Run(ctx context.Context, env pipeline.Env) error {
	in, err := open(env, tablePort)
	if err != nil {
		return err
	}
	defer in.close()
	if err := s.run(ctx, env, in); err != nil {
		var required *pipeline.RequirementError
		if errors.As(err, &required) {
			return err
		}
		return fmt.Errorf("%s: %w", in.in.Name, err)
	}
	return nil
}

func (s *Check) run(ctx context.Context, env pipeline.Env, in *opened) error {
	var closers []func() error
	defer func() {
		for _, end := range closers {
			end()
		}
	}()
	others := func(port string) (*table.Reader, error) {
		o, err := open(env, port)
		if err != nil {
			return nil, err
		}
		closers = append(closers, o.close)
		return o.Reader, nil
	}
	with := relation.Means{Threads: env.Threads(), Scratch: env.Scratch}
	rules, faults, err := s.rulesOf(ctx, with, in.Reader, others)
	if err != nil {
		return err
	}
	if c := s.Rows; c != nil && !c.Holds(float64(in.NumRows()), c.Bound) {
		faults = append(faults, fault{fmt.Sprintf("there are %d rows, required %s", in.NumRows(), c)})
	}
	found, err := s.look(ctx, env, in, rules)
	if err != nil {
		return err
	}
	rows := found.faults(s.Tolerance, rules)
	if s.OnFailure == quarantine {
		for _, f := range found.faults(0, rules) { // they leave the table, tolerated or not
			env.Log().Warn(f.text)
		}
	}
	faults = append(faults, found.missing(s, in.Reader)...)
	if s.Fresh != nil {
		fault, err := s.Fresh.check(ctx, in.Reader)
		if err != nil {
			return err
		}
		faults = append(faults, fault...)
	}
	if s.Drift != nil {
		reference, err := others(referencePort)
		if err != nil {
			return err
		}
		moved, err := s.Drift.check(ctx, env, in.Reader, reference)
		if err != nil {
			return fmt.Errorf("drift: %w", err)
		}
		faults = append(faults, moved...)
	}
	env.Metric("rows", float64(in.NumRows()), metric.Meaning{})
	env.Metric("broken_rows", float64(found.rows), metric.Meaning{Goal: metric.Down})
	env.Metric("faults", float64(len(faults)+len(rows)), metric.Meaning{Goal: metric.Down})
	return s.tell(env, faults, rows)
}

// tell ends the stage as on_failure says.
func (s *Check) tell(env pipeline.Env, faults, rows []fault) error {
	var failed []string
	for _, f := range faults {
		failed = append(failed, f.text)
	}
	for _, f := range rows {
		if s.OnFailure != quarantine { // whose rows were told of
			failed = append(failed, f.text)
		}
	}
	if s.OnFailure == warn {
		for _, f := range failed {
			env.Log().Warn(f)
		}
		failed = nil
	}
	if len(failed) > 0 {
		return &pipeline.RequirementError{Failed: failed}
	}
	return nil
}

// A finding is what was seen of the rows.
type finding struct {
	of      int64   // rows
	rows    int64   // that break any rule
	broken  []int64 // by rule
	example []string
	nulls   []int64 // by column
}

// look applies the rules to all rows, and writes them.
func (s *Check) look(ctx context.Context, env pipeline.Env, in *opened, rules []*rule) (*finding, error) {
	schema := in.Schema()
	for _, p := range s.OutputPorts(nil) {
		for _, name := range table.Names(schema) {
			env.Column(pipeline.ColumnRef{Port: p.Name, Column: name}, pipeline.ColumnRef{Port: tablePort, Column: name})
		}
	}
	out, err := env.Create(tablePort)
	if err != nil {
		return nil, err
	}
	var good, bad *table.Writer
	if s.OnFailure == quarantine {
		if good, err = table.NewWriter(out, schema); err != nil {
			return nil, err
		}
		defer good.Discard()
		aside, err := env.Create(quarantinePort)
		if err != nil {
			return nil, err
		}
		if len(schema.FieldIndices(problemColumn)) > 0 {
			return nil, diag.WithHint(fmt.Errorf("there is a column %q already, which on_failure: quarantine adds", problemColumn), "rename it before, with `derive`")
		}
		meta := schema.Metadata()
		if bad, err = table.NewWriter(aside, arrow.NewSchema(append(schema.Fields(), arrow.Field{Name: problemColumn, Type: arrow.BinaryTypes.String}), &meta)); err != nil {
			return nil, err
		}
		defer bad.Discard()
	} else if _, err := io.Copy(out, io.NewSectionReader(in.in, 0, in.in.Size())); err != nil {
		return nil, err
	}
	found := &finding{of: in.NumRows(), broken: make([]int64, len(rules)), example: make([]string, len(rules)), nulls: make([]int64, schema.NumFields())}
	var done int64
	work := func(p table.Piece) (*seen, error) {
		defer p.Rows.Release()
		return s.inspect(p, rules)
	}
	err = block.Ordered(ctx, max(1, env.Threads()), in.Pieces(pieceRows), work, func(got *seen) error {
		for i, n := range got.broken {
			if found.broken[i] += n; found.example[i] == "" {
				found.example[i] = got.example[i]
			}
		}
		for i, n := range got.nulls {
			found.nulls[i] += n
		}
		found.rows += got.bad
		done += got.rows
		env.Progress(done, in.NumRows())
		for _, part := range []struct {
			to  *table.Writer
			rec arrow.RecordBatch
		}{{good, got.kept}, {bad, got.aside}} {
			if part.rec == nil {
				continue
			}
			err := part.to.Write(part.rec)
			part.rec.Release()
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && s.OnFailure == quarantine {
		err = errors.Join(good.Close(), bad.Close())
	}
	return found, err
}

// What was seen of some rows.
type seen struct {
	rows, bad   int64
	broken      []int64
	example     []string
	nulls       []int64
	kept, aside arrow.RecordBatch // nil: nobody wants them
}

func (s *Check) inspect(p table.Piece, rules []*rule) (*seen, error) {
	n := int(p.Rows.NumRows())
	got := &seen{rows: int64(n), broken: make([]int64, len(rules)), example: make([]string, len(rules))}
	for _, c := range p.Rows.Columns() {
		got.nulls = append(got.nulls, int64(c.NullN()))
	}
	problems := make(map[int][]string)
	bad := make([]bool, n)
	for i, one := range rules {
		broken, err := one.breaks(p)
		if err != nil {
			return nil, err
		}
		for row, is := range broken {
			if !is {
				continue
			}
			if got.broken[i]++; got.broken[i] == 1 {
				got.example[i] = fmt.Sprintf("row %d", p.At+int64(row)+1)
				if one.column != "" {
					if values, valid, err := table.Texts(p.Rows.Column(p.Rows.Schema().FieldIndices(one.column)[0])); err == nil && (valid == nil || valid[row]) {
						got.example[i] += " has " + diag.Quote(values[row])
					}
				}
			}
			bad[row] = true
			if s.OnFailure == quarantine {
				problems[row] = append(problems[row], one.name)
			}
		}
	}
	var rows [2][]int
	var texts []string
	for row, is := range bad {
		if !is {
			rows[0] = append(rows[0], row)
			continue
		}
		got.bad++
		rows[1] = append(rows[1], row)
		texts = append(texts, strings.Join(problems[row], "; "))
	}
	if s.OnFailure != quarantine {
		return got, nil
	}
	var err error
	if got.kept, err = table.Take(p.Rows, rows[0]); err != nil || len(texts) == 0 {
		return got, err
	}
	taken, err := table.Take(p.Rows, rows[1])
	if err != nil {
		return got, err
	}
	defer taken.Release()
	column := table.NewArray(texts, nil)
	defer column.Release()
	fields := append(p.Rows.Schema().Fields(), arrow.Field{Name: problemColumn, Type: arrow.BinaryTypes.String})
	got.aside = array.NewRecordBatch(arrow.NewSchema(fields, nil), append(append([]arrow.Array{}, taken.Columns()...), column), taken.NumRows())
	return got, nil
}

// faults are the rules that more rows break than are tolerated.
func (f *finding) faults(tolerance float64, rules []*rule) (list []fault) {
	for i, one := range rules {
		if n := f.broken[i]; n > 0 && float64(n) > tolerance*float64(f.of) {
			list = append(list, fault{fmt.Sprintf("%s is broken by %d of %d rows: %s", diag.Quote(one.name), n, f.of, f.example[i])})
		}
	}
	return list
}

// missing are the columns of which too many values are missing.
func (f *finding) missing(s *Check, r *table.Reader) (list []fault) {
	of, _ := s.columns(r.Schema())
	for i, field := range r.Schema().Fields() {
		e := of[field.Name]
		if e == nil || e.Value.Missing == nil || *e.Value.Missing == 0 || r.NumRows() == 0 {
			continue
		}
		if share := float64(f.nulls[i]) / float64(r.NumRows()); share > *e.Value.Missing {
			list = append(list, fault{fmt.Sprintf("column %q: %s of the values are missing, at most %s may be", field.Name, percent(share), percent(*e.Value.Missing))})
		}
	}
	return list
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 4, 64) + " %" }

// check finds the newest row, and says if it is too old.
func (f *Fresh) check(ctx context.Context, r *table.Reader) ([]fault, error) {
	since, err := f.since()
	if err != nil {
		return nil, err
	}
	only, err := r.Select(f.Column)
	if err != nil {
		return nil, fmt.Errorf("fresh: %w", err)
	}
	unit := time.Duration(0)
	switch t := only.Schema().Field(0).Type.(type) {
	case *arrow.Date32Type:
		unit = 24 * time.Hour
	case *arrow.TimestampType:
		unit = t.Unit.Multiplier()
	default:
		return nil, diag.WithHint(fmt.Errorf("fresh: column %q is %s, which is no date", f.Column, table.TypeName(t)),
			fmt.Sprintf("read it as a date: `columns: {%s: date}` of the ingest stage", f.Column))
	}
	newest := math.Inf(-1)
	for rec, err := range only.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		values, valid, err := table.Floats(rec.Column(0))
		if err != nil {
			return nil, err
		}
		for i, v := range values {
			if valid == nil || valid[i] {
				newest = max(newest, v)
			}
		}
	}
	if math.IsInf(newest, -1) {
		return []fault{{fmt.Sprintf("no row has a value in %q, so nothing says how new they are", f.Column)}}, nil
	}
	per := float64(time.Second / min(unit, time.Second))
	at := time.Unix(int64(math.Floor(newest/per)), 0)
	if unit > time.Second {
		at = time.Unix(int64(newest)*int64(unit/time.Second), 0)
	}
	if at.Before(since) {
		return []fault{{fmt.Sprintf("the newest row is of %s, more than %s before %s", at.UTC().Format("2006-01-02 15:04"), f.Within, f.Of)}}, nil
	}
	return nil, nil
}
