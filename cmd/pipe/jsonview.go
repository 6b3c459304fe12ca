package main

import (
	"encoding/json"
	"math"
	"strings"

	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace/models"
)

// A jsonView writes one JSON object for each event.
type jsonView struct{ enc *json.Encoder }

func (v *jsonView) close() {}

func (v *jsonView) event(ev runner.Event) {
	obj := map[string]any{}
	switch ev := ev.(type) {
	case runner.RunStarted:
		obj = map[string]any{"event": "run_started", "run": ev.RunID, "pipeline": ev.Pipeline, "stages": ev.Stages}
	case runner.StageStarted:
		obj = map[string]any{"event": "stage_started", "stage": ev.Stage, "kind": ev.Kind, "attempt": ev.Attempt, "reason": ev.Reason}
	case runner.StageWaiting:
		obj = map[string]any{"event": "stage_waiting", "stage": ev.Stage}
		if ev.Lacks == "" {
			obj["pid"] = ev.PID
		} else {
			obj["lacks"], obj["holder"] = ev.Lacks, ev.Holder
		}
	case runner.StageProgress:
		obj = map[string]any{"event": "progress", "stage": ev.Stage, "done": ev.Done, "total": ev.Total}
	case runner.StagePoint:
		if math.IsNaN(ev.Value) || math.IsInf(ev.Value, 0) {
			return // JSON has no such number, and the stage reports it as an error
		}
		obj = map[string]any{"event": "point", "stage": ev.Stage, "name": ev.Name, "step": ev.Step, "value": ev.Value}
	case runner.StageLog:
		obj = map[string]any{"event": "log", "stage": ev.Stage, "level": strings.ToLower(ev.Level.String()), "message": ev.Message}
	case runner.StageRetry:
		obj = map[string]any{"event": "retry", "stage": ev.Stage, "attempt": ev.Attempt, "error": ev.Err.Error(), "delay_seconds": ev.Delay.Seconds()}
	case runner.StageFinished:
		obj = map[string]any{"event": "stage_finished", "stage": ev.Stage, "status": ev.Status, "seconds": ev.Duration.Seconds(),
			"outputs": outputsJSON(ev.Outputs), "metrics": metricsJSON(ev.Metrics)}
		if classes := metricTexts(ev.Metrics, classOf); classes != nil {
			obj["classes"] = classes
		}
		if ev.Err != nil {
			obj["error"] = ev.Err.Error()
		}
	case runner.RivalMeasured:
		stages := []string{}
		for _, s := range ev.Plan.Steps {
			stages = append(stages, s.Name)
		}
		obj = map[string]any{"event": "rival_measured", "stage": ev.Stage, "label": ev.Label, "model": ev.Model.String(), "stages": stages}
	case runner.GateJudged:
		obj = map[string]any{"event": "gate_judged", "stage": ev.Stage, "label": ev.Label, "outcome": ev.Decision.Outcome, "decision": models.EventOf(ev.Decision.Event)}
	case runner.RunFinished:
		obj = map[string]any{"event": "run_finished", "run": ev.Result.RunID, "status": ev.Result.Status, "seconds": ev.Result.Duration.Seconds()}
	}
	// A closed pipe ends the watching, not the run.
	_ = v.enc.Encode(obj)
}

func outputsJSON(outputs []lineage.Output) map[string]any {
	m := map[string]any{}
	for _, o := range outputs {
		m[o.Port] = map[string]any{"type": o.Type, "id": o.ID.String(), "size": o.Size}
	}
	return m
}
