package predict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/pipeline"
)

// A beside is what else is known of rows that went through a command: how they were read,
// and which have a problem.
type beside struct {
	port     string        // of the columns that are carried along
	schema   *arrow.Schema // theirs
	raw      *table.Beside // nil: those of the table
	problems *table.Beside // nil: no row has one
	open     []*pipeline.Input
	strict   bool
}

func (s *Stage) openBeside(env pipeline.Env, r *table.Reader) (*beside, error) {
	b := &beside{port: tablePort, schema: r.Schema(), strict: s.Strict}
	at := func(port string) (*table.Reader, error) {
		in, err := env.Open(port)
		if err != nil {
			return nil, err
		}
		b.open = append(b.open, in)
		other, err := table.Open(in, in.Size())
		if err == nil && other.NumRows() != r.NumRows() {
			err = fmt.Errorf("it has %d rows, and the table %d", other.NumRows(), r.NumRows())
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", in.Name, err)
		}
		return other, err
	}
	if slices.Contains(env.Inputs(), rawPort) {
		raw, err := at(rawPort)
		if err != nil {
			b.close()
			return nil, err
		}
		b.port, b.schema, b.raw = rawPort, raw.Schema(), raw.Beside()
	}
	if slices.Contains(env.Inputs(), problemsPort) {
		problems, err := at(problemsPort)
		if err == nil {
			problems, err = problems.Select(ProblemColumn)
		}
		if err != nil {
			b.close()
			return nil, err
		}
		b.problems = problems.Beside()
	}
	return b, nil
}

func (b *beside) close() {
	for _, of := range []*table.Beside{b.raw, b.problems} {
		if of != nil {
			of.Close()
		}
	}
	for _, in := range b.open {
		in.Close()
	}
}

// of gives, for the next rows, those to carry along, which the caller releases, and their problems,
// before which come those that they have already.
func (b *beside) of(rows arrow.RecordBatch, problems []string, out *writer) (arrow.RecordBatch, []string, error) {
	n := int(rows.NumRows())
	if b.problems != nil {
		rec, err := b.problems.Next(n)
		if err != nil {
			return nil, nil, err
		}
		defer rec.Release()
		texts, valid, err := table.Texts(rec.Column(0))
		if err != nil {
			return nil, nil, fmt.Errorf("problems: %w", err)
		}
		for i, text := range texts {
			if valid != nil && !valid[i] || text == "" {
				continue
			}
			if b.strict {
				return nil, nil, fmt.Errorf("row %d: %s", out.Rows()+int64(i)+1, text)
			}
			if problems == nil {
				problems = make([]string, n)
			}
			if problems[i] = strings.Clone(text); out.given == 0 {
				out.firstGiven = problems[i]
			}
			out.given++
		}
	}
	if b.raw == nil {
		rows.Retain()
		return rows, problems, nil
	}
	rec, err := b.raw.Next(n)
	return rec, problems, err
}
