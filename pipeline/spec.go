package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline/settings"
	"pipe/schedule"
)

// header is the part of a pipeline file that is about the whole.
type header struct {
	Pipeline    string         `yaml:"pipeline" required:"true" doc:"Name of the pipeline."`
	Description string         `yaml:"description" doc:"What the pipeline is for."`
	Seed        uint64         `yaml:"seed" default:"0" doc:"Every random choice of a run derives from it."`
	Params      settings.Raw   `yaml:"params" doc:"Values that the rest of the file refers to as $name, and that --set can change."`
	Schedule    *scheduleBlock `yaml:"schedule" doc:"When pipe schedule runs the pipeline."`
	Stages      settings.Raw   `yaml:"stages" doc:"The stages by name."`
}

// scheduleBlock is a schedule.Spec whose problems have a field.
type scheduleBlock schedule.Spec

// Validate translates the errors of the package schedule.
func (s *scheduleBlock) Validate() error {
	err := schedule.Spec(*s).Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		var fe *schedule.FieldError
		if errors.As(e, &fe) {
			e = &settings.FieldError{Field: fe.Field(), Err: errors.New(fe.Error()), Todo: fe.Hint()}
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// common is what can be said about a stage of any kind. What is raw refers to
// other parts of the file.
type common struct {
	Uses        string       `yaml:"uses" required:"true" doc:"Kind of the stage."`
	Description string       `yaml:"description" doc:"What the stage is for."`
	Inputs      settings.Raw `yaml:"inputs" doc:"What each input port is connected to: STAGE, or STAGE.PORT; one that takes several cases also to several stages, {NAME: STAGE, NAME: STAGE}."`
	Matrix      settings.Raw `yaml:"matrix" doc:"Values by name; the stage is run once for each combination, and so is what takes data from it. Settings refer to them as $matrix.NAME."`
	Needs       settings.Raw `yaml:"needs" doc:"Stages that have to be done before, without data from them."`
	With        settings.Raw `yaml:"with" doc:"The settings of the kind."`
	When        bool         `yaml:"when" default:"true" doc:"False leaves out the stage and those that take data from it."`
	Terms
	Resources resources     `yaml:"resources" doc:"What the stage takes while it runs."`
	Promote   *promoteBlock `yaml:"promote" doc:"A gate: whether the model that the stage measures gets a label when the run has succeeded."`
}

// Validate refuses limits that cannot be meant.
func (r *resources) Validate() error {
	var errs []error
	for _, l := range r.Limits {
		if msg, hint := names.Check(l.Key); msg != "" {
			errs = append(errs, &settings.FieldError{Field: "limits." + l.Key, Err: errors.New("the name of a limit " + msg), Todo: hint})
		} else if l.Value < 1 || l.Value > maxUnits {
			errs = append(errs, settings.FieldErrorf("limits."+l.Key, "%d is not between 1 and %d", l.Value, maxUnits))
		}
	}
	return errors.Join(errs...)
}

// maxUnits is the most that there can be of what has a limit.
const maxUnits = 10000

// resources is Resources as it is written.
type resources struct {
	CPU    int            `yaml:"cpu" default:"0" min:"0" max:"4096" doc:"CPU slots, which it then may keep busy. If absent it takes one slot, and may use idle cores."`
	Memory settings.Bytes `yaml:"memory" default:"0B" doc:"Main memory, as in 512MiB or 4GB."`
	GPU    int            `yaml:"gpu" default:"0" min:"0" max:"1024" doc:"GPU slots, see pipe run --gpus."`

	Limits settings.Map[int] `yaml:"limits" doc:"Units of what machine.limits of .pipe/config.yaml has a name for, as in {warehouse: 1}. They are counted over all runs of the machine."`

	MemoryBackoff float64 `yaml:"memory_backoff" default:"1" min:"1" max:"100" doc:"Factor by which memory grows with each attempt, up to what there is."`
}

// A loader turns one file into a plan. Each method reports what it finds and
// goes on, so that a file tells all its problems at once.
type loader struct {
	p      *settings.Problems
	reg    *Registry
	near   *neighbours
	file   func(path string) error // see Options; may be nil
	drafts []*draft
}

// load returns a plan that is complete if there are no problems. Its error is
// about opt; it ends the work, since every value that follows would be wrong.
func (l *loader) load(source []byte, opt Options) (*Plan, error) {
	doc := settings.Parse(source, l.p)
	if doc == nil {
		return nil, nil
	}
	root := doc.Root
	if root == nil {
		l.p.At(settings.At(1, 1), "a pipeline begins with `pipeline: NAME` and has `stages:`", "the file is empty")
		return nil, nil
	}
	if root.Type != settings.Mapping {
		l.p.At(root, "it begins with `pipeline: NAME` and has `stages:`", "a pipeline file is a mapping, this is %s", root.Describe())
		return nil, nil
	}
	dropExtensions(root)
	_, declared := root.Child("params")
	scope := readParams(declared, opt.Run, l.near, doc)
	for _, f := range opt.Params {
		if err := scope.overrideFrom(f); err != nil {
			return nil, err
		}
	}
	if err := scope.override(opt.Set); err != nil {
		return nil, err
	}
	if _, block := root.Child("schedule"); block != nil {
		scope.substitute(block, doc) // first: the rest may ask for its time zone
		scope.zone = zoneOf(block)
	}
	var x *expansion
	for i := 0; i < len(root.Content); i += 2 {
		switch name := root.Content[i].Value; {
		case name == "pipeline" || name == "params" || name == "schedule":
		case name == "stages":
			x = l.expand(root.Content[i+1], scope, doc)
		case slices.ContainsFunc(settings.Fields(new(header)), func(f settings.Field) bool { return f.Name == name }):
			scope.substitute(root.Content[i+1], doc)
		}
	}
	if doc.Broken() {
		return nil, nil
	}
	plan, stages := l.header(root, opt)
	plan.Source = source
	l.stages(root, stages, plan, x)
	if doc.Broken() {
		return nil, nil
	}
	scope.unused(l.p)
	plan.Params = scope.values()
	if x.sound() {
		plan.complete(l.drafts, l.near, l.p)
	}
	doc.DropFollowUps()
	x.unite()
	return plan, nil
}

// zoneOf is the time zone of a schedule block. A wrong one is reported when the
// block is decoded.
func zoneOf(block *settings.Node) *time.Location {
	if _, name := block.Child("timezone"); name != nil {
		if loc, err := time.LoadLocation(name.Value); err == nil {
			return loc
		}
	}
	return time.UTC
}

// extension begins a key that says nothing to pipe. Such keys are a place for
// anchors, as in Compose files.
const extension = "x-"

func dropExtensions(root *settings.Node) {
	kept := root.Content[:0]
	for i := 0; i < len(root.Content); i += 2 {
		if !strings.HasPrefix(root.Content[i].Value, extension) {
			kept = append(kept, root.Content[i], root.Content[i+1])
		}
	}
	root.Content = kept
}

// header reads what is about the whole pipeline.
func (l *loader) header(root *settings.Node, opt Options) (plan *Plan, stages settings.Raw) {
	var h header
	before := l.p.Errors()
	settings.Decode(root, nil, &h, l.p)
	_, name := root.Child("pipeline")
	if msg, hint := names.Check(h.Pipeline); msg != "" && name.Is(settings.Text) {
		l.p.At(name, hint, "the name of the pipeline %s", msg)
	}
	plan = &Plan{
		Pipeline:    h.Pipeline,
		Description: h.Description,
		File:        l.p.File,
		Seed:        h.Seed,
		Schedule:    (*schedule.Spec)(h.Schedule),
	}
	if opt.Seed != nil {
		plan.Seed = *opt.Seed
	}
	if plan.Schedule != nil && l.p.Errors() == before {
		for _, w := range plan.Schedule.Warnings() {
			l.p.Warn(root.Find("schedule."+w.Field()), w.Hint(), "%s", w.Error())
		}
	}
	return plan, h.Stages
}

// stages reads the `stages` block into drafts.
func (l *loader) stages(root *settings.Node, block settings.Raw, plan *Plan, x *expansion) {
	const hint = "write `stages: {NAME: {uses: KIND}}`"
	switch n := block.Value; {
	case n == nil:
		l.p.At(root, hint, "missing key \"stages\"")
	case n.Type != settings.Mapping:
		l.p.At(n, hint, "stages must be a mapping of names to stages, not %s", n.Describe())
	case len(n.Content) == 0:
		l.p.At(n, hint, "there are no stages")
	default:
		x.each(func(e *entry, c variant, n *settings.Node) { l.stage(e, c, n, plan, x) })
	}
}

// stage reads one stage in one case, n is what was written with the values of that. A
// stage that is too wrong to be used is a draft all the same: others may refer to it.
func (l *loader) stage(e *entry, v variant, n *settings.Node, plan *Plan, x *expansion) {
	key := e.key
	d := &draft{step: &Step{Name: v.name().Of(key.Value)}, at: key, keep: true}
	l.drafts = append(l.drafts, d)
	if msg, hint := names.CheckPart(key.Value); msg != "" {
		l.p.At(key, hint, "the name of a stage %s", msg)
	} else if msg, _ := names.CheckStage(d.step.Name); msg != "" {
		l.p.At(key, "give the stage, the axes or their values shorter names", "the name of the stage with its case, %s, %s", d.step.Name, msg)
	}
	if n.Type != settings.Mapping {
		l.p.At(n, "write `{uses: KIND}`", "stage %s must be a mapping, not %s", diag.Quote(key.Value), n.Describe())
		return
	}
	var c common
	c.Cache, c.When = true, true
	settings.Decode(n, key, &c, l.p)
	d.keep = c.When
	d.inputs, d.inputsAt = x.resolve(e, v, l.inputs(c.Inputs)), c.Inputs.Key
	d.needs = x.needs(l.needs(c.Needs.Value))
	d.step.Description, d.step.Terms = c.Description, c.Terms
	d.step.Resources = Resources{CPU: c.Resources.CPU, Memory: int64(c.Resources.Memory), GPU: c.Resources.GPU}
	d.step.MemoryBackoff = c.Resources.MemoryBackoff
	d.step.Limits = c.Resources.Limits
	if c.Promote != nil && c.Promote.valid {
		d.step.Promote = c.Promote.gate()
		d.promoteKey, d.promote = n.Child("promote")
		if len(e.cases) > 1 {
			l.p.At(d.promoteKey, "let a stage of kind compare choose the best model, and a stage behind it measure and promote that",
				"stage %s has %d cases, which would take the label from each other", diag.Quote(key.Value), len(e.cases))
		}
	}
	if _, uses := n.Child("uses"); c.Uses == "" && !uses.Is(settings.Text) {
		return // it is missing or no text, which was said
	}
	kind, ok := l.reg.Lookup(c.Uses)
	if !ok {
		hint := listHint("the kinds are ", l.reg.Names())
		if near, ok := l.near.nearest(c.Uses, l.reg.Names()); ok {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		l.p.At(n.Find("uses"), hint, "unknown kind of stage %s", diag.Quote(c.Uses))
		return
	}
	d.step.Kind = kind
	l.configure(d, key, c.With)
	if d.step.Seeded() {
		// The name is that which is written: what differs in something else than the seed
		// draws the same numbers, and folds are those of one division.
		d.step.Seed = DeriveSeed(v.seed(plan.Seed), key.Value)
	}
}

// configure decodes the settings of a stage. A draft has a Stage if they are
// sound.
func (l *loader) configure(d *draft, key *settings.Node, with settings.Raw) {
	if with.Key != nil {
		key = with.Key
	}
	stage := d.step.Kind.New()
	before := l.p.Errors()
	settings.Decode(with.Value, key, stage, l.p)
	if l.p.Errors() > before {
		return
	}
	d.configAt, d.with = key, with.Value
	d.step.configAt, d.step.with = key, with.Value
	d.configured(stage, filepath.Dir(l.p.File))
	l.checkFiles(d, with.Value)
}

// checkFiles places the external files of a stage, and reports those that may
// not be read.
func (l *loader) checkFiles(d *draft, with *settings.Node) {
	places := map[string]func(text string) *settings.Node{}
	for i, written := range settings.Files(d.step.Stage) {
		f := &d.step.Files[i]
		setting, _, _ := strings.Cut(f.Port, "/")
		if places[setting] == nil {
			places[setting] = writtenIn(with, setting)
		}
		at := cmp.Or(places[setting](written.Path), d.configAt)
		f.Pos = diag.Pos{File: l.p.File, Line: at.Line, Column: at.Column}
		if l.file == nil || f.Address != nil {
			continue
		}
		if err := l.file(f.Resolved); err != nil {
			l.p.At(at, diag.HintOf(err), "%s %s %v", setting, diag.Quote(f.Path), err)
		}
	}
}

// writtenIn finds where the texts of a setting stand: each in a list, all others at
// the setting itself.
func writtenIn(with *settings.Node, setting string) func(text string) *settings.Node {
	at := with.Find(setting)
	places := map[string]*settings.Node{}
	if _, list := with.Child(setting); list != nil {
		for _, n := range list.Content {
			if n.IsScalar() && places[n.Value] == nil {
				places[n.Value] = n
			}
		}
	}
	return func(text string) *settings.Node { return cmp.Or(places[text], at) }
}

// inputs reads `inputs: {PORT: STAGE.PORT}`, and `{PORT: {NAME: STAGE.PORT}}`.
func (l *loader) inputs(block settings.Raw) []*input {
	n := block.Value
	if n.IsEmpty() {
		return nil
	}
	if n.Type != settings.Mapping {
		l.p.At(n, "write `inputs: {PORT: STAGE}`", "inputs must be a mapping of ports to stages, not %s", n.Describe())
		return nil
	}
	inputs := make([]*input, 0, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		port, ref := n.Content[i], n.Content[i+1]
		if !ref.Is(settings.Mapping) {
			inputs = append(inputs, l.input(port, port, ref))
			continue
		}
		if len(ref.Content) == 0 {
			l.p.At(ref, "write `"+port.Value+": {NAME: STAGE, NAME: STAGE}`", "input %s names no stage", diag.Quote(port.Value))
		}
		for j := 0; j < len(ref.Content); j += 2 {
			name := ref.Content[j]
			in := l.input(port, name, ref.Content[j+1])
			if in.label = name.Value; in.label == "" {
				in.label = "?" // which is no name
			}
			if msg, hint := names.CheckLabel(in.label); msg != "" {
				l.p.At(name, hint, "the name of one of several inputs %s", msg)
			}
			inputs = append(inputs, in)
		}
	}
	return inputs
}

// input reads what a port is connected to, or one of several.
func (l *loader) input(port, at, ref *settings.Node) *input {
	in := &input{port: port.Value, at: at, refAt: ref}
	if ref.Is(settings.Text) {
		in.ref = ref.Value
	} else {
		l.p.At(ref, "write STAGE or STAGE.PORT", "input %s must name a stage, not %s", diag.Quote(port.Value), ref.Describe())
	}
	return in
}

// needs reads `needs: [STAGE]`, where one stage needs no brackets.
func (l *loader) needs(n *settings.Node) []*need {
	if n.IsEmpty() {
		return nil
	}
	items := n.Content
	if n.Is(settings.Text) {
		items = []*settings.Node{n}
	} else if n.Type != settings.List {
		l.p.At(n, "write `needs: [STAGE]`", "needs must be a list of stages, not %s", n.Describe())
		return nil
	}
	needs := make([]*need, 0, len(items))
	first := make(map[string]*settings.Node, len(items))
	for _, item := range items {
		switch {
		case !item.Is(settings.Text):
			l.p.At(item, "", "needs must name stages, not %s", item.Describe())
		case first[item.Value] != nil:
			l.p.At(item, "", "%s is needed twice", diag.Quote(item.Value))
		default:
			first[item.Value] = item
			needs = append(needs, &need{stage: item.Value, at: item})
		}
	}
	return needs
}
