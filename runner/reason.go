package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/jsondiff"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// A Change is a component of a key that differs between two executions of a
// stage, see artifacts.KeyPart for the names.
type Change struct {
	lineage.PartChange
	Fields []jsondiff.Change // of "config", setting by setting
	From   string            // of "input.PORT": the output or file that it is now, "split.train" or "data/penguins.csv"
	File   bool              // of "input.PORT": From is a file
	Cause  string            // of "input.PORT": why it changed, if that is known
}

// maxFields is how many settings a line lists.
const maxFields = 3

// String is the change in one line.
func (c Change) String() string {
	name, rest, _ := strings.Cut(c.Name, ".")
	values := c.Old + " -> " + c.New
	switch name {
	case "config":
		var fields []string
		for i, f := range c.Fields {
			if i == maxFields {
				fields = append(fields, fmt.Sprintf("%d more", len(c.Fields)-i))
				break
			}
			fields = append(fields, strings.Replace(f.String(), ": ", " ", 1))
		}
		return "config changed: " + strings.Join(fields, ", ")
	case "input":
		switch {
		case c.Removed:
			return fmt.Sprintf("input %s is no longer connected", rest)
		case c.Added:
			return fmt.Sprintf("input %s is new (%s)", rest, c.From)
		case c.File:
			return fmt.Sprintf("file %s changed", c.From)
		case c.From != "":
			return fmt.Sprintf("input %s changed (%s)", rest, c.From)
		}
		return fmt.Sprintf("input %s changed", rest)
	case "stage":
		variable, ok := strings.CutPrefix(rest, "env.")
		switch {
		case !ok:
		case c.Added:
			return fmt.Sprintf("environment variable %s is new", variable)
		case c.Removed:
			return fmt.Sprintf("environment variable %s is no longer declared", variable)
		default:
			return fmt.Sprintf("environment variable %s changed", variable)
		}
		name = rest
	case "engine":
		if !c.Added && !c.Removed {
			return "engine changed: " + engineChange(c.Old, c.New)
		}
	case "version":
		name = "version of the kind"
	case "key_schema":
		name = "version of the key"
	}
	switch {
	case c.Added:
		return fmt.Sprintf("%s is new: %s", name, c.New)
	case c.Removed:
		return fmt.Sprintf("%s is gone: %s", name, c.Old)
	}
	return fmt.Sprintf("%s changed: %s", name, values)
}

// engineChange says in what two numeric classes differ, which are lists of words
// for processors that have something to say of themselves.
func engineChange(old, new string) string {
	was, is := strings.Split(old, pipeline.EngineSeparator), strings.Split(new, pipeline.EngineSeparator)
	left := func(list, others []string) string {
		own := slices.DeleteFunc(slices.Clone(list), func(word string) bool { return slices.Contains(others, word) })
		return strings.Join(own, pipeline.EngineSeparator)
	}
	// The class of the CPU is one word, with which those of others begin.
	switch gone, come := left(was, is), left(is, was); {
	case gone == "" && len(was) == 1:
		return "was that of the CPU, now " + come
	case come == "" && len(is) == 1:
		return "was " + gone + ", now that of the CPU"
	case gone == "":
		return "was without " + come
	case come == "":
		return "was with " + gone
	default:
		return "was " + gone + ", now " + come
	}
}

// changesBetween compares two lists of key parts. sources says where the
// inputs of the new one come from.
func changesBetween(old, new []artifacts.KeyPart, sources map[string]lineage.Source) []Change {
	var list []Change
	for _, p := range lineage.ChangedParts(old, new) {
		c := Change{PartChange: p}
		if p.Name == "config" && !p.Added && !p.Removed {
			c.Fields = settings.Changes(p.Old, p.New)
		}
		if port, ok := strings.CutPrefix(p.Name, "input."); ok {
			switch s := sources[port]; {
			case s.Path != "":
				c.From, c.File = diag.Visible(s.Path), true
			case s.FromStage != "":
				c.From = s.FromStage + "." + s.FromPort
			}
		}
		list = append(list, c)
	}
	return list
}

// whyMissed says in one line why there is no execution with a key: what
// differs from the newest execution of the stage, or how that one ended.
func whyMissed(last *lineage.Earlier, changes []Change) string {
	switch {
	case last == nil:
		return "never run"
	case len(changes) > 0:
		return summary(changes)
	}
	switch last.Status {
	case lineage.Failed:
		return "failed last time"
	case lineage.Interrupted, lineage.Running:
		return "interrupted last time"
	case lineage.Cancelled:
		return "cancelled last time"
	case lineage.RequirementFailed:
		return "a requirement was not met last time"
	}
	return "not made before"
}

// summary is a list of changes in one line.
func summary(changes []Change) string {
	var texts []string
	for i, c := range changes {
		if i == maxFields {
			texts = append(texts, fmt.Sprintf("%d more changes", len(changes)-i))
			break
		}
		texts = append(texts, c.String())
	}
	return strings.Join(texts, "; ")
}

// decide is lookup for a run with its options.
func (e *execution) decide(ctx context.Context, s *pipeline.Step, key artifacts.Key) (*lineage.Hit, string, error) {
	if e.forced[s.Name] {
		return nil, "forced", nil
	}
	return e.lookup(ctx, s, key)
}

// sinceLast compares a stage that is to be run with its newest execution in an
// earlier run of the pipeline.
func (e *execution) sinceLast(ctx context.Context, s *pipeline.Step, parts []artifacts.KeyPart, inputs []lineage.Input) (*lineage.Earlier, []Change, error) {
	ctx = context.WithoutCancel(ctx)
	last, err := e.DB.Earlier(ctx, e.plan.Pipeline, s.Name, e.runID)
	if last == nil || err != nil {
		return nil, nil, err
	}
	old, err := e.DB.KeyParts(ctx, last.Execution)
	if err != nil {
		return nil, nil, err
	}
	sources := make(map[string]lineage.Source, len(inputs))
	for _, in := range inputs {
		sources[in.Port] = lineage.Source{ID: in.ID, FromStage: in.FromStage, FromPort: in.FromPort, Path: in.Path}
	}
	return last, changesBetween(old, parts, sources), nil
}

// missReason is whyMissed for a stage that is about to run. A database that
// cannot be read is no reason not to run it: the end of the stage is recorded
// there, and fails with a better message.
func (e *execution) missReason(ctx context.Context, s *pipeline.Step, parts []artifacts.KeyPart, inputs []lineage.Input) string {
	last, changes, err := e.sinceLast(ctx, s, parts, inputs)
	if err != nil {
		return "not made before"
	}
	return whyMissed(last, changes)
}

// A MissingError says that a stage which was not to be run is not in the
// cache.
type MissingError struct {
	Stage  string // what is missing
	Only   string // the stage that was to be run
	Reason string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("stage %s needs %s, which is not in the cache (%s)", e.Only, e.Stage, e.Reason)
}

// checkOnly makes sure that nothing but the stage of Options.Only would run.
func (r *Runner) checkOnly(ctx context.Context, plan *pipeline.Plan, opt Options) error {
	if opt.Only == "" {
		return nil
	}
	list, err := r.Explain(ctx, plan, opt)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.Stage != opt.Only && f.Action != WillSkip {
			return &MissingError{Stage: f.Stage, Only: opt.Only, Reason: f.Reason}
		}
	}
	return nil
}
