package feature

import "strings"

// maxProblem is how many bytes of a row's problems are enough, since a row can
// have one in each of thousands of columns. Then the text ends with more.
const (
	maxProblem = 300
	more       = "; and more"
)

// problems gathers the values that no rule covers, by row and by kind.
type problems struct {
	rows  []string         // what is wrong with each row of the batch; nil: nothing
	kinds [][]ProblemCount // by column of the transform
}

func newProblems(columns int) *problems { return &problems{kinds: make([][]ProblemCount, columns)} }

// add notes a problem of a batch of n rows that begins at row base of the table.
func (p *problems) add(column, n int, base int64, err *ValueError) {
	if p.rows == nil {
		p.rows = make([]string, n)
	}
	switch text := &p.rows[err.Row]; {
	case *text == "":
		*text = err.inRow()
	case len(*text) < maxProblem:
		*text += "; " + err.inRow()
	case !strings.HasSuffix(*text, more):
		*text += more
	}
	kinds := p.kinds[column]
	for i := range kinds {
		if kinds[i].First.Reason == err.Reason {
			kinds[i].N++
			return
		}
	}
	first := *err
	first.Row += base
	p.kinds[column] = append(kinds, ProblemCount{N: 1, First: &first})
}

// take gives the problems of the batch and begins the next one.
func (p *problems) take() []string {
	if p == nil {
		return nil
	}
	rows := p.rows
	p.rows = nil
	return rows
}

func (p *problems) counts() []ProblemCount {
	var all []ProblemCount
	for _, kinds := range p.kinds {
		all = append(all, kinds...)
	}
	return all
}
