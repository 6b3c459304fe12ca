package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline/settings"
)

// A Param is a parameter of a pipeline with the value that it has in a plan.
type Param struct {
	Name   string
	Value  json.RawMessage // typed: 0.01, 32, "species", true, null, a list or an object
	Source string          // FromFile, FromSet or FromRun
}

// Where the value of a Param comes from.
const (
	FromFile = "file" // the `params` block
	FromSet  = "set"  // Options.Set
	FromRun  = "run"  // Options.Run; the name begins with "run.", and something refers to it
)

// What a scheduled run offers besides its parameters: ${run.scheduled_time}, as
// 2026-01-31T03:00:00Z, and ${run.scheduled_date}, the day of that in the time
// zone of the schedule, as 2026-01-31. The day follows from the time.
const (
	ScheduledTime = "scheduled_time"
	ScheduledDate = "scheduled_date"
)

// Prefixes of what is not a parameter but a property of the run, or the value of an axis
// of the matrix of a stage.
const (
	runPrefix    = "run."
	matrixPrefix = "matrix."
)

// reference is what may be a parameter: a whole text `$name`, and each `$$`
// and `${...}` (closed or not) inside a text. Any other `$` stands for itself,
// so that regular expressions and amounts of money need no care.
var (
	wholeReference  = regexp.MustCompile(`^(?:\$([A-Za-z0-9_.-]+)|\$\{([A-Za-z0-9_.-]+)\})$`)
	insideReference = regexp.MustCompile(`\$\$|\$\{[^{}$\n]*\}?`)
	unbraced        = regexp.MustCompile(`(?:^|[^$])\$([A-Za-z_][A-Za-z0-9_-]*)`)
)

// A parameter is a Param while the file is read.
type parameter struct {
	name  string
	key   *settings.Node // where it is declared
	value *settings.Node
	set   bool // by Options.Set
	used  bool
	bound bool // references to the run in its value are replaced
}

// params is the scope that references are looked up in.
type params struct {
	list   []*parameter // as declared
	byName map[string]*parameter
	run    map[string]string // Options.Run, and what Options.Set says about it
	near   *neighbours
	zone   *time.Location // of the schedule

	runUsed map[string]bool // properties of the run that something refers to

	of       *entry          // the stage whose references are replaced; nil outside of stages
	variant  variant         // its case
	axesUsed map[string]bool // axes that something refers to
}

// readParams reads the `params` block; n is nil if there is none.
func readParams(n *settings.Node, run map[string]string, near *neighbours, r *settings.Document) *params {
	p := r.Problems
	s := &params{byName: make(map[string]*parameter), run: maps.Clone(run), near: near, zone: time.UTC, runUsed: make(map[string]bool), axesUsed: make(map[string]bool)}
	if s.run == nil {
		s.run = make(map[string]string)
	}
	if n == nil || n.Type != settings.Mapping {
		if n != nil && n.Type != settings.Null {
			p.At(n, "write `params: {learning_rate: 0.01}`", "params must be a mapping of names to values, this is a %s", n.Noun())
		}
		return s
	}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if msg, hint := names.Check(key.Value); msg != "" {
			p.At(key, hint, "the name of a parameter %s", msg)
			continue
		}
		if strings.HasPrefix(key.Value, runPrefix) {
			p.At(key, "", "names with %q in front are those of the run itself", runPrefix)
			continue
		}
		if strings.HasPrefix(key.Value, matrixPrefix) {
			p.At(key, "", "names with %q in front are those of the axes of a matrix", matrixPrefix)
			continue
		}
		checkParamValue(value, r)
		q := &parameter{name: key.Value, key: key, value: value}
		s.list = append(s.list, q)
		s.byName[q.name] = q
	}
	return s
}

const ambiguousParam = "a number with a leading zero is ambiguous"

// checkParamValue reports and spoils what a parameter cannot be.
func checkParamValue(n *settings.Node, r *settings.Document) {
	for _, c := range n.Content {
		checkParamValue(c, r)
	}
	switch {
	case !n.IsFinite():
		r.Problems.At(n, "", "a parameter must be a finite number, not %s", diag.Shorten(n.Value))
	case n.Type == settings.Int && n.HasLeadingZero():
		r.Problems.At(n, "write 0o in front of an octal number, put a text in quotes", ambiguousParam)
	case n.Type == settings.Text && slices.ContainsFunc(insideReference.FindAllString(n.Value, -1), isForbidden):
		r.Problems.At(n, "it can refer to the run, as in ${run.scheduled_date}", "a parameter cannot refer to another one")
	default:
		return
	}
	r.Spoil(n)
}

// isForbidden reports whether a reference in the value of a parameter is one to
// anything but the run.
func isForbidden(ref string) bool {
	return ref != "$$" && !(strings.HasPrefix(ref, "${"+runPrefix) && strings.HasSuffix(ref, "}"))
}

