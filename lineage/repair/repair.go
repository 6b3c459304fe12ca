package repair

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/address"
	"pipe/base/glob"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
)

// A Repairer puts back what is missing.
type Repairer struct {
	Runner  *runner.Runner
	Plan    func(*lineage.Run) (*pipeline.Plan, error) // of a past run, as it was recorded
	Folders []string                                   // where external files may be, besides the folder that the run had
	// Allowed says why a stage of a run must not be executed, if that is so; nil allows all. The
	// plan may have no stage of the name that is recorded.
	Allowed func(run *lineage.Run, plan *pipeline.Plan, stage string) error

	done map[int64]error         // executions that were done again
	busy map[int64]bool          // executions whose inputs are being restored
	seen map[artifacts.ID]error  // artifacts that were looked after
	how  map[artifacts.ID]string // in which way
}

// Repair moves damaged objects into quarantine, and makes again what the
// database points at: a stage is executed again with the settings and inputs
// of its run, and an external file is read again if it still has its content.
// It notes in each finding what became of it. Nothing is written to the
// database: the artifacts are the same as before.
func (r *Repairer) Repair(ctx context.Context, rep *Report) error {
	r.done, r.busy = map[int64]error{}, map[int64]bool{}
	r.seen, r.how = map[artifacts.ID]error{}, map[artifacts.ID]string{}
	store := r.Runner.Store
	for _, f := range rep.Findings {
		if f.Missing {
			continue
		}
		path, err := store.Quarantine(ctx, f.ID)
		if err != nil {
			return err
		}
		f.Quarantine = path
	}
	for _, f := range rep.Findings {
		if !f.Needed {
			f.Repaired = "nothing needs it"
			continue
		}
		err := r.restore(ctx, f.ID, f.ListedBy)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			f.Lost = err.Error()
			continue
		}
		if err := store.Check(ctx, f.ID); err != nil {
			f.Lost = err.Error()
			continue
		}
		f.Repaired = r.how[f.ID]
		if f.Repaired == "" {
			f.Repaired = "it was there again"
		}
	}
	return nil
}

// restore sees to it that the store has an artifact. Damaged objects are out
// of the way by now, so one that is there is sound.
func (r *Repairer) restore(ctx context.Context, id artifacts.ID, listedBy []artifacts.ID) error {
	if _, err := r.Runner.Store.Stat(id); err == nil {
		return nil
	}
	if err, ok := r.seen[id]; ok {
		return err
	}
	err := r.find(ctx, id, listedBy)
	r.seen[id] = err
	return err
}

// find tries every way to get the bytes of an artifact.
func (r *Repairer) find(ctx context.Context, id artifacts.ID, listedBy []artifacts.ID) error {
	text, ok, err := r.Runner.DB.Spec(ctx, id)
	if err != nil {
		return err
	}
	if ok {
		return r.write(id, text)
	}
	var why []error
	for _, of := range append([]artifacts.ID{id}, listedBy...) {
		a, err := r.Runner.DB.Artifact(ctx, of)
		if err != nil {
			if of != id || len(listedBy) == 0 { // a file of a folder is known by the folder
				why = append(why, err)
			}
			continue
		}
		for _, use := range a.MadeBy {
			if err := r.remake(ctx, use.Execution); err != nil {
				if lost := (*lostInput)(nil); !errors.As(err, &lost) {
					err = fmt.Errorf("run %s, stage %s: %w", use.RunID, use.Stage, err)
				}
				why = append(why, err)
				continue
			}
			if _, err := r.Runner.Store.Stat(id); err == nil {
				r.how[id] = fmt.Sprintf("made again by stage %s of run %s", use.Stage, use.RunID)
				return nil
			}
			why = append(why, fmt.Errorf("run %s, stage %s: it makes other bytes now", use.RunID, use.Stage))
		}
		for _, use := range a.ReadBy {
			path, err := r.readAgain(ctx, id, use)
			if err == nil {
				r.how[id] = "read again from " + path
				return nil
			}
			if !errors.Is(err, errNoFile) {
				why = append(why, err)
			}
		}
	}
	if len(why) == 0 {
		return errors.New("no recorded execution made it")
	}
	return firstOf(why)
}

// firstOf keeps one reason of each text: a thousand runs share one.
func firstOf(why []error) error {
	var texts []string
	for _, err := range why {
		if !slices.Contains(texts, err.Error()) {
			texts = append(texts, err.Error())
		}
	}
	if more := len(texts) - 3; more > 0 {
		texts = append(texts[:3], fmt.Sprintf("and %d more reasons", more))
	}
	return &lostReasons{text: strings.Join(texts, "; "), errs: why}
}

// A lostReasons is a list of reasons in one line.
type lostReasons struct {
	text string
	errs []error
}

func (e *lostReasons) Error() string   { return e.text }
func (e *lostReasons) Unwrap() []error { return e.errs }

func (r *Repairer) write(id artifacts.ID, text string) error {
	if artifacts.Sum([]byte(text)) != id {
		return errors.New("the text in the database is another one")
	}
	w, err := r.Runner.Store.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	if _, _, err := w.Commit(); err != nil {
		return err
	}
	r.how[id] = "copied from the database, a pipeline file"
	return nil
}

