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
	rows  []string         // what is wrong with each row; nil: nothing
	kinds [][]ProblemCount // by column of the transform, then by column that was read again, then of the steps
}

func newProblems(columns int) *problems { return &problems{kinds: make([][]ProblemCount, columns)} }

// add notes a problem of some n rows.
func (p *problems) add(column, n int, err *ValueError) {
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
	p.count(column, ProblemCount{N: 1, First: err})
}

// merge adds the kinds of problems of the next rows, which begin at row base of
// the table.
func (p *problems) merge(next *problems, base int64) {
	for column, kinds := range next.kinds {
		for _, k := range kinds {
			first := *k.First
			first.Row += base
			p.count(column, ProblemCount{k.N, &first})
		}
	}
}

func (p *problems) count(column int, more ProblemCount) {
	kinds := p.kinds[column]
	for i := range kinds {
		if kinds[i].First.Reason == more.First.Reason {
			kinds[i].N += more.N
			return
		}
	}
	p.kinds[column] = append(kinds, more)
}

func (p *problems) counts() []ProblemCount {
	var all []ProblemCount
	for _, kinds := range p.kinds {
		all = append(all, kinds...)
	}
	return all
}
