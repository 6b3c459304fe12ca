package lineage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/names"
)

// A Ref is what a reference names: an artifact, an execution, or a run.
type Ref struct {
	Artifact  artifacts.ID // zero if the reference names a whole execution or run
	Execution int64        // the one that did the work; 0 if it is not known
	RunID     string       // empty if the reference is only an artifact ID
	Stage     string
	Port      string
}

// minPrefix is the shortest prefix of an ID that is looked up.
const minPrefix = 4

// MaxCandidates bounds what an error lists.
const MaxCandidates = 8

// Resolve finds out what a reference means:
//
//	9f86d081...       an artifact, by its ID or a unique prefix of 4 digits or more
//	20261123T...      a run, by its ID or a unique prefix of 4 characters or more
//	latest            the newest run
//	penguins          the newest run of a pipeline
//	penguins@production   the model of a pipeline that has a label, see Promote
//	RUN/STAGE         what a stage did in a run, RUN being any of the above
//	RUN/STAGE.PORT    one output of it
//
// The error is a *RefError if it names nothing or several things.
func (d *DB) Resolve(ctx context.Context, ref string) (Ref, error) {
	return d.resolve(ctx, ref, anyRun)
}

// ResolveEnded is like Resolve for those who want what a run has made: "latest"
// and the name of a pipeline mean the newest run that has ended, if one has.
func (d *DB) ResolveEnded(ctx context.Context, ref string) (Ref, error) {
	return d.resolve(ctx, ref, endedRuns)
}

// Which runs "latest" and the name of a pipeline stand for: SQL on runs.
const (
	anyRun    = "true"
	endedRuns = "(status <> 'running' OR NOT EXISTS (SELECT 1 FROM runs e WHERE e.status <> 'running' AND (?1 = 'latest' OR e.pipeline = ?1)))"
)

func (d *DB) resolve(ctx context.Context, ref, which string) (_ Ref, err error) {
	defer func() { err = d.RefError("resolve in", err) }()
	if run, rest, ok := strings.Cut(ref, "/"); ok {
		id, err := d.resolveRun(ctx, run, which)
		if err != nil {
			return Ref{}, err
		}
		return d.resolveStage(ctx, ref, id, rest)
	}
	if strings.Contains(ref, "@") { // no name and no ID has one
		return d.modelByLabel(ctx, ref)
	}
	runID, runErr := d.resolveRun(ctx, ref, which)
	var none *RefError
	if runErr != nil && !errors.As(runErr, &none) {
		return Ref{}, runErr
	}
	hashes, err := d.artifactsLike(ctx, ref)
	if err != nil {
		return Ref{}, err
	}
	switch {
	case len(hashes) == 0 && runErr != nil:
		if isHex(ref) && len(ref) < minPrefix {
			none.Msg = fmt.Sprintf("is too short: give at least %d digits of an ID", minPrefix)
		}
		return Ref{}, none
	case len(hashes) == 0 || runErr == nil && !strings.HasPrefix(runID, ref): // "latest" or a pipeline comes first
		return Ref{RunID: runID}, nil
	case len(hashes) == 1 && runErr != nil && !none.ambiguous():
		id, err := artifacts.ParseID(hashes[0])
		return Ref{Artifact: id}, err
	}
	candidates := hashes
	switch {
	case runErr == nil:
		candidates = append(candidates, runID)
	case none.ambiguous():
		candidates = append(candidates, none.Candidates...)
	}
	return Ref{}, &RefError{Ref: ref, Msg: ambiguous, Candidates: candidates}
}

const ambiguous = "may mean several things"

func (e *RefError) ambiguous() bool { return e.Msg == ambiguous }

// RunByRef returns the run that a reference names: a run ID, a unique prefix
// of one, "latest", the name of a pipeline, which means its newest run, or
// PIPELINE@LABEL for the run in which a model got its label.
func (d *DB) RunByRef(ctx context.Context, ref string) (*Run, error) {
	return d.runByRef(ctx, ref, anyRun)
}

// EndedRunByRef is to RunByRef what ResolveEnded is to Resolve.
func (d *DB) EndedRunByRef(ctx context.Context, ref string) (*Run, error) {
	return d.runByRef(ctx, ref, endedRuns)
}

