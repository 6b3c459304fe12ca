package ui

import (
	"encoding/json"

	"pipe/runner"
	"pipe/workspace/runs"
)

// A jsonView writes one JSON object for each event.
type jsonView struct{ enc *json.Encoder }

func (v *jsonView) Close() {}

func (v *jsonView) Event(ev runner.Event) {
	if doc := runs.EventOf(ev); doc != nil {
		// A closed pipe ends the watching, not the run.
		_ = v.enc.Encode(doc)
	}
}

func (v *jsonView) Stopping() {}
