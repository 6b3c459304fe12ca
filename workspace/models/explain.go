package models

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
	"pipe/stages/ingest"
	"pipe/workspace"
)

// sayHow adds to the error of a file that cannot be read, whose hint is a setting of
// the stage that reads, where such a setting is written for a prediction. step is that which reads the file.
func sayHow(res *runner.Result, step string) {
	if res == nil {
		return
	}
	for i := range res.Stages {
		load := &res.Stages[i]
		if load.Stage != step {
			continue
		}
		if told := inWords(diag.HintOf(load.Err)); told != "" {
			load.Err = diag.WithHint(load.Err, "settings of how a file is written are given with --read, each as NAME=VALUE: "+told)
		}
	}
}

// inWords is the first setting of a hint as the command takes it, empty if there is none.
func inWords(hint string) string {
	first, told := len(hint), ""
	for _, name := range ingest.ReadingSettings() {
		with := regexp.MustCompile(`(?:^|[^a-z_])(` + name + `): ("[^"]*"|'[^']*'|\{[^}]*\}+|\[[^\]]*\]|true|false|auto|pad|number|allow|any|[0-9]+)?`)
		if m := with.FindStringSubmatchIndex(hint); m != nil && m[2] < first {
			value := "..."
			if m[4] >= 0 {
				value = hint[m[4]:m[5]]
			}
			first, told = m[2], "--read "+shellWord(name+"="+value)
		}
		if told == "" && strings.HasSuffix(hint, "set "+name) {
			told = "--read " + name + "=..."
		}
	}
	return told
}

// shellWord is a text as a word for a shell.
func shellWord(text string) string {
	if strings.ContainsAny(text, "\"'{}[]; $&|<>*?\\`") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// tellHow has the warnings of the step that reads say how their settings are given to the
// command.
func tellHow(observe func(runner.Event), step string) func(runner.Event) {
	if observe == nil {
		return nil
	}
	return func(ev runner.Event) {
		if log, ok := ev.(runner.StageLog); ok && log.Stage == step && log.Level >= slog.LevelWarn {
			if _, hint := runner.SplitHint(log.Message); hint != "" {
				if told := inWords(hint); told != "" {
					log.Message += "; here it is " + told
					ev = log
				}
			}
		}
		observe(ev)
	}
}

// loadStep is the name of the step that reads the file.
const loadStep = "load"

// failedStage is the stage behind the one that read the file that failed first, and the last
// one if none did.
func failedStage(res *runner.Result) *runner.StageResult {
	for i := range res.Stages {
		if i > 0 && res.Stages[i].Err != nil {
			return &res.Stages[i]
		}
	}
	return &res.Stages[len(res.Stages)-1]
}

// explainNames adds to the error of a prediction for which a column is not there what is
// wrong if none is: a header that is none, or another delimiter.
func explainNames(ctx context.Context, w *workspace.Workspace, p *past, load *pipeline.Step, res *runner.Result) {
	if res == nil || len(res.Stages) < 2 || !load.Stage.(source).IsText() {
		return
	}
	failed := failedStage(res)
	types := settings.Map[string](nil)
	for _, o := range res.Stages[0].Outputs {
		if o.Type == string(pipeline.Table) {
			types, _ = columnTypes(ctx, w, o.ID)
		}
	}
	if failed.Err == nil || len(types) == 0 || slices.ContainsFunc(p.columns, func(c feature.TypedColumn) bool { _, there := types.Get(c.Name); return there }) {
		return
	}
	failed.Err = diag.WithHint(failed.Err, "no column is one that the model was trained on: if the first record is a row, and no header, add --read header=false; if something else stands between the fields, add it as in --read 'delimiter=;'")
}

// explainAbsent adds to the error of a prediction for which a column is not
// there who made that column for training: a stage that is not run for new rows.
func explainAbsent(ctx context.Context, w *workspace.Workspace, p *past, res *runner.Result) {
	failed, name := lacking(ctx, w, p, res)
	if failed == nil {
		return
	}
	for i, e := range p.train {
		if types, _ := p.typesOf(ctx, w, e.Outputs); !slices.ContainsFunc(types, func(c settings.Entry[string]) bool { return c.Key == name }) {
			continue
		}
		if sourceKind(w, e) == nil {
			todo := "predict rows that have gone through it"
			if anew := p.anew(ctx, w); len(anew) > 0 {
				todo = fmt.Sprintf("predict rows that have the column, and %s as they were read, since these are derived as in training", strings.Join(anew, ", "))
			}
			why := "pipe predict does not run it"
			if by := p.dropper(w, i); by != nil && repeatable(w, e) {
				why = fmt.Sprintf("new rows cannot go through it because of stage %s (%s) behind it", by.Stage, by.Kind)
			}
			failed.Err = diag.WithHint(failed.Err, fmt.Sprintf("stage %s (%s) made the column %q of the training data, and %s: %s", e.Stage, e.Kind, name, why, todo))
		}
		return
	}
}

// repeatable says whether new rows go through a stage, as long as none behind it is in
// the way.
func repeatable(w *workspace.Workspace, e *lineage.Execution) bool {
	k, ok := w.Host().Registry().Lookup(e.Kind)
	if !ok {
		return false
	}
	stage := k.New()
	if settings.FromJSON(e.Config, stage) != nil {
		return false
	}
	r, ok := stage.(pipeline.Repeater)
	if !ok {
		return true
	}
	_, why := r.Repeats()
	return why == ""
}

// lacking is the stage that has failed, nil if none has, and the first column of training that a file does not have.
func lacking(ctx context.Context, w *workspace.Workspace, p *past, res *runner.Result) (*runner.StageResult, string) {
	if res == nil || len(res.Stages) == 0 {
		return nil, ""
	}
	there := map[string]bool{}
	for _, o := range res.Stages[0].Outputs {
		types, _ := columnTypes(ctx, w, o.ID)
		for _, c := range types {
			there[c.Key] = true
		}
	}
	at := slices.IndexFunc(p.columns, func(c feature.TypedColumn) bool { return !there[c.Name] })
	failed := failedStage(res)
	if failed.Err == nil || len(there) == 0 || at < 0 {
		return nil, ""
	}
	return failed, p.columns[at].Name
}

// explainChoice adds to the error of a file that lacks columns which model was taken, if nobody
// has named one.
func explainChoice(ctx context.Context, w *workspace.Workspace, p *past, m registry.Model, res *runner.Result) {
	if failed, _ := lacking(ctx, w, p, res); failed != nil {
		failed.Err = diag.WithHint(failed.Err, fmt.Sprintf("the model is that of the latest run that has one, %s of %s: --model takes another, as pipe models lists them", m.RunID, m.Pipeline))
	}
}
