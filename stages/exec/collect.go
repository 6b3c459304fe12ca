package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"pipe/diag"
	"pipe/infile"
	"pipe/pipeline"
	"pipe/table"
)

// maxMetrics bounds a metrics document, which is read into memory.
const maxMetrics = 16 << 20

// collect stores what the command wrote, after a look at the whole: a command
// that wrote something else than it declared has a mistake somewhere.
func (w *workDir) collect(ctx context.Context, env pipeline.Env) error {
	if err := w.checkOutputs(); err != nil {
		return err
	}
	root, err := os.OpenRoot(filepath.Join(w.dir, outputsDir))
	if err != nil {
		return err
	}
	defer root.Close()
	for _, o := range w.stage.Outputs {
		if err := w.store(ctx, env, root, o.Key, pipeline.PortType(o.Value)); err != nil {
			return fmt.Errorf("output %q: %w", o.Key, err)
		}
	}
	for _, m := range w.stage.Metrics {
		if !w.measured[m.Key] {
			env.Log().Warn("the command did not write a metric that the settings name", "metric", m.Key)
		}
	}
	return nil
}

func (w *workDir) checkOutputs() error {
	// Everything below depends on it: through a link in its place, files of
	// the machine would be taken for outputs.
	if info, err := os.Lstat(filepath.Join(w.dir, outputsDir)); err != nil || !info.IsDir() {
		return diag.WithHint(fmt.Errorf("the command removed the folder %s, or put something else in its place", outputsDir),
			"write the outputs into the folder that is there")
	}
	room, known := freeBytes(w.dir)
	var errs []error
	for _, o := range w.stage.Outputs {
		name := outputsDir + "/" + o.Key
		info, err := os.Lstat(w.output(o.Key))
		wantDir := pipeline.PortType(o.Value) == pipeline.Directory
		switch {
		case errors.Is(err, os.ErrNotExist):
			errs = append(errs, diag.WithHint(fmt.Errorf("the command did not write its output %s", name),
				fmt.Sprintf("its full path is in the variable %s", portVariable("PIPE_OUTPUT_", o.Key))))
		case err != nil:
			errs = append(errs, err)
		case wantDir && !info.IsDir():
			errs = append(errs, fmt.Errorf("%s is declared as a directory, but is not a folder", name))
		case !wantDir && info.IsDir():
			errs = append(errs, diag.WithHint(fmt.Errorf("%s is a folder, but declared as %s", name, o.Value), "declare it as directory"))
		case !wantDir && !info.Mode().IsRegular():
			errs = append(errs, diag.WithHint(fmt.Errorf("%s is not a regular file but %s", name, infile.TypeName(info.Mode())),
				"write the bytes themselves: what a link or a device stands for may be different tomorrow"))
		case !wantDir && known && info.Size() > room:
			errs = append(errs, diag.WithHint(fmt.Errorf("%s has %d bytes, and only %d are free on the disk of the store", name, info.Size(), room),
				"free some space, for example with `pipe gc`, or write less"))
		}
	}
	entries, err := os.ReadDir(filepath.Join(w.dir, outputsDir))
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	var extra []string
	for _, e := range entries {
		if _, ok := w.stage.Outputs.Get(e.Name()); !ok {
			extra = append(extra, fmt.Sprintf("%s/%s", outputsDir, e.Name()))
		}
	}
	if len(extra) > 0 {
		errs = append(errs, diag.WithHint(fmt.Errorf("the command wrote what it did not declare: %s", strings.Join(extra, ", ")),
			"declare it in outputs, under this very name, or write it elsewhere"))
	}
	return errors.Join(errs...)
}

// store copies one output of the folder root, in canonical form if its type
// has one.
func (w *workDir) store(ctx context.Context, env pipeline.Env, root *os.Root, name string, t pipeline.PortType) error {
	if t == pipeline.Directory {
		return env.CreateDir(name, w.output(name))
	}
	out, err := env.Create(name)
	if err != nil {
		return err
	}
	f, err := infile.OpenIn(root, name)
	if err != nil {
		return err
	}
	defer f.Close()
	switch t {
	case pipeline.Table, pipeline.Dataset:
		return storeTable(ctx, env, out, f, t)
	case pipeline.Metrics:
		return w.storeMetrics(env, out, f)
	}
	_, err = io.Copy(out, infile.Reader(ctx, f))
	return err
}

// storeTable writes Arrow of any form as a table. It fails on types that no
// column of a table can stand for.
func storeTable(ctx context.Context, env pipeline.Env, out io.Writer, f *os.File, t pipeline.PortType) error {
	const hint = "write an Arrow IPC file or stream, or declare the type file and let ingest read it"
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := table.OpenForeign(f, info.Size())
	if err != nil {
		if diag.HintOf(err) == "" {
			err = diag.WithHint(err, hint)
		}
		return err
	}
	if t == pipeline.Dataset {
		if _, err := table.DatasetInfoOf(r.Schema()); err != nil {
			return err
		}
	}
	return r.WriteTable(ctx, out, func(loss string) { env.Log().Warn(loss) })
}

// storeMetrics keeps a metrics document and records its numbers.
func (w *workDir) storeMetrics(env pipeline.Env, out io.Writer, f *os.File) error {
	data, err := io.ReadAll(io.LimitReader(f, maxMetrics+1))
	if err != nil {
		return err
	}
	if len(data) > maxMetrics {
		return fmt.Errorf("a metrics document has at most %d bytes", maxMetrics)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return diag.WithHint(fmt.Errorf("not a metrics document: %w", err), `write a JSON object such as {"accuracy": 0.97}`)
	}
	for name, text := range members {
		var value *float64
		if json.Unmarshal(text, &value) == nil && value != nil {
			m, _ := w.stage.Metrics.Get(name)
			env.Metric(name, *value, m.Goal)
			w.measured[name] = true
		}
	}
	_, err = out.Write(data)
	return err
}
