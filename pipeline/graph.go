package pipeline

import (
	"container/heap"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline/settings"
)

// A draft is a step while its references are names.
type draft struct {
	step       *Step
	at         *settings.Node // its name, where problems with the whole are reported; nil in code
	configAt   *settings.Node // likewise its settings,
	with       *settings.Node // and what they are; nil if it has none
	inputsAt   *settings.Node // likewise its inputs, nil if it has none
	promoteKey *settings.Node // of its gate,
	promote    *settings.Node // and what it is; nil if it has none
	inputs     []*input       // as written
	needs      []*need        // as written
	keep       bool           // `when`
	open       bool           // its outputs are not known, so references to them are not checked

	facts  Facts    // that its stage knows of its outputs
	before []*draft // stages that run earlier, as far as they are known
	index  int      // in written order
}

// An input is an edge while its source is a name.
type input struct {
	port      string
	at, refAt *settings.Node
	ref       string // STAGE or STAGE.PORT; empty if it was something else
	edge      Edge   // in code it may have its artifact already
	label     string // its name among several stages that one port takes; empty: there is one
	gathered  bool   // one of several cases or stages: the port has its name behind
	declared  *Port  // of the kind; nil if there is none
	from      *draft // where the data comes from; nil if not known
}

// name is the port as it is written.
func (in *input) name() string {
	if !in.gathered {
		return in.port
	}
	base, _, _ := names.SplitCase(in.port)
	return base
}

// A need is a stage that has to run earlier.
type need struct {
	stage string
	at    *settings.Node
}

// configured gives a draft its settings. dir is what the paths of external
// files are relative to.
func (d *draft) configured(stage Stage, dir string) {
	s := d.step
	s.Stage = stage
	s.Config = settings.Canonical(stage)
	s.Settings = settings.JSON(stage)
	s.Files = fileInputs(stage, dir)
}

// outputs are the output ports, given the names of the connected inputs.
func (s *Step) outputs(connected []string) []Port {
	if porter, ok := s.Stage.(OutputPorter); ok {
		return porter.OutputPorts(connected)
	}
	return s.Kind.Outputs
}

// A linker turns drafts into the steps of a plan: names become references,
// types are checked, and the order is found. Problems that only follow from
// earlier ones are not reported.
type linker struct {
	p      *settings.Problems
	near   *neighbours
	drafts []*draft
	byName map[string]*draft
	names  []string              // of all stages, for suggestions
	made   map[PortType][]string // outputs by type, for suggestions; nil until needed
}

// complete fills in the steps of a plan.
func (plan *Plan) complete(drafts []*draft, near *neighbours, p *settings.Problems) {
	l := &linker{p: p, near: near, drafts: drafts, byName: make(map[string]*draft, len(drafts))}
	for i, d := range drafts {
		d.index = i
		l.byName[d.step.Name] = d
		if base, _, _ := names.SplitCase(d.step.Name); i == 0 || l.names[len(l.names)-1] != base {
			l.names = append(l.names, base)
		}
	}
	for _, d := range drafts {
		l.ports(d)
	}
	for _, d := range drafts {
		l.edges(d)
		l.order(d)
	}
	sorted := l.sort()
	l.foresee(sorted)
	l.repeats()
	for _, d := range drafts {
		l.gate(d)
	}
	plan.byName = make(map[string]*Step, len(sorted))
	for _, d := range sorted {
		// A stage without its data is left out as well; one without a stage
		// that it only waits for need not wait.
		for _, in := range d.inputs {
			d.keep = d.keep && (in.from == nil || in.from.keep)
		}
		if !d.keep {
			continue
		}
		d.step.Needs = slices.DeleteFunc(d.step.Needs, func(name string) bool { return !l.byName[name].keep })
		plan.Steps = append(plan.Steps, d.step)
		plan.byName[d.step.Name] = d.step
	}
	for _, d := range drafts {
		if !d.keep {
			plan.Dropped = append(plan.Dropped, d.step.Name)
		}
	}
}

