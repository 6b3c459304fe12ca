package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/format"
	"pipe/data/table"
	"pipe/pipeline"
)

// The folders of the work folder.
const (
	inputsDir  = "inputs"
	outputsDir = "outputs"
	homeDir    = "home" // HOME and TMPDIR
)

// A workDir is the folder that a command runs in.
type workDir struct {
	stage  *Exec
	mask   *mask
	dir    string // absolute
	home   string
	inputs map[string]string // by port, the absolute path of what the command reads

	measured map[string]bool // metrics that the command has written

	rowsPort string   // of the table whose rows the command reads one by one
	sample   *os.File // a table in place of it
	made     *os.File // the table that has a row for each
}

func newWorkDir(dir string, s *Exec, m *mask) (*workDir, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w := &workDir{stage: s, mask: m, dir: dir, home: filepath.Join(dir, homeDir), inputs: map[string]string{}, measured: map[string]bool{}}
	for _, name := range []string{inputsDir, outputsDir, homeDir} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// output is where the command writes an output.
func (w *workDir) output(port string) string { return filepath.Join(w.dir, outputsDir, port) }

// layInputs writes the connected inputs and the external files.
func (w *workDir) layInputs(ctx context.Context, env pipeline.Env) error {
	files := map[string]string{} // path in the work folder, by port
	for _, f := range w.stage.Files {
		files[portOf(f)] = filepath.FromSlash(placeOf(f))
	}
	var connected []string
	for _, port := range env.Inputs() {
		if _, ok := files[port]; !ok {
			connected = append(connected, port)
		}
	}
	if a, b, clash := clashing(connected); clash {
		return fmt.Errorf("the inputs %q and %q have the same variable %s", a, b, portVariable("PIPE_INPUT_", a))
	}
	for _, f := range w.stage.Formats {
		if !slices.Contains(connected, f.Key) {
			return unknownFormat(f.Key, connected)
		}
	}
	for _, port := range connected {
		if err := w.layInput(ctx, env, port); err != nil {
			return err
		}
	}
	for _, f := range w.stage.Files {
		if folder, several := f.Folder(); several {
			if err := layDir(ctx, env, portOf(f), filepath.Join(w.dir, filepath.FromSlash(folder))); err != nil {
				return fmt.Errorf("files: %s: %w", f, err)
			}
			continue
		}
		if err := w.layFile(ctx, env, portOf(f), files[portOf(f)]); err != nil {
			return err
		}
	}
	return nil
}

// unknownFormat explains an entry of formats that is no input.
func unknownFormat(port string, connected []string) error {
	err := fmt.Errorf("formats: %q is not connected; the inputs are %s", port, strings.Join(connected, ", "))
	if len(connected) == 0 {
		err = fmt.Errorf("formats: %q is not connected; the stage has no inputs", port)
	}
	return diag.WithHint(err, "formats is for inputs; a table among the outputs is Arrow, or CSV if its file is named outputs/NAME.csv")
}

var arrowMagic = []byte("ARROW1\x00\x00")

// layInput writes one input in the form that the command wants. What a file
// holds only its bytes tell: with the magic of Arrow it is named like a table.
func (w *workDir) layInput(ctx context.Context, env pipeline.Env, port string) error {
	in, err := env.Open(port)
	if err != nil {
		return err
	}
	defer in.Close()
	wrap := func(err error) error {
		if err == nil {
			err = in.Verify() // before a program acts on it
		}
		if err == nil {
			return nil
		}
		return fmt.Errorf("input %q (%s): %w", port, in.Name, err)
	}
	path := filepath.Join(w.dir, inputsDir, port)
	as, _ := w.stage.Formats.Get(port)
	if w.sample != nil && port == w.rowsPort {
		return w.laySample(ctx, path, as)
	}
	isArrow := in.Type == pipeline.File
	if isArrow {
		start := make([]byte, len(arrowMagic))
		if _, err := in.ReadAt(start, 0); err != nil && err != io.EOF {
			return wrap(err)
		}
		isArrow = bytes.Equal(start, arrowMagic)
	}
	switch of := format.Of(in.Type); {
	case as == CSV:
		w.inputs[port] = path + csvEnding
		return wrap(writeCSV(ctx, w.inputs[port], in, in.Size()))
	case of.Files:
		w.inputs[port] = path
		return wrap(layDir(ctx, env, port, path))
	case of.Rows, isArrow:
		w.inputs[port] = path + ".arrow"
		return wrap(writeFile(ctx, w.inputs[port], in, 0o666))
	default:
		w.inputs[port] = path
		return wrap(writeFile(ctx, path, in, 0o666))
	}
}

func layDir(ctx context.Context, env pipeline.Env, port, path string) error {
	dir, err := env.OpenDir(port)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Extract(ctx, path)
}

func (w *workDir) layFile(ctx context.Context, env pipeline.Env, port, name string) error {
	in, err := env.Open(port)
	if err != nil {
		return err
	}
	defer in.Close()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	// Executable, so that scripts can be called by their name.
	if err := writeFile(ctx, path, in, 0o777); err != nil {
		return err
	}
	return in.Verify()
}

// writeFile makes a file that must not exist yet.
func writeFile(ctx context.Context, path string, r io.Reader, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, infile.Reader(ctx, r))
	return errors.Join(err, f.Close())
}

func writeCSV(ctx context.Context, path string, in io.ReaderAt, size int64) error {
	r, err := table.Open(in, size)
	if err != nil {
		return diag.WithHint(err, "the format csv is for tables and data sets")
	}
	defer r.Close()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(table.WriteCSV(contextWriter{ctx, f}, r), f.Close())
}

// A contextWriter stops a long copy when its context ends.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w contextWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}
