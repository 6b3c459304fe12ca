package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline/settings"
)

// A Fitter is a Stage that learns something from one input and applies it to
// each of its inputs, so that what it makes is of use only to models that were
// trained behind the same.
type Fitter interface {
	// Fitted is the output that holds what was learned.
	Fitted() string
	// Source is the input that an output is made of by applying it, empty if
	// the output is not made so.
	Source(output string) string
	// Applier is the kind of stage that applies what another stage has learned,
	// which is its input Fitted; each further input becomes an output of the
	// same name.
	Applier() *Kind
}

// An OtherModel is a model of another run, with what belongs to it.
type OtherModel struct {
	Name     string // a suffix for the names of stages, such as the label that it has
	Model    artifacts.ID
	Siblings map[string]artifacts.ID // what else was made together with it, by output port
	Fitted   map[string]artifacts.ID // the fitted transforms behind its training data, by the name of the stage
}

// MeasureOther is the plan that measures another model as a stage of this plan
// has measured its own: with the same settings, on the same rows. made gives the
// artifacts of the run of this plan, and files those of its external files. Where
// data went through what was fitted for the model of this plan, the same rows go
// through what was fitted for the other one. The stages of the new plan are those
// that this changes; the last one measures. An error says why the other model
// cannot be measured so.
func (p *Plan) MeasureOther(stage string, other OtherModel, made func(Ref) artifacts.ID, files func(stage string) map[string]artifacts.ID) (*Plan, error) {
	r := &replay{plan: p, other: other, made: made, files: files, edges: map[Ref]Edge{}, known: map[string]*Step{}}
	s := p.Step(stage)
	if s == nil {
		return nil, fmt.Errorf("there is no stage %s", diag.Quote(stage))
	}
	at := slices.IndexFunc(s.Inputs, func(e Edge) bool { return e.Type == Model })
	if at < 0 {
		return nil, fmt.Errorf("stage %s reads no model", diag.Quote(stage))
	}
	r.model = s.Inputs[at].From
	if _, err := r.clone(s, true); err != nil {
		return nil, err
	}
	c := *p
	c.Steps, c.byName = r.steps, make(map[string]*Step, len(r.steps))
	for _, s := range r.steps {
		c.byName[s.Name] = s
	}
	return &c, nil
}

// A replay collects the steps that are not what they were in the plan.
type replay struct {
	plan  *Plan
	other OtherModel
	model Ref // the model that is replaced
	made  func(Ref) artifacts.ID
	files func(stage string) map[string]artifacts.ID
	steps []*Step
	edges map[Ref]Edge     // what stands for an output of the plan
	known map[string]*Step // what stands for a step of the plan; nil if it stays as it is
}

// edge is what an input of the plan becomes. It has its artifact, unless a step
// of the replay makes it.
func (r *replay) edge(e Edge) (Edge, error) {
	if !e.Artifact.IsZero() {
		return e, nil // it comes from no stage
	}
	if known, ok := r.edges[e.From]; ok {
		known.Port = e.Port
		return known, nil
	}
	to, err := r.output(e)
	if err != nil {
		return e, err
	}
	r.edges[e.From] = to
	return to, nil
}

func (r *replay) output(e Edge) (Edge, error) {
	from := e.From
	if from == r.model {
		e.From, e.Artifact = Ref{}, r.other.Model
		return e, nil
	}
	if from.Stage == r.model.Stage {
		return r.stored(e, r.other.Siblings[from.Port], fmt.Sprintf("its output %s is not recorded", from.Port))
	}
	s := r.plan.Step(from.Stage)
	if fitter, ok := s.Stage.(Fitter); ok {
		if input := fitter.Source(from.Port); input != "" {
			return r.applied(e, s, fitter, input)
		}
		if from.Port == fitter.Fitted() {
			return r.stored(e, r.fitted(s.Name), "the transform behind its training data is not recorded")
		}
	}
	changed, err := r.clone(s, false)
	if err != nil {
		return e, err
	}
	if changed != nil {
		e.From.Stage = changed.Name
		return e, nil
	}
	return r.unchanged(e), nil
}

// stored is an edge from an artifact that belongs to the other model.
func (r *replay) stored(e Edge, id artifacts.ID, missing string) (Edge, error) {
	if id.IsZero() {
		return e, errors.New(missing)
	}
	if id == r.made(e.From) {
		return r.unchanged(e), nil
	}
	e.From, e.Artifact = Ref{}, id
	return e, nil
}

