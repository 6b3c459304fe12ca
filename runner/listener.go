package runner

import (
	"log/slog"
	"time"
)

// A listener passes on to those who watch the run what an attempt at a stage
// tells, and keeps its messages in the log of the attempt.
type listener struct {
	stage string
	emit  func(Event)
	file  *logFile
}

var _ Events = (*listener)(nil)

// listen begins the log of the next attempt.
func (r *stageRun) listen() *listener {
	l := &listener{stage: r.Name, emit: r.emit, file: &logFile{now: time.Now}}
	if r.LogDir != "" && r.runID != "" {
		// Names that are none are found before; such a stage would have no log.
		l.file.path, _ = LogFile(r.LogDir, r.runID, r.Name, r.tried)
	}
	return l
}

func (l *listener) Log(m Message) {
	l.file.add(m.Level, m.Text)
	if !m.Quiet {
		l.emit(StageLog{Stage: l.stage, Level: m.Level, Message: m.Text})
	}
}

func (l *listener) Point(name string, step int64, value float64) {
	l.emit(StagePoint{Stage: l.stage, Name: name, Step: step, Value: value})
}

func (l *listener) Progress(done, total int64) {
	l.emit(StageProgress{Stage: l.stage, Done: done, Total: total})
}

// last says what there is to say about the outcome: the log has all warnings, and
// the error, which others hear of elsewhere.
func (l *listener) last(o Outcome, err error) {
	if err == nil {
		err = o.err()
	}
	if err != nil {
		l.file.add(slog.LevelError, err.Error())
	}
	if len(o.Warnings) > maxWarnings {
		l.emit(StageLog{Stage: l.stage, Level: slog.LevelWarn, Message: o.Warnings[maxWarnings]})
	}
}

func (l *listener) close() { l.file.close() }
