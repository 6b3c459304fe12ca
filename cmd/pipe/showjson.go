package main

import (
	"encoding/json"
	"strings"

	"pipe/lineage"
	"pipe/workspace/content"
	"pipe/workspace/models"
)

func jsonText(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

type artifactRefJSON struct {
	Port string `json:"port"`
	Type string `json:"type"`
	ID   string `json:"id"`
	Size int64  `json:"size,omitempty"`
	From string `json:"from,omitempty"`
	Path string `json:"path,omitempty"`
}

type executionJSON struct {
	Stage    string             `json:"stage"`
	Kind     string             `json:"kind"`
	Status   lineage.Status     `json:"status"`
	Attempt  int                `json:"attempt"`
	Reason   string             `json:"reason,omitempty"`
	Rival    string             `json:"rival,omitempty"`    // the label whose model it measured, beside the pipeline
	Programs map[string]string  `json:"programs,omitempty"` // hashes by path
	Seconds  float64            `json:"seconds"`
	Key      string             `json:"key,omitempty"`
	Seed     *uint64            `json:"seed,omitempty"`
	Settings json.RawMessage    `json:"settings,omitempty"`
	Inputs   []artifactRefJSON  `json:"inputs"`
	Outputs  []artifactRefJSON  `json:"outputs"`
	Metrics  map[string]float64 `json:"metrics"`
	Goals    map[string]string  `json:"goals,omitempty"`   // of metrics, up or down
	Classes  map[string]string  `json:"classes,omitempty"` // of metrics that are about one class
	Warnings []string           `json:"warnings,omitempty"`
	Error    string             `json:"error,omitempty"`
}

func stageJSON(e lineage.Execution) executionJSON {
	out := executionJSON{Stage: e.Stage, Kind: e.Kind, Status: e.Status, Attempt: e.Attempt, Reason: e.Reason, Rival: e.Rival,
		Seconds: e.Finished.Sub(e.Started).Seconds(), Seed: e.Seed, Settings: e.Config, Error: e.Error,
		Inputs: []artifactRefJSON{}, Outputs: []artifactRefJSON{}, Metrics: metricsJSON(e.Metrics),
		Goals: metricTexts(e.Metrics, goalOf), Classes: metricTexts(e.Metrics, classOf), Warnings: e.Warnings}
	for _, p := range e.Programs {
		if out.Programs == nil {
			out.Programs = map[string]string{}
		}
		out.Programs[p.Path] = p.Hash.String()
	}
	if !e.Key.IsZero() {
		out.Key = e.Key.String()
	}
	for _, in := range e.Inputs {
		ref := artifactRefJSON{Port: in.Port, Type: in.Type, ID: in.ID.String(), Size: in.Size, Path: in.Path}
		if in.FromStage != "" {
			ref.From = in.FromStage + "." + in.FromPort
		}
		out.Inputs = append(out.Inputs, ref)
	}
	for _, o := range e.Outputs {
		out.Outputs = append(out.Outputs, artifactRefJSON{Port: o.Port, Type: o.Type, ID: o.ID.String(), Size: o.Size})
	}
	return out
}

func runDetailsJSON(run lineage.Run, list []lineage.Execution) any {
	params := map[string]json.RawMessage{}
	for _, p := range run.Params {
		params[p.Name] = json.RawMessage(p.Value)
	}
	stages := make([]executionJSON, 0, len(list))
	for _, e := range list {
		stages = append(stages, stageJSON(e))
	}
	return struct {
		runJSON
		Params     map[string]json.RawMessage `json:"params"`
		Spec       string                     `json:"spec_id"`
		Git        gitJSON                    `json:"git"`
		Made       lineage.Environment        `json:"environment"`
		Executions []executionJSON            `json:"executions"`
	}{runsJSON([]lineage.Run{run})[0], params, run.SpecID.String(), gitJSON{run.Git.Commit, run.Git.Clean}, run.Environment, stages}
}

// A gitJSON is the version of a project; what is null is not known.
type gitJSON struct {
	Commit string `json:"commit,omitempty"`
	Clean  *bool  `json:"clean"`
}

type useJSON struct {
	Pipeline string `json:"pipeline"`
	Run      string `json:"run"`
	Stage    string `json:"stage"`
	Port     string `json:"port"`
}

func artifactJSON(art *lineage.Artifact, inside content.Content, events []models.Event) any {
	uses := func(list []lineage.Use) []useJSON {
		out := make([]useJSON, 0, len(list))
		for _, u := range list {
			out = append(out, useJSON{u.Pipeline, u.RunID, u.Stage, u.Port})
		}
		return out
	}
	doc := map[string]any{"id": art.ID.String(), "type": art.Type, "size": art.Size, "path": art.Path,
		"created_at": art.Created, "made_by": uses(art.MadeBy), "read_by": uses(art.ReadBy)}
	switch {
	case inside.Network != nil:
		doc["network"] = inside.Network
	case inside.Table != nil:
		doc["table"] = inside.Table
	case inside.Folder != nil:
		doc["directory"] = inside.Folder
	}
	if len(events) > 0 {
		doc["decisions"] = events
	}
	return doc
}