func (d *DB) runByRef(ctx context.Context, ref, which string) (_ *Run, err error) {
	defer func() { err = d.RefError("resolve in", err) }()
	id, err := d.resolveRun(ctx, ref, which)
	if err != nil {
		return nil, err
	}
	return d.Run(ctx, id)
}

func (d *DB) resolveRun(ctx context.Context, ref, which string) (id string, err error) {
	if strings.Contains(ref, "@") {
		found, err := d.modelByLabel(ctx, ref)
		return found.RunID, err
	}
	queries := []string{
		"SELECT id FROM runs WHERE id = ?1",
		"SELECT id FROM runs WHERE pipeline = ?1 AND " + which + " ORDER BY seq DESC LIMIT 1",
	}
	if ref == "latest" {
		queries = append(queries, "SELECT id FROM runs WHERE ?1 = 'latest' AND "+which+" ORDER BY seq DESC LIMIT 1")
	}
	for _, q := range queries {
		err := d.r.QueryRowContext(ctx, q, ref).Scan(&id)
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return id, err
		}
	}
	var like []string
	if len(ref) >= minPrefix {
		// Upper bound: the successor of every text that begins with ref.
		like, err = Collect(ctx, d.r, Scan[string], "SELECT id FROM runs WHERE id >= ?1 AND id < ?1 || char(0x10ffff) ORDER BY id LIMIT ?2", ref, MaxCandidates)
		if err != nil {
			return "", err
		}
	}
	switch len(like) {
	case 1:
		return like[0], nil
	case 0:
		pipelines, err := Collect(ctx, d.r, Scan[string], "SELECT DISTINCT pipeline FROM runs ORDER BY pipeline LIMIT ?", MaxCandidates)
		if err != nil {
			return "", err
		}
		if len(pipelines) == 0 {
			return "", &RefError{Ref: ref, Msg: "names nothing: there are no runs yet"}
		}
		return "", &RefError{Ref: ref, Msg: "is neither a run, nor a pipeline that was run, nor an artifact",
			Candidates: append([]string{"latest"}, pipelines...)}
	}
	return "", &RefError{Ref: ref, Msg: ambiguous, Candidates: like}
}

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef") == ""
}

func (d *DB) artifactsLike(ctx context.Context, ref string) ([]string, error) {
	if !isHex(ref) || len(ref) < minPrefix {
		return nil, nil
	}
	return Collect(ctx, d.r, Scan[string], "SELECT hash FROM artifacts WHERE hash >= ?1 AND hash < ?1 || 'g' ORDER BY hash LIMIT ?2", ref, MaxCandidates)
}

// resolveStage finds "STAGE" or "STAGE.PORT" in a run: the last attempt.
func (d *DB) resolveStage(ctx context.Context, ref, runID, name string) (Ref, error) {
	name = names.Canonical(name)
	stage, port := name, ""
	id, err := d.LastAttempt(ctx, runID, stage)
	if err == nil && id == 0 {
		if at := strings.LastIndexByte(name, '.'); at > strings.LastIndexByte(name, ']') && at > 0 {
			stage, port = name[:at], name[at+1:]
			id, err = d.LastAttempt(ctx, runID, stage)
		}
	}
	if err != nil {
		return Ref{}, err
	}
	if id == 0 {
		stages, err := Collect(ctx, d.r, Scan[string], "SELECT e.stage FROM executions e WHERE "+OfRun+" GROUP BY e.stage ORDER BY min(e.id)", runID)
		if err != nil {
			return Ref{}, err
		}
		some := names.Select(stage, stages)
		if len(some) != 1 {
			none := noStage(ref, runID, stage, stages, some)
			if len(some) == 0 {
				if none.Elsewhere, err = d.elsewhere(ctx, runID, stage, name); err != nil {
					return Ref{}, err
				}
			}
			return Ref{}, none
		}
		stage = some[0]
		if id, err = d.LastAttempt(ctx, runID, stage); err != nil {
			return Ref{}, err
		}
	}
	res := Ref{Execution: id, RunID: runID, Stage: stage, Port: port}
	if port == "" {
		return res, nil
	}
	outputs, err := d.outputs(ctx, id)
	if err != nil {
		return Ref{}, err
	}
	var ports []string
	for _, o := range outputs {
		if o.Port == port {
			res.Artifact = o.ID
			return res, nil
		}
		ports = append(ports, stage+"."+o.Port)
	}
	return Ref{}, &RefError{Ref: ref, Msg: fmt.Sprintf("names nothing: stage %s has no output %q in run %s", stage, port, runID), Candidates: ports}
}

