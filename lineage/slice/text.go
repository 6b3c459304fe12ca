package slice

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/lineage"
	"pipe/lineage/registry"
)

// What the texts of imported rows must be. A row of this database was written
// by a run, whose plan had been checked; one from elsewhere says what it likes,
// and names become parts of paths and lines of terminals.

var (
	commitForm = regexp.MustCompile(`^[0-9a-f]{40,64}$`)
	hexForm    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

type textRule func(text string) bool

func isName(text string) bool     { msg, _ := names.Check(text); return msg == "" }
func isPart(text string) bool     { msg, _ := names.CheckPart(text); return msg == "" }
func isStage(text string) bool    { msg, _ := names.CheckStage(text); return msg == "" }
func isLine(text string) bool     { msg, _ := names.CheckText(text); return msg == "" }
func mayBeLine(text string) bool  { return text == "" || isLine(text) }
func isHash(text string) bool     { return hexForm.MatchString(text) }
func isDocument(text string) bool { return json.Valid([]byte(text)) }
func anything(string) bool        { return true }

func isTexts(text string) bool { return json.Unmarshal([]byte(text), &map[string]string{}) == nil }

func isSeed(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}

func isTime(text string) bool {
	_, err := lineage.ParseTime(text)
	return err == nil && text != ""
}

// textRules are by the name of a column, which means the same in every table, or
// by TABLE.COLUMN where it does not. Every column of type TEXT has one.
var textRules = map[string]textRule{
	"id": lineage.IsRunID, "run_id": lineage.IsRunID, "rerun_of": anything,
	"hash": isHash, "spec_hash": isHash, "key": isHash, "model": isHash, "previous": isHash,
	"started_at": isTime, "finished_at": isTime, "created_at": isTime, "scheduled_at": isTime, "heartbeat_at": isTime, "time": isTime,
	"seed": isSeed, "git_commit": commitForm.MatchString,

	"pipeline": isName, "pipelines.name": isName, "params.name": isName,
	"stage": isStage, "from_stage": isStage, "port": isPart, "from_port": isPart, "out_port": isPart,
	"label": isPart, "kind": isPart, "type": isPart,
	"metrics.name": isLine, "goal": isLine, "metric_points.name": mayBeLine, "key_parts.name": isLine,
	"execution_inputs.port": isLine, "in_port": isLine, // those of external files have paths in them
	"trigger": isLine, "source": isLine, "status": isLine, "state": isLine, "event": isLine, "decided_by": isLine, "device": isLine, "begun_on": isLine,
	"file": mayBeLine, "path": mayBeLine, "actor": mayBeLine, "hostname": mayBeLine, "boot_id": mayBeLine, "pid_namespace": mayBeLine,
	"pipe_version": mayBeLine, "go_version": mayBeLine, "os": mayBeLine, "arch": mayBeLine,

	"config": isDocument, "details": isDocument, "gate": isDocument, "params.value": isDocument,
	"metrics": func(text string) bool {
		var values map[string]float64
		if json.Unmarshal([]byte(text), &values) != nil {
			return false
		}
		for name := range values {
			if !isLine(name) {
				return false
			}
		}
		return true
	},
	"measured_on": isTexts, "classes": isTexts,
	"checks": func(text string) bool { return json.Unmarshal([]byte(text), &[]registry.Check{}) == nil },

	// Texts of people and of data, which are shown and have no other effect.
	"spec": anything, "error": anything, "reason": anything, "message": anything, "note": anything, "repeats": anything,
	"key_parts.value": anything, "in_column": anything, "out_column": anything, "class": anything,
}

// checkText checks what readers of the database rely on.
func checkText(table, column, text string) error {
	rule := textRules[table+"."+column]
	if rule == nil {
		rule = textRules[column]
	}
	if rule == nil {
		return errors.New("there is no rule for texts of this column")
	}
	if !rule(text) {
		return diag.WithHint(fmt.Errorf("%.100q is none", text), "pipe does not write this: take the file from its source again, and trust it no further")
	}
	return nil
}