// remake does an execution again, after its inputs.
func (r *Repairer) remake(ctx context.Context, execution int64) error {
	if err, ok := r.done[execution]; ok {
		return err
	}
	if r.busy[execution] {
		return errors.New("it needs itself")
	}
	r.busy[execution] = true
	defer delete(r.busy, execution)
	err := r.execute(ctx, execution)
	r.done[execution] = err
	return err
}

func (r *Repairer) execute(ctx context.Context, execution int64) error {
	rec, err := r.Runner.DB.Execution(ctx, execution)
	if err != nil {
		return err
	}
	run, err := r.Runner.DB.Run(ctx, rec.RunID)
	if err != nil {
		return err
	}
	plan, err := r.Plan(run)
	if err != nil {
		return err
	}
	if r.Allowed != nil {
		if err := r.Allowed(run, plan, rec.Stage); err != nil {
			return err
		}
	}
	for _, in := range rec.Inputs {
		if err := r.restoreInput(ctx, in); err != nil {
			if lost := (*lostInput)(nil); errors.As(err, &lost) {
				return lost // the root of it
			}
			return &lostInput{rec.Stage, in.Port, err}
		}
	}
	_, err = r.Runner.RecomputeExecution(ctx, plan, rec)
	return err
}

// restoreInput restores an artifact, and the files of a directory with it.
func (r *Repairer) restoreInput(ctx context.Context, in lineage.Input) error {
	err := r.restore(ctx, in.ID, nil)
	if err != nil || in.Type != string(pipeline.Directory) {
		return err
	}
	files, err := r.Runner.Store.Listed(ctx, in.ID)
	for _, f := range files {
		err = errors.Join(err, r.restore(ctx, f.ID, []artifacts.ID{in.ID}))
	}
	return err
}

// A lostInput is where a chain of executions that need each other begins.
type lostInput struct {
	stage, port string
	err         error
}

func (e *lostInput) Error() string {
	return fmt.Sprintf("input %s of stage %s is lost: %v", e.port, e.stage, e.err)
}
func (e *lostInput) Unwrap() error { return e.err }

// errNoFile: the input came from a stage.
var errNoFile = errors.New("not an external file")

// readAgain takes an external file into the store, if it still has the bytes
// that it had.
func (r *Repairer) readAgain(ctx context.Context, id artifacts.ID, use lineage.Use) (string, error) {
	rec, err := r.Runner.DB.Execution(ctx, use.Execution)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(rec.Inputs, func(in lineage.Input) bool { return in.Port == use.Port && in.Path != "" })
	if at < 0 {
		return "", errNoFile
	}
	run, err := r.Runner.DB.Run(ctx, rec.RunID)
	if err != nil {
		return "", err
	}
	in := rec.Inputs[at]
	if address.Is(in.Path) {
		return in.Path, r.download(ctx, run, rec.Stage, in)
	}
	names, err := r.namesOf(ctx, in, id)
	if err != nil {
		return "", err
	}
	for _, folder := range append([]string{filepath.Dir(run.File)}, r.Folders...) {
		for _, path := range names {
			if !filepath.IsAbs(path) {
				path = filepath.Join(folder, path)
			}
			if got, _, err := artifacts.HashFile(ctx, path); err != nil || got != id {
				continue
			}
			return path, r.copyFile(ctx, path, id)
		}
	}
	return "", fmt.Errorf("the file %s has other bytes now, or is gone", names[0])
}

// download gets a file again from the server that had it.
func (r *Repairer) download(ctx context.Context, run *lineage.Run, stage string, in lineage.Input) error {
	plan, err := r.Plan(run)
	if err != nil {
		return err
	}
	step := plan.Step(stage)
	if step == nil {
		return fmt.Errorf("the recorded pipeline has no stage %q", stage)
	}
	at := slices.IndexFunc(step.Files, func(f pipeline.FileInput) bool { return f.Port == in.Port && f.Address != nil && f.Artifact == in.ID })
	if at < 0 {
		return fmt.Errorf("the recorded pipeline has no address of the input %s", in.Port)
	}
	return r.Runner.Download(ctx, step, step.Files[at])
}

// namesOf lists where an external input may have had an artifact: at its path or,
// of a folder or a pattern, where the manifest says that there was such a file.
func (r *Repairer) namesOf(ctx context.Context, in lineage.Input, id artifacts.ID) ([]string, error) {
	if in.Type != string(pipeline.Directory) {
		return []string{in.Path}, nil
	}
	if in.ID == id {
		return nil, fmt.Errorf("the list of the files of %s is gone", in.Path)
	}
	files, err := r.Runner.Store.Listed(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		if f.ID != id {
			continue
		}
		names = append(names, filepath.Join(in.Path, filepath.FromSlash(f.Path)))
		if p, err := glob.Parse(in.Path); err == nil {
			names = append(names, filepath.Join(p.Folder, filepath.FromSlash(f.Path)))
		}
	}
	if len(names) == 0 {
		return nil, errNoFile
	}
	return names, nil
}

func (r *Repairer) copyFile(ctx context.Context, path string, id artifacts.ID) error {
	f, err := infile.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := r.Runner.Store.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := io.Copy(w, infile.Reader(ctx, f)); err != nil {
		return err
	}
	got, _, err := w.Commit()
	if err == nil && got != id {
		err = fmt.Errorf("%s changed while it was read", path)
	}
	return err
}
