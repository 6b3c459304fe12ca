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

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/format"
	"pipe/data/metric"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/csv"
	"pipe/pipeline"
	"pipe/pipeline/settings"
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
		if err := w.store(ctx, env, root, o); err != nil {
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
	room, measured := freeBytes(w.dir)
	var errs []error
	known := map[string]bool{}
	for _, o := range w.stage.Outputs {
		file := w.written(o)
		known[file] = true
		name := outputsDir + "/" + file
		info, err := os.Lstat(w.output(file))
		wantDir := format.Of(pipeline.PortType(o.Value)).Files
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
		case !wantDir && measured && info.Size() > room:
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
		if !known[e.Name()] {
			extra = append(extra, fmt.Sprintf("%s/%s", outputsDir, e.Name()))
		}
	}
	if len(extra) > 0 {
		errs = append(errs, diag.WithHint(fmt.Errorf("the command wrote what it did not declare: %s", strings.Join(extra, ", ")),
			"declare it in outputs, under this very name, or write it elsewhere"))
	}
	return errors.Join(errs...)
}

// written is the name of the file of an output: that of the port or, of a table,
// also with the ending that says what it holds.
func (w *workDir) written(o settings.Entry[OutputType]) string {
	if pipeline.PortType(o.Value) == pipeline.Table {
		for _, name := range []string{o.Key, o.Key + csvEnding, o.Key + ".arrow"} {
			if _, err := os.Lstat(w.output(name)); err == nil {
				return name
			}
		}
	}
	return o.Key
}

// csvEnding is that of a table as text, for inputs and outputs.
const csvEnding = ".csv"

// store copies one output of the folder root, in canonical form if its type
// has one.
func (w *workDir) store(ctx context.Context, env pipeline.Env, root *os.Root, o settings.Entry[OutputType]) error {
	t := pipeline.PortType(o.Value)
	if format.Of(t).Files {
		return env.CreateDir(o.Key, w.output(o.Key))
	}
	out, err := env.Create(o.Key)
	if err != nil {
		return err
	}
	name := w.written(o)
	f, err := infile.OpenIn(root, name)
	if err != nil {
		return err
	}
	defer f.Close()
	switch take := format.Of(t).Take; {
	case t == pipeline.Metrics:
		return w.storeMetrics(env, out, f)
	case t == pipeline.Table && w.stage.Rows:
		return w.storeRows(ctx, env, out, f, name)
	case t == pipeline.Table && strings.HasSuffix(name, csvEnding):
		return w.storeCSV(ctx, env, out, f, name, nil)
	case take != nil:
		return storeForeign(ctx, out, f, t, func(loss string) { env.Log().Warn(loss) })
	}
	_, err = io.Copy(out, infile.Reader(ctx, f))
	return err
}

// storeForeign stores what is written in any form in the form of its type.
func storeForeign(ctx context.Context, out io.Writer, f *os.File, t pipeline.PortType, loss func(string)) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	err = format.Of(t).Take(ctx, out, f, info.Size(), loss)
	if unknown := (*format.UnknownForm)(nil); errors.As(err, &unknown) && diag.HintOf(err) == "" {
		hint := "write an Arrow IPC file or stream, or declare the type file and let ingest read it"
		if t == pipeline.Table {
			hint = fmt.Sprintf("write an Arrow IPC file or stream; for CSV, name the file %s/%s%s", outputsDir, filepath.Base(f.Name()), csvEnding)
		}
		err = diag.WithHint(err, hint)
	}
	return err
}

// storeCSV reads CSV as an ingest stage without settings does, or as another file was read
// whose columns had some types.
func (w *workDir) storeCSV(ctx context.Context, env pipeline.Env, out source.Output, f *os.File, name string, types []cell.Typed) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	rows, err := csv.Usual().Open(ctx, source.Inputs{
		Files:    []*source.File{{ReaderAt: f, Size: info.Size(), Name: outputsDir + "/" + name}},
		Contract: cell.Contract{}.Again(types),
		Empty:    types != nil,
		Threads:  env.Threads(),
		Progress: env.Progress,
	})
	if err != nil {
		return err
	}
	defer rows.Close()
	if _, err := source.Write(ctx, out, rows); err != nil {
		return err
	}
	if types == nil {
		rows.Report(env.Log())
	}
	return nil
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
	// Others read what a stage has measured, with the report and in bundles.
	if text := string(data); w.mask.hide(text) != text {
		return diag.WithHint(errors.New("the metrics document holds the value of a secret"), "write there what was measured only")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return diag.WithHint(fmt.Errorf("not a metrics document: %w", err), `write a JSON object such as {"accuracy": 0.97}`)
	}
	for name, text := range members {
		var value *float64
		err := json.Unmarshal(text, &value)
		if isNumber := text[0] == '-' || text[0] >= '0' && text[0] <= '9'; isNumber && err != nil {
			env.Log().Warn("a metric is left out: its value is beyond all numbers", "metric", name, "value", string(text[:min(len(text), 40)]))
		}
		if err == nil && value != nil {
			m, _ := w.stage.Metrics.Get(name)
			env.Metric(name, *value, metric.Meaning{Goal: m.Goal})
			w.measured[name] = true
		}
	}
	_, err = out.Write(data)
	return err
}