// ports checks which inputs of a stage are connected, and finds its outputs.
func (l *linker) ports(d *draft) {
	s := d.step
	d.open = s.Kind == nil || s.Stage == nil
	if s.Kind == nil {
		return
	}
	connected := make([]string, 0, len(d.inputs))
	for _, in := range d.inputs {
		connected = append(connected, in.port)
		in.declared = portOf(s.Kind.Inputs, in.name())
		if in.declared == nil {
			l.unknownInput(d, in)
		} else if msg, hint := names.CheckPart(in.name()); msg != "" {
			l.p.At(in.at, hint, "the name of an input %s", msg)
		}
	}
	slices.Sort(connected)
	for _, in := range d.inputs {
		for _, other := range in.declared.inPlaceOf() {
			if slices.Contains(connected, other) {
				l.p.At(in.at, "remove one of them", "the input %q of stage %s comes in place of %s, which is connected too", in.port, diag.Quote(s.Name), other)
			}
		}
	}
	for _, port := range s.Kind.Inputs {
		if s.Kind.Needs(port, connected) {
			at := d.inputsAt
			if at == nil {
				at = d.at
			}
			l.p.At(at, l.offer(port.Name, port.Type), "stage %s is missing its input %q (%s)", diag.Quote(s.Name), port.Name, port.Type)
		}
	}
	for _, f := range s.Files {
		if _, ok := slices.BinarySearch(connected, f.Port); ok && portOf(s.Kind.Inputs, f.Port) != nil {
			l.p.At(d.configAt, "remove one of them", "%q is both an input and a setting of stage %s", f.Port, diag.Quote(s.Name))
		}
	}
	if d.open {
		return
	}
	s.Outputs = s.outputs(connected)
	seen := make(map[string]bool, len(s.Outputs))
	for _, out := range s.Outputs {
		if msg, hint := names.CheckPart(out.Name); msg != "" {
			l.p.At(d.configAt, hint, "the name of an output of stage %s %s", diag.Quote(s.Name), msg)
		} else if seen[out.Name] {
			l.p.At(d.configAt, "", "stage %s has two outputs %q", diag.Quote(s.Name), out.Name)
		}
		seen[out.Name] = true
	}
}

// portOf finds the port that an input of a name uses.
func (p *Port) inPlaceOf() []string {
	if p == nil {
		return nil
	}
	return p.InPlaceOf
}

// Needs says whether an input must be connected where others are. Those of several cases
// connect the port of their name.
func (k *Kind) Needs(p Port, connected []string) bool {
	ofCase := func(in string) bool { return strings.HasPrefix(in, p.Name+"[") }
	if !isRequired(p) || slices.Contains(connected, p.Name) || p.Many && slices.ContainsFunc(connected, ofCase) {
		return false
	}
	return !slices.ContainsFunc(k.Inputs, func(other Port) bool {
		return slices.Contains(other.InPlaceOf, p.Name) && slices.Contains(connected, other.Name)
	})
}

func portOf(ports []Port, name string) *Port {
	var further *Port
	for i := range ports {
		switch ports[i].Name {
		case name:
			return &ports[i]
		case "*":
			further = &ports[i]
		}
	}
	return further
}

func (l *linker) unknownInput(d *draft, in *input) {
	names := portNames(d.step.Kind.Inputs)
	hint := listHint("its inputs are ", names)
	if near, ok := l.near.nearest(in.port, names); ok {
		hint = fmt.Sprintf("did you mean %q?", near)
	} else if len(names) == 0 {
		hint = "it takes no inputs"
	}
	l.p.At(in.at, hint, "a stage of kind %s has no input %s", d.step.Kind.Name, diag.Quote(in.port))
}

func portNames(ports []Port) []string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = p.Name
	}
	return names
}

