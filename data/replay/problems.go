package replay

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// ProblemColumn is the column of a table of problems.
const ProblemColumn = "problem"

// Problems say of rows why they stayed behind on their way, row by row. Those of which nothing
// is said went on, and are the rows of another table, in their order.
type Problems struct {
	beside *table.Beside
	left   int64 // rows
	texts  []string
	valid  []bool
	at     int
	rec    arrow.RecordBatch
}

// ReadProblems begins with the first row of a table of problems.
func ReadProblems(r *table.Reader) (*Problems, error) {
	r, err := r.Select(ProblemColumn)
	if err != nil {
		return nil, err
	}
	return &Problems{beside: r.Beside(), left: r.NumRows()}, nil
}

// Close lets go of the rows at hand.
func (p *Problems) Close() {
	p.beside.Close()
	if p.rec != nil {
		p.rec.Release()
		p.rec = nil
	}
}

// Next gives why the next row stayed behind, empty if it did not. ok is false behind the last.
func (p *Problems) Next() (why string, ok bool, err error) {
	if p.at == len(p.texts) {
		n := int(min(p.left, 1<<12))
		if n == 0 {
			return "", false, nil
		}
		if p.rec != nil {
			p.rec.Release()
		}
		if p.rec, err = p.beside.Next(n); err != nil {
			return "", false, err
		}
		if p.texts, p.valid, err = table.Texts(p.rec.Column(0)); err != nil {
			return "", false, fmt.Errorf("%s: %w", ProblemColumn, err)
		}
		p.at, p.left = 0, p.left-int64(n)
	}
	if p.valid == nil || p.valid[p.at] {
		why = strings.Clone(p.texts[p.at])
	}
	p.at++
	return why, true, nil
}

// Until gives why the rows before the next one that went on stayed behind, and takes that one, too.
func (p *Problems) Until() (before []string, err error) {
	for {
		why, ok, err := p.Next()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, errors.New("there are more rows than went on")
		case why == "":
			return before, nil
		}
		before = append(before, why)
	}
}

// Rest gives why the rows behind the last one that went on stayed behind.
func (p *Problems) Rest() (all []string, err error) {
	for {
		why, ok, err := p.Next()
		if err != nil || !ok {
			return all, err
		}
		if why == "" {
			return nil, errors.New("there are fewer rows than went on")
		}
		all = append(all, why)
	}
}
