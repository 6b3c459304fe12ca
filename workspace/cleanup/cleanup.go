// Package cleanup says which old runs and artifacts a store no longer needs, and
// deletes them.
package cleanup

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/clean"
	"pipe/workspace"
)

// A Plan is what the retention rules of a store no longer keep.
type Plan struct {
	Artifacts       []Garbage `json:"artifacts"` // the largest first
	Bytes           int64     `json:"bytes"`
	CheckpointBytes int64     `json:"checkpoint_bytes"`
	Checkpoints     int       `json:"checkpoints"` // of unfinished work that nobody is likely to take up again
	Deleted         bool      `json:"deleted"`
	KeptRuns        int       `json:"kept_runs"`
	LogBytes        int64     `json:"log_bytes"`
	Logs            int       `json:"logs"` // runs whose logs go
	Runs            []Run     `json:"runs"`
	Swept           *Swept    `json:"swept,omitempty"` // what was deleted, once it is

	w    *workspace.Workspace
	rule clean.Retention
	rows *clean.Choice
	logs []string // run IDs of those that are counted
}

// A Garbage is an artifact that can go.
type Garbage struct {
	ID      artifacts.ID `json:"id"`
	Name    string       `json:"name"`
	Type    string       `json:"type"`
	Size    int64        `json:"size"`
	LastUse time.Time    `json:"last_use"`
}

// A Run is one that can be forgotten.
type Run struct {
	ID       string         `json:"run"`
	Pipeline string         `json:"pipeline"`
	Status   lineage.Status `json:"status"`
	Started  time.Time      `json:"started_at"`
}

// Swept counts what was deleted.
type Swept struct {
	Artifacts  int   `json:"artifacts"`
	Bytes      int64 `json:"bytes"`
	Executions int   `json:"executions"`
	Temps      int   `json:"temps"`
	Waiting    int   `json:"waiting"` // executions that a run that goes on may still use, which go next time
}

// New finds out what would go: rows by the retention rule of the store, bytes by
// what the store would sweep after that. Nothing is deleted.
func New(ctx context.Context, w *workspace.Workspace) (*Plan, error) {
	c, err := w.Config()
	if err != nil {
		return nil, err
	}
	p := &Plan{Artifacts: []Garbage{}, Runs: []Run{}, w: w, rule: c.Retention.Rule()}
	if p.rows, err = clean.Choose(ctx, w.DB, p.rule); err != nil {
		return nil, err
	}
	p.KeptRuns = p.rows.Kept
	for _, r := range p.rows.Runs {
		p.Runs = append(p.Runs, Run(r))
	}
	live, err := w.DB.Referenced(ctx)
	if err != nil {
		return nil, err
	}
	known := map[artifacts.ID]clean.Garbage{}
	for _, x := range p.rows.Artifacts {
		known[x.ID] = x
		delete(live, x.ID)
	}
	garbage, err := w.Store.Garbage(ctx, func(id artifacts.ID) bool { return live[id] })
	if err != nil {
		return nil, err
	}
	for _, info := range garbage {
		x, ok := known[info.ID]
		if !ok {
			x = clean.Garbage{ID: info.ID, Name: "(no run refers to it)", LastUse: info.ModTime}
		}
		x.Size = info.Size
		p.Bytes += info.Size
		p.Artifacts = append(p.Artifacts, Garbage(x))
	}
	slices.SortStableFunc(p.Artifacts, func(a, b Garbage) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Name, b.Name))
	})
	return p, errors.Join(p.planLogs(ctx), p.planCheckpoints(ctx))
}

// planCheckpoints counts the checkpoints that would go.
func (p *Plan) planCheckpoints(ctx context.Context) error {
	list, made, err := p.checkpoints(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if !p.keeps(c, made) && time.Since(c.Saved) > artifacts.Grace && !p.w.Store.Claimed(c.Name) {
			p.Checkpoints++
			p.CheckpointBytes += c.Size
		}
	}
	return nil
}

// checkpoints lists them, and tells of which the work has been done since.
func (p *Plan) checkpoints(ctx context.Context) (list []artifacts.CheckpointInfo, made map[artifacts.Key]bool, err error) {
	if list, err = p.w.Store.Checkpoints(); err != nil {
		return nil, nil, err
	}
	var keys []artifacts.Key
	for _, c := range list {
		if key, err := artifacts.ParseKey(c.Name); err == nil {
			keys = append(keys, key)
		}
	}
	made, err = p.w.DB.Made(ctx, keys)
	return list, made, err
}

// keeps says to keep a checkpoint as long as the failed run that it is of, unless
// the work has been done since then.
func (p *Plan) keeps(c artifacts.CheckpointInfo, made map[artifacts.Key]bool) bool {
	key, err := artifacts.ParseKey(c.Name)
	return err == nil && !made[key] && time.Since(c.Saved) <= p.rule.FailedAge
}

// sweepCheckpoints deletes those that planCheckpoints counts.
func (p *Plan) sweepCheckpoints(ctx context.Context) error {
	_, made, err := p.checkpoints(ctx)
	if err != nil {
		return err
	}
	// One that is saved from here on is of work that is under way.
	removed, err := p.w.Store.SweepCheckpoints(ctx, func(c artifacts.CheckpointInfo) bool { return p.keeps(c, made) })
	p.Checkpoints, p.CheckpointBytes = len(removed), 0
	for _, c := range removed {
		p.CheckpointBytes += c.Size
	}
	return err
}

// Execute deletes it: rows first, since a crash after that leaves bytes that the
// next one sweeps, and never a row without its bytes.
func (p *Plan) Execute(ctx context.Context) error {
	rows, err := clean.Forget(ctx, p.w.DB, p.rows)
	if err != nil {
		return err
	}
	live, err := p.w.DB.Referenced(ctx)
	if err != nil {
		return err
	}
	swept, err := p.w.Store.Sweep(ctx, func(id artifacts.ID) bool { return live[id] })
	if p.Deleted = err == nil; p.Deleted {
		p.Swept = &Swept{Artifacts: swept.Objects, Bytes: swept.Bytes, Executions: rows.Executions, Temps: swept.Temps, Waiting: rows.Waiting}
	}
	return errors.Join(err, p.sweepCheckpoints(ctx), p.sweepLogs(ctx))
}
