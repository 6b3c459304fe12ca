package predict

import (
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
)

// A beside is what else is known of rows that went through a command: how they were read,
// and which stayed behind.
type beside struct {
	env      pipeline.Env
	port     string        // of the columns that are carried along
	schema   *arrow.Schema // theirs
	rows     int64         // all of them
	raw      *table.Beside // nil: those of the table
	problems *replay.Problems
	last     arrow.RecordBatch // features of a row, to stand for those that stayed behind
	open     []*pipeline.Input
	strict   bool
}

func (s *Stage) openBeside(env pipeline.Env, r *table.Reader) (_ *beside, err error) {
	b := &beside{env: env, port: tablePort, schema: r.Schema(), rows: r.NumRows(), strict: s.Strict}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if slices.Contains(env.Inputs(), rawPort) {
		raw, err := b.at(rawPort)
		if err != nil {
			return nil, err
		}
		b.port, b.schema, b.rows, b.raw = rawPort, raw.Schema(), raw.NumRows(), raw.Beside()
	}
	if slices.Contains(env.Inputs(), problemsPort) {
		if b.raw == nil {
			return nil, diag.WithHint(errors.New("there are problems of rows, and not how these were read"), "connect the rows that went into the stage `replay` as the input `raw`")
		}
		problems, err := b.at(problemsPort)
		if err == nil && problems.NumRows() != b.rows {
			err = fmt.Errorf("problems: there are %d rows, and %d that were read", problems.NumRows(), b.rows)
		}
		if err == nil {
			b.problems, err = replay.ReadProblems(problems)
		}
		return b, err
	}
	if b.rows != r.NumRows() {
		return nil, fmt.Errorf("raw: there are %d rows, and %d in the table", b.rows, r.NumRows())
	}
	return b, nil
}

func (b *beside) at(port string) (*table.Reader, error) {
	in, err := b.env.Open(port)
	if err != nil {
		return nil, err
	}
	b.open = append(b.open, in)
	r, err := table.Open(in, in.Size())
	if err != nil {
		err = fmt.Errorf("%s: %w", in.Name, err)
	}
	return r, err
}

func (b *beside) close() {
	if b.raw != nil {
		b.raw.Close()
	}
	if b.problems != nil {
		b.problems.Close()
	}
	if b.last != nil {
		b.last.Release()
	}
	for _, in := range b.open {
		in.Close()
	}
}

// A batch is rows to carry along, with their features and problems.
type batch struct {
	rows, features arrow.RecordBatch
	problems       []string
}

func (b *batch) release() {
	b.rows.Release()
	b.features.Release()
}

// of gives, for the next rows that went on, those to carry along, with those before them that
// stayed behind.
func (b *beside) of(rows, features arrow.RecordBatch, problems []string, out *writer) (*batch, error) {
	rows.Retain()
	features.Retain()
	one := &batch{rows, features, problems}
	if b.raw == nil {
		return one, nil
	}
	n := int(rows.NumRows())
	if b.problems != nil && n > 0 {
		var at []int // of the features of each row
		var why []string
		for i := range n {
			before, err := b.problems.Until()
			if err != nil {
				one.release()
				return nil, fmt.Errorf("problems: %w", err)
			}
			for _, text := range before {
				at, why = append(at, i), append(why, text)
			}
			at, why = append(at, i), append(why, "")
			if problems != nil {
				why[len(why)-1] = problems[i]
			}
		}
		if len(at) > n {
			if err := b.spread(one, at, why, n, out); err != nil {
				one.release()
				return nil, err
			}
		}
		if b.last == nil {
			var err error
			if b.last, err = table.Take(features, []int{0}); err != nil {
				one.release()
				return nil, err
			}
		}
		n = len(at)
	}
	raw, err := b.raw.Next(n)
	if err != nil {
		one.release()
		return nil, err
	}
	one.rows.Release()
	one.rows = raw
	return one, nil
}

// spread gives the rows that stayed behind features, which mean nothing, and their problems.
func (b *beside) spread(one *batch, at []int, why []string, went int, out *writer) error {
	if b.strict {
		first := slices.IndexFunc(why, func(text string) bool { return text != "" })
		return fmt.Errorf("row %d: %s", out.Rows()+int64(first)+1, why[first])
	}
	features, err := table.Take(one.features, at)
	if err != nil {
		return err
	}
	one.features.Release()
	one.features, one.problems = features, why
	b.stayed(out, len(at)-went, why)
	return nil
}

func (b *beside) stayed(out *writer, n int, why []string) {
	if out.given == 0 {
		out.firstGiven = why[slices.IndexFunc(why, func(text string) bool { return text != "" })]
	}
	out.given += int64(n)
}

// rest are the rows behind the last one that went on; nil if there are none.
func (b *beside) rest(out *writer) (*batch, error) {
	if b.problems == nil {
		return nil, nil
	}
	why, err := b.problems.Rest()
	if err != nil || len(why) == 0 {
		return nil, err
	}
	if b.strict || b.last == nil {
		return nil, fmt.Errorf("row %d: %s", out.Rows()+1, why[0])
	}
	b.stayed(out, len(why), why)
	features, err := table.Take(b.last, make([]int, len(why)))
	if err != nil {
		return nil, err
	}
	rows, err := b.raw.Next(len(why))
	if err != nil {
		features.Release()
		return nil, err
	}
	return &batch{rows, features, why}, nil
}

// place has rows count among all that were read in what was met.
func (b *beside) place(counts *feature.Counts) error {
	if b.problems == nil {
		return nil
	}
	var rows []*int64
	for i := range counts.Problems {
		rows = append(rows, &counts.Problems[i].First.Row)
	}
	for _, list := range [][]replay.Count{counts.Replayed.Alone, counts.Replayed.Outside} {
		for i := range list {
			rows = append(rows, &list[i].First)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(x, y *int64) int { return int(*x - *y) })
	r, err := b.at(problemsPort)
	if err != nil {
		return err
	}
	problems, err := replay.ReadProblems(r)
	if err != nil {
		return err
	}
	defer problems.Close()
	went := int64(-1)
	for all := int64(0); len(rows) > 0; all++ {
		why, ok, err := problems.Next()
		if err != nil || !ok {
			return err
		}
		if why == "" {
			went++
		}
		for len(rows) > 0 && why == "" && *rows[0] == went {
			*rows[0], rows = all, rows[1:]
		}
	}
	return nil
}
