package runs

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"pipe/artifacts"
	"pipe/data/format"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
	"pipe/workspace/content"
	"pipe/workspace/models"
)

// A Stage is an execution of a stage in a run.
type Stage struct {
	Stage    string            `json:"stage"`
	Kind     string            `json:"kind"`
	Status   lineage.Status    `json:"status"`
	Attempt  int               `json:"attempt"`
	Reason   string            `json:"reason,omitempty"`
	Rival    string            `json:"rival,omitempty"`    // the label whose model it measured, beside the pipeline
	Programs Programs          `json:"programs,omitempty"` // that it called
	Device   *Device           `json:"device,omitempty"`   // that did the work, if it was not the CPU
	Seconds  float64           `json:"seconds"`
	Key      artifacts.Key     `json:"key,omitzero"`
	Seed     *uint64           `json:"seed,omitempty"`
	Settings json.RawMessage   `json:"settings,omitempty"`
	Inputs   []Port            `json:"inputs"`
	Outputs  []Port            `json:"outputs"`
	Metrics  Metrics           `json:"metrics"`
	Goals    map[string]string `json:"goals,omitempty"`   // of metrics, up or down
	Classes  map[string]string `json:"classes,omitempty"` // of metrics that are about one class
	Warnings []string          `json:"warnings,omitempty"`
	Error    string            `json:"error,omitempty"`

	Run     string        `json:"-"` // the ID of the run
	Version int           `json:"-"` // of the kind
	Took    time.Duration `json:"-"`
}

// A Port is an input or an output with its artifact.
type Port struct {
	Port string       `json:"port"`
	Type string       `json:"type"`
	ID   artifacts.ID `json:"id"`
	Size int64        `json:"size,omitempty"`
	From string       `json:"from,omitempty"` // the output that an input comes from
	Path string       `json:"path,omitempty"` // of a file

	// Outside is where the bytes of the file, or those of a file of the folder, are that
	// were not copied into the store.
	Outside string `json:"outside,omitempty"`
}

// A Device is what did the work of a stage.
type Device struct {
	Name    string `json:"name"`
	Varies  bool   `json:"varies,omitempty"`   // two runs give different bits
	BegunOn string `json:"begun_on,omitempty"` // the device of another class that did the first part
}

// Programs are those that a stage called, by path.
type Programs []lineage.Program

// MarshalJSON writes an object of paths and hashes.
func (p Programs) MarshalJSON() ([]byte, error) {
	hashes := map[string]artifacts.ID{}
	for _, x := range p {
		hashes[x.Path] = x.Hash
	}
	return object(hashes)
}

// Metrics are metrics in the order in which they were recorded.
type Metrics []lineage.Metric

// MarshalJSON writes an object of names and values.
func (m Metrics) MarshalJSON() ([]byte, error) {
	values := map[string]float64{}
	for _, x := range m {
		values[x.Name] = x.Value
	}
	return object(values)
}