func (r *replay) unchanged(e Edge) Edge {
	e.Artifact = r.made(e.From)
	return e
}

// fitted is the transform of the other model in place of the one that the named
// stage has fitted. Names may have changed since: the only one is it, too.
func (r *replay) fitted(stage string) artifacts.ID {
	if id, ok := r.other.Fitted[stage]; ok || len(r.other.Fitted) != 1 {
		return id
	}
	for _, id := range r.other.Fitted {
		return id
	}
	return artifacts.ID{}
}

// applied is what an output of a fitter becomes.
func (r *replay) applied(e Edge, s *Step, fitter Fitter, input string) (Edge, error) {
	at := slices.IndexFunc(s.Inputs, func(e Edge) bool { return e.Port == input })
	if at < 0 {
		return e, fmt.Errorf("stage %s has no input %s", diag.Quote(s.Name), diag.Quote(input))
	}
	theirs := r.fitted(s.Name)
	if theirs.IsZero() {
		return e, errors.New("the transform behind its training data is not recorded")
	}
	rows, err := r.edge(s.Inputs[at])
	if err != nil {
		return e, err
	}
	if theirs == r.made(Ref{s.Name, fitter.Fitted()}) && !rows.Artifact.IsZero() && rows.From == s.Inputs[at].From {
		return r.unchanged(e), nil
	}
	rows.Port = e.From.Port
	step := applier(s, fitter, []Edge{{Port: fitter.Fitted(), Type: Transform, Artifact: theirs}, rows})
	step.Name = r.name(names.Append(s.Name, "-"+e.From.Port))
	r.steps = append(r.steps, step)
	e.From.Stage = step.Name
	return e, nil
}

// applier is a step that applies what a step like s has fitted.
func applier(s *Step, fitter Fitter, inputs []Edge) *Step {
	kind := fitter.Applier()
	step := &Step{Kind: kind, Stage: kind.New(), Terms: s.Terms, Inputs: inputs, Resources: s.Resources, MemoryBackoff: s.MemoryBackoff}
	slices.SortFunc(step.Inputs, func(a, b Edge) int { return strings.Compare(a.Port, b.Port) })
	var ports []string
	for _, e := range step.Inputs {
		ports = append(ports, e.Port)
	}
	step.Config, step.Settings = settings.Canonical(step.Stage), settings.JSON(step.Stage)
	step.Outputs = step.outputs(ports)
	return step
}

// Replayed lists the steps that a stage may have been which a run of the plan
// has added to measure another model, given its kind and the names of its
// inputs. Its key tells which it was.
func (p *Plan) Replayed(kind string, inputs []string) []*Step {
	var list []*Step
	for _, s := range p.Steps {
		if s.Kind.Name == kind {
			list = append(list, s)
		}
		if fitter, ok := s.Stage.(Fitter); ok && fitter.Applier().Name == kind {
			var edges []Edge
			for _, port := range inputs {
				edges = append(edges, Edge{Port: port})
			}
			list = append(list, applier(s, fitter, edges))
		}
	}
	return list
}

// clone is the step with what its inputs become, nil if they stay as they are
// and it is not wanted all the same.
func (r *replay) clone(s *Step, always bool) (*Step, error) {
	if known, ok := r.known[s.Name]; ok {
		return known, nil
	}
	step := *s
	step.Inputs = slices.Clone(s.Inputs)
	changed := always
	for i, e := range s.Inputs {
		if s.Kind.Beside(e.Port) && e.Artifact.IsZero() {
			step.Inputs[i] = r.unchanged(e)
			continue
		}
		to, err := r.edge(e)
		if err != nil {
			return nil, err
		}
		step.Inputs[i] = to
		changed = changed || to.Artifact.IsZero() || e.Artifact.IsZero() && to.From != e.From
	}
	if !changed {
		r.known[s.Name] = nil
		return nil, nil
	}
	step.Name, step.Needs, step.Promote = r.name(s.Name), nil, nil
	pinFiles(&step, r.files(s.Name))
	r.steps, r.known[s.Name] = append(r.steps, &step), &step
	return &step, nil
}

// name is that of a stage, with what tells it from those of the plan.
func (r *replay) name(stage string) string {
	name := names.Append(stage, "-"+r.other.Name)
	for n := 2; ; n++ {
		taken := r.plan.Step(name) != nil || slices.ContainsFunc(r.steps, func(s *Step) bool { return s.Name == name })
		if !taken {
			return name
		}
		name = names.Append(stage, fmt.Sprintf("-%s-%d", r.other.Name, n))
	}
}