// bind replaces the references to the run in the value of a parameter, and
// nothing else: any other text stays as it is. It is done for parameters that are
// used, so that the others need no properties of the run.
func (s *params) bind(n *settings.Node, r *settings.Document) {
	for _, c := range n.Content {
		s.bind(c, r)
	}
	if !n.Is(settings.Text) || !strings.Contains(n.Value, "${"+runPrefix) {
		return
	}
	sound := true
	text := insideReference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		if ref == "$$" {
			return ref
		}
		value, ok := s.part(n, ref, r)
		sound = sound && ok
		return value
	})
	if n.Value = text; !sound {
		r.Spoil(n)
	}
}

// override gives parameters the values of Options.Set, each read as YAML and
// of the type that was declared. All that is wrong is in the error.
func (s *params) override(set map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if v, ok := strings.CutPrefix(name, runPrefix); ok {
			s.run[v] = set[name]
			continue
		}
		q := s.byName[name]
		if q == nil {
			errs = append(errs, diag.WithHint(fmt.Errorf("--set %s: there is no such parameter", name), s.suggest(name)))
			continue
		}
		value, err := setValue(q.value, set[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("--set %s=%s: %w", name, set[name], err))
			continue
		}
		q.value, q.set = value, true
	}
	if err := errors.Join(errs...); err != nil {
		return diag.Usage(err)
	}
	return nil
}

// overrideFrom gives parameters the values in a file, which may be empty. All
// that is wrong with it is in the error, a diag.List.
func (s *params) overrideFrom(f ParamFile) error {
	if settings.OnlyComments(f.Source) {
		return nil
	}
	p := settings.NewProblems(f.Path, f.Source)
	r := settings.Parse(f.Source, p)
	if r == nil || r.Root == nil {
		return p.Err()
	}
	root := r.Root
	if root.Type != settings.Mapping {
		p.At(root, "write `learning_rate: 0.01`, a line for each parameter", "a file of parameters is a mapping of names to values, this is a %s", root.Noun())
		return p.Err()
	}
	for i := 0; i < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		q := s.byName[key.Value]
		if q == nil {
			p.At(key, s.suggest(key.Value), "the pipeline has no parameter %s", diag.Quote(key.Value))
			continue
		}
		if checkParamValue(value, r); value.Type == settings.Spoiled {
			continue
		}
		if err := retype(value, q.value); err != nil {
			p.At(value, "", "the parameter %q cannot have this value: %v", q.name, err)
			continue
		}
		r.Move(value, q.value.Line, q.value.Column)
		q.value, q.set = value, true
	}
	return p.Err()
}

// suggest is the hint about a parameter that does not exist.
func (s *params) suggest(name string) string {
	names := s.names()
	if near, ok := s.near.nearest(name, names); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return listHint("the parameters are ", names)
}

func (s *params) names() []string {
	names := make([]string, len(s.list))
	for i, q := range s.list {
		names[i] = q.name
	}
	return names
}

// setValue reads the text that is to replace a declared value.
func setValue(declared *settings.Node, text string) (*settings.Node, error) {
	n := settings.Plain(text)
	n.Line, n.Column = declared.Line, declared.Column
	if !declared.IsScalar() || declared.Type == settings.Null && strings.ContainsAny(text, "[{") {
		p := settings.NewProblems("", nil)
		r := settings.Parse([]byte(text), p)
		if r != nil && r.Root != nil {
			n = r.Root
			checkParamValue(n, r)
		}
		if len(p.List) > 0 {
			return nil, errors.New(p.List[0].Msg)
		}
		r.Move(n, declared.Line, declared.Column)
	}
	if n.Type == settings.Int && declared.Type != settings.Text && n.HasLeadingZero() {
		return nil, errors.New(ambiguousParam)
	}
	if err := retype(n, declared); err != nil {
		return nil, err
	}
	if !n.IsFinite() {
		return nil, errors.New("not a finite number")
	}
	return n, nil
}

// retype gives a value that replaces a declared one the type of that.
func retype(n, declared *settings.Node) error {
	switch {
	case declared.Type == settings.Null, n.Type == declared.Type:
	case declared.Type == settings.Float && n.Type == settings.Int:
		n.Type = settings.Float
	case declared.Type == settings.Text && n.IsScalar() && n.Type != settings.Null:
		n.Type = settings.Text // the shell took the quotes, so every text will do
	default:
		return fmt.Errorf("it is declared as a %s, this is a %s", declared.Noun(), n.Noun())
	}
	return nil
}

// substitute replaces the references in all values below n. Problems and
// replaced values keep the position of the reference. What a reference stands
// for is not looked at again.
func (s *params) substitute(n *settings.Node, r *settings.Document) {
	switch n.Type {
	case settings.List:
		for _, c := range n.Content {
			s.substitute(c, r)
		}
	case settings.Mapping:
		for i := 1; i < len(n.Content); i += 2 {
			s.substitute(n.Content[i], r)
		}
	case settings.Text:
		if strings.Contains(n.Value, "$") {
			s.scalar(n, r)
		}
	}
}

