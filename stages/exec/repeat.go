package exec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/pipeline"
)

// How many rows, and of how many groups, a command is asked about once more.
const (
	repeatedRows   = 64
	repeatedGroups = 8
)

// checkRows runs the command again on some of the rows: if it makes each row of itself, or of
// its group, it makes the same of them. What it learns of all rows, such as codes of
// categories, many rows may tell it as well, but not one.
func (s *Exec) checkRows(ctx context.Context, env pipeline.Env, m *mask, first *workDir) error {
	in, err := env.Open(first.rowsPort)
	if err != nil {
		return err
	}
	defer in.Close()
	from, err := table.Open(in, in.Size())
	if err != nil || from.NumRows() == 0 {
		return err
	}
	defer from.Close()
	made, err := openAside(first.made)
	if err != nil {
		return err
	}
	defer made.Close()
	rows, err := s.draw(env, from)
	if err != nil {
		return err
	}
	env.Log().Info(fmt.Sprintf("once more, on %d of the %d rows, to see whether each is made of itself", len(rows), from.NumRows()))
	r := &repeat{stage: s, mask: m, first: first, from: from, made: made}
	if err := r.try(ctx, env, rows); err != nil {
		return err
	}
	alone, err := r.telling(rows)
	for _, row := range alone {
		some := []int64{row}
		if s.Group != "" {
			some, err = r.groupOf(row)
		}
		if err == nil && !slices.Equal(some, rows) {
			err = r.try(ctx, env, some)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// A repeat asks a command again about some of the rows that it has read.
type repeat struct {
	stage      *Exec
	mask       *mask
	first      *workDir
	from, made *table.Reader
	n          int // how often it was asked
}

// try runs the command on some of the rows.
func (r *repeat) try(ctx context.Context, env pipeline.Env, rows []int64) error {
	r.n++
	dir := filepath.Join(r.first.dir, fmt.Sprint("repeated-", r.n))
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	w, err := newWorkDir(dir, r.stage, r.mask)
	if err != nil {
		return err
	}
	w.rowsPort = r.first.rowsPort
	if w.sample, err = pick(r.from, rows, filepath.Join(dir, "sample")); err != nil {
		return err
	}
	defer w.sample.Close()
	err = r.stage.call(ctx, env, r.mask, w)
	if err == nil {
		err = w.checkOutputs()
	}
	if err != nil {
		return diag.WithHint(fmt.Errorf("the command made %d rows of as many, and fails when it reads %d of these: %w", r.from.NumRows(), len(rows), err), diagHint(err))
	}
	if w.made, err = w.tableAgain(ctx, env, cell.TypesOf(r.made.Schema())); err != nil {
		return err
	}
	defer w.close()
	again, err := openAside(w.made)
	if err != nil {
		return err
	}
	defer again.Close()
	return compare(r.made, again, rows)
}

// telling are one or two of some rows that tell most when the command reads nothing else: one
// with the most values that are missing in what it read, which it may have filled in, and one
// with the most that are no zero in what it made, as the first code of a category is.
func (r *repeat) telling(rows []int64) ([]int64, error) {
	filled, err := most(r.from, rows, func(v value) bool { return !v.there })
	if err != nil {
		return nil, err
	}
	coded, err := most(r.made, rows, func(v value) bool { return v.there && !slices.Contains(nothing, v.text) })
	if err != nil || coded < 0 && filled < 0 {
		return nil, err
	}
	return slices.DeleteFunc(slices.Compact([]int64{coded, filled}), func(row int64) bool { return row < 0 }), nil
}

// nothing is how values are written that say little.
var nothing = []string{"", "0", "false"}

// most is that of some rows with the most values that are of a kind; -1 if none has any.
func most(t *table.Reader, rows []int64, is func(value) bool) (int64, error) {
	at, best := int64(-1), 0
	c := cursor{r: t}
	for _, row := range rows {
		if err := c.to(row); err != nil {
			return 0, err
		}
		n := 0
		for column := range c.rec.Columns() {
			if is(c.value(column)) {
				n++
			}
		}
		if n > best {
			at, best = row, n
		}
	}
	return at, nil
}

// groupOf are the rows of the group of one.
func (r *repeat) groupOf(row int64) ([]int64, error) {
	column, err := r.from.Select(r.stage.Group)
	if err != nil {
		return nil, err
	}
	i, at := column.BatchOf(row)
	rec, err := column.Batch(i)
	if err != nil {
		return nil, err
	}
	keys, err := groupsOf(rec)
	if err != nil {
		return nil, err
	}
	return rowsWith(column, keys[at:at+1])
}

func diagHint(err error) string {
	if hint := diag.HintOf(err); hint != "" {
		return hint
	}
	return notRowWise
}

// tableAgain takes the table that the command has written.
func (w *workDir) tableAgain(ctx context.Context, env pipeline.Env, types []cell.Typed) (*os.File, error) {
	for _, o := range w.stage.Outputs {
		if pipeline.PortType(o.Value) != pipeline.Table {
			continue
		}
		name := w.written(o)
		f, err := w.openWritten(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return w.takeRows(ctx, env, f, name, types, func(string) {})
	}
	return nil, fmt.Errorf("internal error: no table is declared")
}

// draw are the rows for which the command is run once more: about half of a small table, since
// among all of them each would have the same others.
func (s *Exec) draw(env pipeline.Env, from *table.Reader) ([]int64, error) {
	all := from.NumRows()
	stream := random.New(env.Seed(), "rows", 0)
	var rows []int64
	seen := map[int64]bool{}
	for i := uint64(0); int64(len(rows)) < min(repeatedRows, (all+1)/2); i++ {
		if row := int64(stream.IntN(i, int(all))); !seen[row] {
			seen[row], rows = true, append(rows, row)
		}
	}
	if s.Group == "" {
		return rows, nil
	}
	column, err := from.Select(s.Group)
	if err != nil {
		return nil, fmt.Errorf("group: %w", err)
	}
	var groups []string
	for _, drawn := range rows[:min(len(rows), repeatedGroups)] {
		i, at := column.BatchOf(drawn)
		rec, err := column.Batch(i)
		if err != nil {
			return nil, err
		}
		keys, err := groupsOf(rec)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(groups, keys[at]) {
			groups = append(groups, keys[at])
		}
	}
	rows, err = rowsWith(column, groups)
	if err == nil && int64(len(rows)) == all && len(groups) > 1 {
		return rowsWith(column, groups[:len(groups)/2])
	}
	return rows, err
}

// rowsWith are the rows of some groups in their order.
func rowsWith(column *table.Reader, groups []string) (rows []int64, err error) {
	base := int64(0)
	for rec, err := range column.Batches() {
		if err != nil {
			return nil, err
		}
		keys, err := groupsOf(rec)
		if err != nil {
			return nil, fmt.Errorf("group: %w", err)
		}
		for i, key := range keys {
			if slices.Contains(groups, key) {
				rows = append(rows, base+int64(i))
			}
		}
		base += rec.NumRows()
	}
	return rows, nil
}

// groupsOf are the values of the only column of a record. One that is missing is a group,
// too.
func groupsOf(rec arrow.RecordBatch) ([]string, error) {
	texts, valid, err := table.Texts(rec.Column(0))
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(texts))
	for i, text := range texts {
		if valid == nil || valid[i] {
			keys[i] = "=" + text
		}
	}
	return keys, nil
}

// pick writes rows of a table to a file, as a table of its own.
func pick(from *table.Reader, rows []int64, path string) (_ *os.File, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	w, err := table.NewWriter(f, from.Schema())
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	for len(rows) > 0 {
		i, _ := from.BatchOf(rows[0])
		var at []int
		for len(rows) > 0 {
			batch, row := from.BatchOf(rows[0])
			if batch != i {
				break
			}
			at, rows = append(at, row), rows[1:]
		}
		rec, err := from.Batch(i)
		if err != nil {
			return nil, err
		}
		some, err := table.Take(rec, at)
		rec.Release()
		if err != nil {
			return nil, err
		}
		err = w.Write(some)
		some.Release()
		if err != nil {
			return nil, err
		}
	}
	return f, w.Close()
}

// compare says which of some rows are not what they were among all.
func compare(made, again *table.Reader, rows []int64) error {
	names, others := table.Names(made.Schema()), table.Names(again.Schema())
	differs := func(format string, args ...any) error {
		return diag.WithHint(fmt.Errorf("`rows: true` is not true of the command: "+format, args...), notRowWise)
	}
	if !slices.Equal(names, others) {
		return differs("it makes other columns when it reads %d of the rows: %s, and not %s", len(rows), diag.Shorten(quoted(others)), diag.Shorten(quoted(names)))
	}
	if again.NumRows() != int64(len(rows)) {
		return differs("it makes %d rows when it reads %d of them", again.NumRows(), len(rows))
	}
	was, is := cursor{r: made}, cursor{r: again}
	for i, row := range rows {
		if err := was.to(row); err != nil {
			return err
		}
		if err := is.to(int64(i)); err != nil {
			return err
		}
		for c, name := range names {
			if a, b := was.value(c), is.value(c); a != b {
				return differs("row %d is another one when it reads only %d of the rows: %s is %s there, and %s among all of them", row+1, len(rows), diag.Quote(name), b, a)
			}
		}
	}
	return nil
}

func quoted(names []string) (text string) {
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += diag.Quote(name)
	}
	return text
}

// A cursor is at a row of a table.
type cursor struct {
	r     *table.Reader
	batch int
	rec   arrow.RecordBatch
	row   int
}

func (c *cursor) to(row int64) (err error) {
	batch, at := c.r.BatchOf(row)
	if c.rec == nil || batch != c.batch {
		if c.rec, err = c.r.Batch(batch); err != nil {
			return err
		}
	}
	c.batch, c.row = batch, at
	return nil
}

// A value is one as it is written, so that numbers are equal whatever their types are.
type value struct {
	text  string
	there bool
}

func (v value) String() string {
	if !v.there {
		return "missing"
	}
	return diag.Quote(v.text)
}

func (c *cursor) value(column int) value {
	values := c.rec.Column(column)
	if values.IsNull(c.row) {
		return value{}
	}
	return value{table.Text(values, c.row), true}
}