// offer is the hint about a missing input: which outputs could go there.
func (l *linker) offer(port string, want PortType) string {
	const most = 5
	if l.made == nil {
		l.made = make(map[PortType][]string)
		for _, d := range l.drafts {
			outputs := d.step.Outputs
			if outputs == nil && d.step.Kind != nil {
				outputs = d.step.Kind.Outputs
			}
			for _, out := range outputs {
				if len(l.made[out.Type]) < most {
					l.made[out.Type] = append(l.made[out.Type], Ref{d.step.Name, out.Name}.String())
				}
			}
		}
	}
	hint := fmt.Sprintf("write `inputs: {%s: STAGE.PORT}`", port)
	if made := l.made[want]; len(made) > 0 {
		hint += ", for example " + strings.Join(made, " or ")
	}
	return hint
}

// edges finds the sources of the inputs of a stage and checks their types.
func (l *linker) edges(d *draft) {
	for _, in := range d.inputs {
		in.edge.Port = in.port
		if in.edge.Artifact.IsZero() {
			l.source(d, in)
		}
		if in.declared != nil && in.edge.Type != "" && !accepts(in.declared.Type, in.edge.Type) {
			l.mismatch(d, in)
		}
		d.step.Inputs = append(d.step.Inputs, in.edge)
	}
	slices.SortFunc(d.step.Inputs, func(a, b Edge) int { return strings.Compare(a.Port, b.Port) })
}

// accepts says whether an input of one type takes an artifact of another.
func accepts(input, artifact PortType) bool { return input == Any || input == artifact }

func (l *linker) mismatch(d *draft, in *input) {
	want, have := in.declared.Type, in.edge.Type
	source := "the artifact"
	if in.from != nil {
		source = in.edge.From.String()
	}
	hint := ""
	var fitting []string
	if in.from != nil {
		for _, out := range in.from.step.Outputs {
			if accepts(want, out.Type) {
				fitting = append(fitting, Ref{in.from.step.Name, out.Name}.String())
			}
		}
		hint = listHint("of that type: ", fitting)
	}
	l.p.At(in.refAt, hint, "input %q of stage %s takes a %s, but %s is a %s", in.port, diag.Quote(d.step.Name), want, source, have)
}

// source finds the output behind `STAGE` or `STAGE.PORT`.
func (l *linker) source(d *draft, in *input) {
	if in.ref == "" {
		if in.refAt == nil || in.refAt.Is(settings.Text) {
			l.p.At(in.refAt, "write STAGE or STAGE.PORT", "input %s of stage %s names nothing", diag.Quote(in.port), diag.Quote(d.step.Name))
		}
		return
	}
	ref := selectionOf(in.ref)
	stage, port, dotted := ref.fixed.Of(ref.stage), ref.port, ref.dotted
	from := l.stage(d, stage, in.refAt)
	if from == nil {
		return
	}
	in.from = from
	in.edge.From.Stage = stage
	d.before = append(d.before, from)
	switch {
	case from.open:
	case dotted:
		l.output(in, port)
	default:
		l.onlyOutput(in)
	}
}

