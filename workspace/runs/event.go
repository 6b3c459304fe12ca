package runs

import (
	"math"
	"strings"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/runner"
	"pipe/workspace/models"
)

// What happens in a run, as JSON: one object for each event, which its member
// "event" names.
type (
	runStarted struct {
		Event    string   `json:"event"`
		Pipeline string   `json:"pipeline"`
		Run      string   `json:"run"`
		Stages   []string `json:"stages"`
	}
	stageStarted struct {
		Attempt int    `json:"attempt"`
		Event   string `json:"event"`
		Kind    string `json:"kind"`
		Reason  string `json:"reason"`
		Stage   string `json:"stage"`
	}
	stageWaiting struct {
		Event  string  `json:"event"`
		Holder *string `json:"holder,omitempty"` // of what it lacks
		Lacks  *string `json:"lacks,omitempty"`
		PID    *int    `json:"pid,omitempty"` // of the process that makes the same
		Stage  string  `json:"stage"`
	}
	stageProgress struct {
		Done  int64  `json:"done"`
		Event string `json:"event"`
		Stage string `json:"stage"`
		Total int64  `json:"total"`
	}
	stagePoint struct {
		Event string  `json:"event"`
		Name  string  `json:"name"`
		Stage string  `json:"stage"`
		Step  int64   `json:"step"`
		Value float64 `json:"value"`
	}
	stageLog struct {
		Event   string `json:"event"`
		Level   string `json:"level"`
		Message string `json:"message"`
		Stage   string `json:"stage"`
	}
	stageRetry struct {
		Attempt int     `json:"attempt"`
		Delay   float64 `json:"delay_seconds"`
		Error   string  `json:"error"`
		Event   string  `json:"event"`
		Stage   string  `json:"stage"`
	}
	stageFinished struct {
		Classes map[string]string   `json:"classes,omitempty"`
		Device  string              `json:"device,omitempty"`
		Error   *string             `json:"error,omitempty"`
		Event   string              `json:"event"`
		Metrics Metrics             `json:"metrics"`
		Outputs map[string]artifact `json:"outputs"` // by port
		Seconds float64             `json:"seconds"`
		Stage   string              `json:"stage"`
		Status  lineage.Status      `json:"status"`
	}
	artifact struct {
		ID   artifacts.ID `json:"id"`
		Size int64        `json:"size"`
		Type string       `json:"type"`
	}
	rivalMeasured struct {
		Event  string       `json:"event"`
		Label  string       `json:"label"`
		Model  artifacts.ID `json:"model"`
		Stage  string       `json:"stage"`
		Stages []string     `json:"stages"`
	}
	gateJudged struct {
		Decision models.Event     `json:"decision"`
		Event    string           `json:"event"`
		Label    string           `json:"label"`
		Outcome  registry.Outcome `json:"outcome"`
		Stage    string           `json:"stage"`
	}
	runFinished struct {
		Event   string         `json:"event"`
		Run     string         `json:"run"`
		Seconds float64        `json:"seconds"`
		Status  lineage.Status `json:"status"`
	}
)

// EventOf is the document of an event; nil if there is none, of a value that is no
// number, which JSON does not have and the stage reports as an error.
func EventOf(ev runner.Event) any {
	switch ev := ev.(type) {
	case runner.RunStarted:
		return runStarted{"run_started", ev.Pipeline, ev.RunID, ev.Stages}
	case runner.StageStarted:
		return stageStarted{ev.Attempt, "stage_started", ev.Kind, ev.Reason, ev.Stage}
	case runner.StageWaiting:
		if ev.Lacks == "" {
			return stageWaiting{Event: "stage_waiting", PID: &ev.PID, Stage: ev.Stage}
		}
		return stageWaiting{Event: "stage_waiting", Holder: &ev.Holder, Lacks: &ev.Lacks, Stage: ev.Stage}
	case runner.StageProgress:
		return stageProgress{ev.Done, "progress", ev.Stage, ev.Total}
	case runner.StagePoint:
		if math.IsNaN(ev.Value) || math.IsInf(ev.Value, 0) {
			return nil
		}
		return stagePoint{"point", ev.Name, ev.Stage, ev.Step, ev.Value}
	case runner.StageLog:
		return stageLog{"log", strings.ToLower(ev.Level.String()), ev.Message, ev.Stage}
	case runner.StageRetry:
		return stageRetry{ev.Attempt, ev.Delay.Seconds(), ev.Err.Error(), "retry", ev.Stage}
	case runner.StageFinished:
		done := stageFinished{Classes: Metrics(ev.Metrics).classes(), Device: ev.Device, Event: "stage_finished", Metrics: ev.Metrics, Outputs: map[string]artifact{},
			Seconds: ev.Duration.Seconds(), Stage: ev.Stage, Status: ev.Status}
		for _, o := range ev.Outputs {
			done.Outputs[o.Port] = artifact{o.ID, o.Size, o.Type}
		}
		if ev.Err != nil {
			text := ev.Err.Error()
			done.Error = &text
		}
		return done
	case runner.RivalMeasured:
		stages := []string{}
		for _, s := range ev.Plan.Steps {
			stages = append(stages, s.Name)
		}
		return rivalMeasured{"rival_measured", ev.Label, ev.Model, ev.Stage, stages}
	case runner.GateJudged:
		return gateJudged{models.EventOf(ev.Decision.Event), "gate_judged", ev.Label, ev.Decision.Outcome, ev.Stage}
	case runner.RunFinished:
		return runFinished{"run_finished", ev.Result.RunID, ev.Result.Duration.Seconds(), ev.Result.Status}
	}
	return nil
}