func (s *params) scalar(n *settings.Node, r *settings.Document) {
	if m := wholeReference.FindStringSubmatch(n.Value); m != nil {
		value := s.lookup(n, m[1]+m[2], r)
		if value == nil {
			r.Spoil(n)
			return
		}
		r.Replace(n, value)
		return
	}
	if m := unbraced.FindStringSubmatch(n.Value); m != nil && s.byName[m[1]] != nil {
		r.Problems.Warn(s.within(n, "$"+m[1], r.Problems), fmt.Sprintf("write ${%s}, or $$%s for the text itself", m[1], m[1]),
			"$%s inside a text is not replaced", m[1])
	}
	sound := true
	text := insideReference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		value, ok := s.part(n, ref, r)
		sound = sound && ok
		return value
	})
	if n.Value = text; !sound {
		r.Spoil(n)
	}
}

// part is the text that a reference inside a text stands for.
func (s *params) part(n *settings.Node, ref string, r *settings.Document) (text string, ok bool) {
	at := s.within(n, ref, r.Problems)
	name, closed := strings.CutSuffix(strings.TrimPrefix(ref, "${"), "}")
	if msg, _ := names.Check(name); !closed || msg != "" {
		r.Problems.At(at, "write $${ for the text ${ itself", "%s is not a reference to a parameter", diag.Quote(ref))
		return "", false
	}
	value := s.lookup(at, name, r)
	switch {
	case value == nil || value.Type == settings.Spoiled:
		return "", false
	case !value.IsScalar() || value.Type == settings.Null:
		r.Problems.At(at, "", "the parameter %q is %s and cannot be part of a text", name, value.Describe())
		return "", false
	}
	if !r.Spend(n, len(value.Value)) {
		return "", false // what is over the limit must not be built either
	}
	return value.Value, true
}

// within is where a part of the text n is, if that can be seen: the text may
// be in other lines, or written with escapes.
func (s *params) within(n *settings.Node, part string, p *settings.Problems) *settings.Node {
	line := p.Line(n.Line)
	if s.near.left -= len(line); s.near.left < 0 {
		return n
	}
	start := 0
	for range n.Column - 1 {
		_, size := utf8.DecodeRuneInString(line[start:])
		start += size
	}
	i := strings.Index(line[start:], part)
	if i < 0 {
		return n
	}
	return settings.At(n.Line, n.Column+utf8.RuneCountInString(line[start:start+i]))
}

// lookup finds the value of a reference at n; it reports one that has none.
func (s *params) lookup(n *settings.Node, name string, r *settings.Document) *settings.Node {
	p := r.Problems
	if v, ok := strings.CutPrefix(name, runPrefix); ok {
		return s.lookupRun(n, v, p)
	}
	if v, ok := strings.CutPrefix(name, matrixPrefix); ok {
		return s.lookupAxis(n, v, p)
	}
	q := s.byName[name]
	if q == nil {
		hint := s.suggest(name)
		if len(s.list) == 0 {
			hint = fmt.Sprintf("declare it: `params: {%s: ...}`", name)
		}
		p.At(n, hint+"\nwrite $$ for the character $ itself", "undefined parameter %q", name)
		return nil
	}
	q.used = true
	if !q.bound && !q.set {
		q.bound = true
		s.bind(q.value, r)
	}
	return q.value
}

// lookupRun finds a property of the run. One that the run does not have is an
// error and never an empty text: it would end up in a path or a query.
func (s *params) lookupRun(n *settings.Node, name string, p *settings.Problems) *settings.Node {
	if at, ok := s.run[ScheduledTime]; ok && name == ScheduledDate && s.run[name] == "" {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			p.At(n, "write it as 2026-01-31T03:00:00Z", "run.scheduled_time %s is not a time", diag.Quote(at))
			return nil
		}
		s.run[name] = t.In(s.zone).Format(time.DateOnly)
	}
	if v, ok := s.run[name]; ok {
		s.runUsed[name] = true
		return &settings.Node{Type: settings.Text, Value: v, Line: n.Line, Column: n.Column}
	}
	known := slices.Sorted(maps.Keys(s.run))
	if name == ScheduledTime || name == ScheduledDate {
		p.At(n, "give it with `--set run.scheduled_time=2026-01-31T03:00:00Z`", "run.%s is known in scheduled runs only", name)
		return nil
	}
	known = append(known, ScheduledTime, ScheduledDate)
	hint := listHint("the properties of a run are ", known)
	if near, ok := s.near.nearest(name, known); ok {
		hint = fmt.Sprintf("did you mean %q?", runPrefix+near)
	}
	p.At(n, hint, "a run has no property %q", name)
	return nil
}

// unused warns of parameters that nothing refers to.
func (s *params) unused(p *settings.Problems) {
	for _, q := range s.list {
		if !q.used {
			p.Warn(q.key, "", "the parameter %q is not used", q.name)
		}
	}
}

// values is what a Plan keeps of the parameters.
func (s *params) values() []Param {
	list := make([]Param, len(s.list))
	for i, q := range s.list {
		list[i] = Param{Name: q.name, Value: q.value.JSON(), Source: FromFile}
		if q.set {
			list[i].Source = FromSet
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.runUsed)) {
		value := settings.Node{Type: settings.Text, Value: s.run[name]}
		list = append(list, Param{Name: runPrefix + name, Value: value.JSON(), Source: FromRun})
	}
	return list
}