// stage finds the stage that another one refers to.
func (l *linker) stage(d *draft, name string, at *settings.Node) *draft {
	from := l.byName[name]
	switch {
	case from == nil:
		hint := listHint("the stages are ", l.someNames())
		if near, ok := l.near.nearest(name, l.names); ok {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		l.p.At(at, hint, "there is no stage %s", diag.Quote(name))
	case from == d:
		l.p.At(at, "", "stage %s refers to itself", diag.Quote(name))
		return nil
	}
	return from
}

// someNames is the names of all stages, or none if that would be too many.
func (l *linker) someNames() []string {
	if len(l.names) > 100 {
		return nil
	}
	return l.names
}

// output connects an input to a named output.
func (l *linker) output(in *input, port string) {
	from := in.from.step
	for _, out := range from.Outputs {
		if out.Name == port {
			in.edge.From.Port, in.edge.Type = out.Name, out.Type
			return
		}
	}
	names := portNames(from.Outputs)
	hint := listHint("its outputs are ", names)
	if near, ok := l.near.nearest(port, names); ok {
		hint = fmt.Sprintf("did you mean %q?", Ref{from.Name, near})
	}
	l.p.At(in.refAt, hint, "stage %s has no output %s", diag.Quote(from.Name), diag.Quote(port))
}

// onlyOutput connects an input to the output that is meant when none is named:
// the only one, the one with the name of the input, or the only one of a type
// that fits. Outputs aside are not meant as long as there is another.
func (l *linker) onlyOutput(in *input) {
	from := in.from.step
	var candidates []Port
	for _, out := range from.Outputs {
		if out.Name == in.name() || len(from.Outputs) == 1 {
			candidates = []Port{out}
			break
		}
		if in.declared == nil || accepts(in.declared.Type, out.Type) {
			candidates = append(candidates, out)
		}
	}
	candidates = notAside(candidates, from.Outputs)
	if len(candidates) == 1 {
		in.edge.From.Port, in.edge.Type = candidates[0].Name, candidates[0].Type
		return
	}
	list := candidates
	if len(list) == 0 {
		list = from.Outputs
	}
	var refs []string
	for _, out := range list {
		refs = append(refs, Ref{from.Name, out.Name}.String())
	}
	hint := listHint("write one of ", refs)
	switch {
	case len(from.Outputs) == 0:
		l.p.At(in.refAt, "", "stage %s has no outputs", diag.Quote(from.Name))
	case len(candidates) == 0:
		l.p.At(in.refAt, hint, "stage %s has no output of type %s", diag.Quote(from.Name), in.declared.Type)
	default:
		l.p.At(in.refAt, hint, "stage %s has several outputs that fit", diag.Quote(from.Name))
	}
}

// order finds the stages that a stage has to wait for.
func (l *linker) order(d *draft) {
	for _, n := range d.needs {
		if from := l.stage(d, n.stage, n.at); from != nil {
			d.before = append(d.before, from)
			d.step.Needs = append(d.step.Needs, n.stage)
		}
	}
}

// sort puts producers before consumers, and otherwise keeps the written order.
// If there are cycles it reports them, and returns what comes before any.
func (l *linker) sort() []*draft {
	waiting := make([]int, len(l.drafts)) // for how many stages
	after := make([][]*draft, len(l.drafts))
	for _, d := range l.drafts {
		waiting[d.index] = len(d.before)
		for _, b := range d.before {
			after[b.index] = append(after[b.index], d)
		}
	}
	var ready byIndex
	for _, d := range l.drafts {
		if waiting[d.index] == 0 {
			ready = append(ready, d)
		}
	}
	sorted := make([]*draft, 0, len(l.drafts))
	for len(ready) > 0 {
		d := heap.Pop(&ready).(*draft)
		sorted = append(sorted, d)
		for _, a := range after[d.index] {
			if waiting[a.index]--; waiting[a.index] == 0 {
				heap.Push(&ready, a)
			}
		}
	}
	if len(sorted) < len(l.drafts) {
		for _, c := range cycles(l.drafts) {
			l.reportCycle(c)
		}
	}
	return sorted
}

// byIndex is a heap of drafts, first written on top.
type byIndex []*draft

func (h byIndex) Len() int           { return len(h) }
func (h byIndex) Less(i, j int) bool { return h[i].index < h[j].index }
func (h byIndex) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byIndex) Push(x any)        { *h = append(*h, x.(*draft)) }
func (h *byIndex) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	*h = (*h)[:last]
	return d
}

// reportCycle reports stages each of which waits for the one in front of it,
// and the first for the last, where the first names the last.
func (l *linker) reportCycle(cycle []*draft) {
	const most = 20
	first, last := cycle[0], cycle[len(cycle)-1]
	at := first.at
	for _, n := range first.needs {
		if n.stage == last.step.Name {
			at = n.at
		}
	}
	for _, in := range first.inputs {
		if in.from == last {
			at = in.refAt
		}
	}
	names := make([]string, 0, len(cycle)+1)
	for i, d := range cycle {
		if i == most/2 && len(cycle) > most {
			names = append(names, "...")
		}
		if len(cycle) <= most || i < most/2 || i >= len(cycle)-most/2 {
			names = append(names, d.step.Name)
		}
	}
	names = append(names, first.step.Name)
	l.p.At(at, "each of these stages waits for the one before it", "stages form a cycle: %s", strings.Join(names, " -> "))
}