// object writes a value as the encoder around it does, which decides itself what it
// escapes.
func object(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// texts is what is known of those metrics of which it is known, by name; nil if it
// is of none.
func (m Metrics) texts(what func(lineage.Metric) string) map[string]string {
	var texts map[string]string
	for _, x := range m {
		if text := what(x); text != "" {
			if texts == nil {
				texts = map[string]string{}
			}
			texts[x.Name] = text
		}
	}
	return texts
}

func (m Metrics) goals() map[string]string {
	return m.texts(func(x lineage.Metric) string { return x.Goal })
}

func (m Metrics) classes() map[string]string {
	return m.texts(func(x lineage.Metric) string { return x.Class })
}

func stageOf(e lineage.Execution) Stage {
	metrics := Metrics(e.Metrics)
	s := Stage{Stage: e.Stage, Kind: e.Kind, Status: e.Status, Attempt: e.Attempt, Reason: e.Reason, Rival: e.Rival, Programs: e.Programs,
		Seconds: e.Finished.Sub(e.Started).Seconds(), Key: e.Key, Seed: e.Seed, Settings: e.Config, Inputs: []Port{}, Outputs: []Port{},
		Metrics: metrics, Goals: metrics.goals(), Classes: metrics.classes(), Warnings: e.Warnings, Error: e.Error,
		Run: e.RunID, Version: e.KindVersion, Took: e.Finished.Sub(e.Started)}
	if on := e.Device; on.Name != "" {
		s.Device = &Device{on.Name, on.Varies, on.BegunOn}
	}
	for _, in := range e.Inputs {
		p := Port{Port: in.Port, Type: in.Type, ID: in.ID, Size: in.Size, Path: in.Path}
		if in.FromStage != "" {
			p.From = in.FromStage + "." + in.FromPort
		}
		s.Inputs = append(s.Inputs, p)
	}
	for _, o := range e.Outputs {
		s.Outputs = append(s.Outputs, Port{Port: o.Port, Type: o.Type, ID: o.ID, Size: o.Size})
	}
	return s
}

// ShowStage gives what is known of one execution.
func ShowStage(ctx context.Context, w *workspace.Workspace, execution int64) (*Stage, error) {
	e, err := w.DB.Execution(ctx, execution)
	if err != nil {
		return nil, err
	}
	s := stageOf(*e)
	for i := range s.Inputs {
		if in := &s.Inputs[i]; in.Path != "" {
			in.Outside = outside(ctx, w, in.Type, in.ID)
		}
	}
	return &s, nil
}

// outside is where the bytes of an artifact are if they were not copied.
func outside(ctx context.Context, w *workspace.Workspace, portType string, id artifacts.ID) string {
	if portType != string(pipeline.Directory) {
		return w.Store.Outside(id)
	}
	files, err := w.Store.Listed(ctx, id)
	if err != nil {
		return ""
	}
	const most = 1000 // of a folder of which some are copied
	for _, f := range files[:min(len(files), most)] {
		if path := w.Store.Outside(f.ID); path != "" {
			return path
		}
	}
	return ""
}

// An Artifact is what is known of an artifact, and what is in it.
type Artifact struct {
	Created   time.Time      `json:"created_at"`
	Decisions []models.Event `json:"decisions,omitempty"` // about a model
	ID        artifacts.ID   `json:"id"`
	MadeBy    []Use          `json:"made_by"`
	Path      string         `json:"path"` // of a file
	ReadBy    []Use          `json:"read_by"`
	Size      int64          `json:"size"`
	Type      string         `json:"type"`
	Outside   string         `json:"outside,omitempty"`  // as that of a Port
	Warnings  []string       `json:"warnings,omitempty"` // of the stage that made a table, the first if there are several

	Content    format.View `json:"-"` // what is in it, nil if there is nothing to show
	Unreadable error       `json:"-"` // why it is not known what is in it
}

// MarshalJSON has what is in the artifact under the name of that.
func (a *Artifact) MarshalJSON() ([]byte, error) {
	type plain Artifact // without this method
	known, err := object((*plain)(a))
	if err != nil || a.Content == nil {
		return known, err
	}
	doc := map[string]json.RawMessage{}
	if err := json.Unmarshal(known, &doc); err != nil {
		return nil, err
	}
	if doc[a.Content.Name()], err = object(a.Content); err != nil {
		return nil, err
	}
	return object(doc)
}

// A Use is a port of a stage that made or read an artifact.
type Use struct {
	Pipeline string `json:"pipeline"`
	Run      string `json:"run"`
	Stage    string `json:"stage"`
	Port     string `json:"port"`
}

// ShowArtifact gives what is known of an artifact, with the first rows of a table.
func ShowArtifact(ctx context.Context, w *workspace.Workspace, id artifacts.ID, head int) (*Artifact, error) {
	art, err := w.DB.Artifact(ctx, id)
	if err != nil {
		return nil, err
	}
	uses := func(list []lineage.Use) []Use {
		out := make([]Use, 0, len(list))
		for _, u := range list {
			out = append(out, Use{u.Pipeline, u.RunID, u.Stage, u.Port})
		}
		return out
	}
	a := &Artifact{Created: art.Created, ID: art.ID, MadeBy: uses(art.MadeBy), Path: art.Path, ReadBy: uses(art.ReadBy), Size: art.Size, Type: art.Type}
	a.Outside = outside(ctx, w, art.Type, id)
	a.Content, a.Unreadable = content.Of(ctx, w, art, head) // what is known of it is worth showing anyway
	if format.Of(pipeline.PortType(art.Type)).Rows {
		f, err := foldingOf(ctx, w, art)
		if err != nil {
			return nil, err
		}
		a.Warnings = f.stage.Warnings
	}
	a.Decisions, err = models.Decisions(ctx, w, id)
	return a, err
}
