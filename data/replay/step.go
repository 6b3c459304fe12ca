package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"pipe/data/derive"
	"pipe/data/expr"
	"pipe/data/relation"
	"pipe/pipeline/settings"
)

// A Step is what rows went through: one of these.
type Step struct {
	Derive *derive.Columns `json:"-"` // a step without a name: its settings
	Join   *Join           `json:"join,omitempty"`
	Filter *Filter         `json:"filter,omitempty"`
	Window *Window         `json:"window,omitempty"`
	// Program is not gone through here: whoever has rows that are to go through it runs it.
	Program *Program `json:"program,omitempty"`
}

// A Join gave rows the columns of those of another table, the right one, that belong to them.
type Join struct {
	Right    string            `json:"right"` // the hash of the table
	On       []relation.Pair   `json:"on,omitempty"`
	AsOf     *relation.AsOf    `json:"as_of,omitempty"`
	Inner    bool              `json:"inner,omitempty"` // rows that match nothing were left out
	Multiple relation.Multiple `json:"multiple"`
	Columns  []relation.Pair   `json:"columns"` // that were added, by the names that they got
	// Types are those of the columns of the right table that are needed.
	Types map[string]string `json:"types"`
}

// A Filter left out the rows of which a condition is not true.
type Filter struct {
	Where string `json:"where"`
	// Skip says that new rows of which it is not true get no prediction.
	Skip bool `json:"skip,omitempty"`

	expr expr.Expr
}

// JSON is the step as a table and a transform have it.
func (s *Step) JSON() (json.RawMessage, error) {
	if s.Derive != nil {
		return s.Derive.Step(), nil
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return bytes.TrimSpace(text.Bytes()), err
}

// read reads a step, which anyone may have written.
func read(text json.RawMessage) (*Step, error) {
	var forms map[string]json.RawMessage
	if err := json.Unmarshal(text, &forms); err != nil {
		return nil, err
	}
	s := new(Step)
	if forms["join"] == nil && forms["filter"] == nil && forms["window"] == nil && forms["program"] == nil {
		s.Derive = new(derive.Columns)
		if err := settings.FromJSON(text, s.Derive); err != nil {
			return nil, err
		}
		return s, s.Derive.Validate()
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, err
	}
	switch {
	case len(forms) != 1 || s.Join == nil && s.Filter == nil && s.Window == nil && s.Program == nil:
		return nil, errors.New("want either a join, a filter, a window or a program")
	case s.Join != nil:
		return s, s.Join.check()
	case s.Window != nil:
		return s, s.Window.Framing.Check()
	case s.Program != nil:
		return s, s.Program.check()
	}
	if err := s.Filter.expr.UnmarshalText([]byte(s.Filter.Where)); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return s, s.Filter.expr.CheckCondition(&expr.Scope{Open: true})
}

var hash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (j *Join) check() error {
	if !hash.MatchString(j.Right) || len(j.Columns) == 0 || len(j.On) == 0 && j.AsOf == nil {
		return errors.New("the join has no table, no columns, or nothing to find them by")
	}
	if !slices.Contains([]relation.Multiple{relation.RefuseSeveral, relation.FirstOfThem, relation.LastOfThem}, j.Multiple) {
		return fmt.Errorf("the join has unknown matches %q", j.Multiple)
	}
	seen := map[string]bool{}
	for _, c := range j.Columns {
		if seen[c.Left] {
			return fmt.Errorf("the join has two columns %q", c.Left)
		}
		seen[c.Left] = true
	}
	return nil
}

// added says whether the join has made a column.
func (j *Join) added(name string) bool {
	return slices.ContainsFunc(j.Columns, func(p relation.Pair) bool { return p.Left == name })
}

// keys are the columns that decide which rows belong together, of the left table or of the right one.
func (j *Join) keys(right bool) (names []string) {
	of := func(p relation.Pair) string {
		if right {
			return p.Right
		}
		return p.Left
	}
	for _, p := range j.On {
		names = append(names, of(p))
	}
	if a := j.AsOf; a != nil {
		names = append(names, of(relation.Pair{Left: a.Left, Right: a.Right}))
	}
	return names
}

// Needs are the columns of the right table that are needed, sorted.
func (j *Join) Needs() []string {
	names := j.keys(true)
	for _, p := range j.Columns {
		names = append(names, p.Right)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// same says whether two steps do the same: to the rows of a table that is joined it
// may have happened later than in training.
func same(a, b *Step) bool {
	if a.Join != nil && b.Join != nil {
		one, other := *a.Join, *b.Join
		one.Right, other.Right, one.Types, other.Types = "", "", nil, nil
		a, b = &Step{Join: &one}, &Step{Join: &other}
	}
	if a.Program != nil && b.Program != nil {
		one, other := *a.Program, *b.Program
		one.Columns, other.Columns = nil, nil // new rows may have others, that were only read
		a, b = &Step{Program: &one}, &Step{Program: &other}
	}
	x, err := a.JSON()
	y, err2 := b.JSON()
	return err == nil && err2 == nil && bytes.Equal(x, y)
}

// Left are the steps of the second list that rows which went through those of the first
// have before them. ok is false if they went through others. Filters made no
// columns, so that it does not matter which rows were left out.
func Left(through, steps []*Step) (left []*Step, ok bool) {
	for len(through) > 0 {
		switch {
		case len(steps) > 0 && same(through[0], steps[0]):
			through, steps = through[1:], steps[1:]
		case through[0].Filter != nil:
			through = through[1:]
		case len(steps) > 0 && steps[0].Filter != nil:
			steps = steps[1:]
		default:
			return nil, false
		}
	}
	return steps, true
}

// Has says whether a step is one of them.
func (s *Steps) Has(step json.RawMessage) bool {
	return slices.ContainsFunc(s.Steps, func(one json.RawMessage) bool { return bytes.Equal(compact(one), compact(step)) })
}

func compact(text json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}

// List reads the steps, which anyone may have written.
func (s *Steps) List() ([]*Step, error) {
	list := make([]*Step, len(s.Steps))
	for i, text := range s.Steps {
		var err error
		if list[i], err = read(text); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return list, nil
}

// Made are the names of the columns that steps make.
func Made(steps []*Step) (names []string) {
	for _, s := range steps {
		switch {
		case s.Derive != nil:
			for _, e := range s.Derive.Columns {
				names = append(names, e.Key)
			}
			for _, e := range s.Derive.Rename {
				names = append(names, e.Value)
			}
		case s.Join != nil:
			for _, c := range s.Join.Columns {
				names = append(names, c.Left)
			}
		}
	}
	return names
}

// Wide says whether a step looks at other rows.
func Wide(steps []*Step) bool {
	return slices.ContainsFunc(steps, func(s *Step) bool { return s.Window != nil || s.Program != nil && s.Program.Group != "" })
}

// Simple says whether all steps are of derived columns, as all were once.
func Simple(steps []*Step) bool {
	return !slices.ContainsFunc(steps, func(s *Step) bool { return s.Derive == nil })
}