// LastAttempt returns the execution that did the work of a stage, or 0.
func (d *DB) LastAttempt(ctx context.Context, runID, stage string) (id int64, err error) {
	err = d.r.QueryRowContext(ctx, "SELECT coalesce(e.cached_from, e.id) FROM executions e WHERE "+OfRun+" AND e.stage = ?2 ORDER BY e.attempt DESC LIMIT 1",
		runID, stage).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// modelByLabel finds what PIPELINE@LABEL means: the model that has the label,
// and the run in which it got it or, if that is forgotten, that made it.
func (d *DB) modelByLabel(ctx context.Context, ref string) (Ref, error) {
	pipeline, label, _ := strings.Cut(ref, "@")
	var model, runID string
	err := d.r.QueryRowContext(ctx, `SELECT p.model, coalesce((SELECT r.id FROM runs r WHERE r.id = p.run_id), e.run_id)
		FROM promotions_view p JOIN artifacts a ON a.hash = p.model JOIN models m ON m.artifact_id = a.id JOIN executions e ON e.id = m.execution_id
		WHERE p.pipeline = ? AND p.label = ? AND p.until IS NULL`, pipeline, label).Scan(&model, &runID)
	if errors.Is(err, sql.ErrNoRows) {
		held, err := Collect(ctx, d.r, Scan[string],
			"SELECT pipeline || '@' || label FROM promotions_view WHERE until IS NULL ORDER BY pipeline, label LIMIT ?", MaxCandidates)
		if err != nil {
			return Ref{}, err
		}
		return Ref{}, NoHolder(ref, held)
	}
	if err != nil {
		return Ref{}, err
	}
	id, err := artifacts.ParseID(model)
	return Ref{Artifact: id, RunID: runID}, err
}

// NoHolder says that no model has a label, and which labels there are.
func NoHolder(ref string, held []string) error {
	return &RefError{Ref: ref, Msg: "names nothing: no model has that label", Candidates: held, Next: "`pipe models` lists the models, `pipe promote MODEL --to LABEL` gives a label"}
}

// noStage says why a name means no stage of a run, or which it could mean.
func noStage(ref, runID, stage string, stages, some []string) *RefError {
	if len(some) > 0 {
		base, c, _ := names.SplitCase(strings.TrimSuffix(stage, "[*]"))
		what := "cases"
		if len(c) > 0 {
			what += " with " + c.String()
		}
		return &RefError{Ref: ref, Msg: fmt.Sprintf("names one of several: stage %q has %d %s in run %s", base, len(some), what, runID), Candidates: some}
	}
	if l, ok := names.Lacks(stage, stages); ok {
		if len(l.Valid) == 0 {
			base, _, _ := names.SplitCase(stage)
			l.Valid = names.Select(base, stages)
		}
		return &RefError{Ref: ref, Msg: fmt.Sprintf("names nothing: %s in run %s", l.Msg, runID), Candidates: l.Valid}
	}
	var bases []string
	for _, s := range stages {
		if base, _, _ := names.SplitCase(s); !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
	}
	return &RefError{Ref: ref, Msg: fmt.Sprintf("names nothing: run %s has no stage %q", runID, stage), Candidates: bases}
}

// elsewhere names a stage in the newest other run of the same pipeline that has it; empty
// if none has.
func (d *DB) elsewhere(ctx context.Context, runID, stage, name string) (string, error) {
	runs, err := Collect(ctx, d.r, Scan[string], `SELECT r.id FROM runs r JOIN executions e ON e.run_id = r.id
		WHERE r.pipeline = (SELECT pipeline FROM runs WHERE id = ?1) AND r.id <> ?1 AND e.stage = ?2 AND e.status IN ('succeeded', 'cached')
		ORDER BY r.seq DESC LIMIT 1`, runID, stage)
	if err != nil || len(runs) == 0 {
		return "", err
	}
	return runs[0] + "/" + name, nil
}
