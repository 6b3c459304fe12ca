package pipeline

import (
	"context"
	"slices"

	"pipe/artifacts"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// An Outliner is a Stage that knows before it runs which columns its tables will have, as
// far as those of its inputs are known, and finds settings that name others.
type Outliner interface {
	// Outline is asked before the stages of a plan run, if any has to, of producers before
	// consumers. It gives the columns by output; of one that is not there nothing is
	// known. Errors are like those of Validate, and only about what would fail whatever
	// the rows are; what is returned with them is used all the same. It reads little, and
	// is quick.
	Outline(ctx context.Context, inputs Outlines) (map[string]*table.Outline, error)
}

// Outlines are what is known of the inputs of a stage that has not run yet.
type Outlines interface {
	// Ports lists the connected input ports, sorted, external files included.
	Ports() []string
	// Columns are those of a table behind a port; nil if they are not known.
	Columns(port string) *table.Outline
	// Peek opens an external file as it lies there now. The caller closes it. It is nil
	// without an error if that is no single file of this machine.
	Peek(port string) (*PeekedFile, error)
}

// A World is where a plan is to run: it knows what is there already.
type World interface {
	// Made is what a run would take from the cache as an output of a stage; zero if
	// there is none.
	Made(Ref) artifacts.ID
	// Peek opens an artifact without verifying its bytes.
	Peek(artifacts.ID) (*artifacts.File, error)
	// Done says whether a stage need not run, so that nothing is to be found out of it.
	Done(*Step) bool
}

// CheckColumns finds settings which name columns that their tables will not have, or
// that have other types than they need, as far as that is known before anything runs.
// The error is a diag.List with places in the pipeline file.
func (p *Plan) CheckColumns(ctx context.Context, w World) error {
	c := &columnCheck{ctx: ctx, world: w, outlines: map[Ref]*table.Outline{}, opened: map[Ref]bool{}}
	problems := settings.NewProblems(p.File, p.Source)
	for _, s := range p.Steps {
		stage, ok := s.Stage.(Outliner)
		if !ok || w.Done(s) {
			continue
		}
		outlines, err := stage.Outline(ctx, &stepOutlines{c, s})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			problems.Report(err, s.with, s.configAt)
		}
		for port, outline := range outlines {
			c.outlines[Ref{s.Name, port}] = outline
		}
	}
	return problems.Err()
}

// A columnCheck is one of CheckColumns.
type columnCheck struct {
	ctx      context.Context
	world    World
	outlines map[Ref]*table.Outline
	opened   map[Ref]bool // whether an artifact was looked for
}

// of are the columns of an output.
func (c *columnCheck) of(ref Ref) *table.Outline {
	if outline := c.outlines[ref]; outline != nil || c.opened[ref] {
		return outline
	}
	c.opened[ref] = true
	if id := c.world.Made(ref); !id.IsZero() {
		c.outlines[ref] = c.stored(id)
	}
	return c.outlines[ref]
}

// stored are the columns of an artifact. One that cannot be read fails where it is
// needed.
func (c *columnCheck) stored(id artifacts.ID) *table.Outline {
	f, err := c.world.Peek(id)
	if err != nil {
		return nil
	}
	defer f.Close()
	r, err := table.Open(f, f.Size())
	if err != nil {
		return nil
	}
	defer r.Close()
	return table.OutlineOf(r.Schema())
}

// stepOutlines are those of a step.
type stepOutlines struct {
	*columnCheck
	step *Step
}

func (s *stepOutlines) Ports() []string {
	var ports []string
	for _, e := range s.step.Inputs {
		ports = append(ports, e.Port)
	}
	for _, f := range s.step.Files {
		ports = append(ports, f.Port)
	}
	slices.Sort(ports)
	return ports
}

func (s *stepOutlines) Columns(port string) *table.Outline {
	for _, e := range s.step.Inputs {
		if e.Port != port || e.Type != Table {
			continue
		}
		if e.Artifact.IsZero() {
			return s.of(e.From)
		}
		return s.stored(e.Artifact)
	}
	return nil
}

func (s *stepOutlines) Peek(port string) (*PeekedFile, error) {
	for _, f := range s.step.Files {
		if f.Port == port && f.Type == File && f.Address == nil && f.Artifact.IsZero() {
			return peek(f)
		}
	}
	return nil, nil
}
