package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/replay"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// An again is how new rows go through a stage that rows of training went through: what
// the command writes as text has the types that it had.
type again struct {
	types, dates settings.Map[string] // of the columns
}

// Again is the stage for new rows, whose columns have types, and dates formats, if they are
// written as text. They are not checked again.
func (s *Exec) Again(types, dates settings.Map[string]) pipeline.Stage {
	next := *s
	next.again = &again{types, dates}
	return &next
}

// CommandLine is what the stage runs, for people.
func (s *Exec) CommandLine() string {
	if s.Shell != "" {
		return "sh -c " + strconv.Quote(s.Shell)
	}
	words := make([]string, len(s.Command))
	for i, word := range s.Command {
		if words[i] = word; word == "" || strings.ContainsAny(word, " \t\n\"'\\$") {
			words[i] = strconv.Quote(word)
		}
	}
	return strings.Join(words, " ")
}

// RowWise says whether the command makes one row of each.
func (s *Exec) RowWise() bool { return s.Rows }

// keyPart is what of it is in no setting.
func (a *again) keyPart() artifacts.KeyPart {
	text, err := json.Marshal([]settings.Map[string]{a.types, a.dates})
	if err != nil {
		panic(err) // texts have a JSON form
	}
	return artifacts.KeyPart{Name: "again", Value: string(text)}
}

// typed are the types, nil if these are to be found out.
func (a *again) typed() (list []cell.Typed) {
	if a == nil {
		return nil
	}
	for _, e := range a.types {
		t := cell.Typed{Name: e.Key, Type: cell.TypeOf(e.Value)}
		if text, ok := a.dates.Get(e.Key); ok {
			if l, _, err := cell.ParseLayout(text); err == nil && l.Fits(t.Type) {
				t.Layout = l
			}
		}
		list = append(list, t)
	}
	return list
}

// rowsPort is the input whose rows the command reads one by one: the only table.
func (s *Exec) rowsPort(from pipeline.Sources) (string, error) {
	var tables []string
	for _, port := range s.connected(from) {
		in, err := from.Open(port)
		if err != nil {
			return "", err
		}
		if in.Type == pipeline.Table {
			tables = append(tables, port)
		}
		in.Close()
	}
	if len(tables) != 1 {
		return "", diag.WithHint(fmt.Errorf("rows: true needs one table whose rows the command reads, and %d of its inputs are tables", len(tables)),
			"connect one table; what else the command needs can be a file: in `files`, or an output of type file or directory")
	}
	return tables[0], nil
}

// connected are the inputs that are no files which the settings name.
func (s *Exec) connected(from pipeline.Sources) (ports []string) {
	var files []string
	for _, f := range s.Files {
		files = append(files, portOf(f))
	}
	for _, port := range from.Inputs() {
		if !slices.Contains(files, port) {
			ports = append(ports, port)
		}
	}
	return ports
}

// laySample writes the rows that stand for all of them.
func (w *workDir) laySample(ctx context.Context, path string, as Format) error {
	info, err := w.sample.Stat()
	if err != nil {
		return err
	}
	if as == CSV {
		w.inputs[w.rowsPort] = path + csvEnding
		return writeCSV(ctx, path+csvEnding, w.sample, info.Size())
	}
	w.inputs[w.rowsPort] = path + ".arrow"
	return writeFile(ctx, path+".arrow", io.NewSectionReader(w.sample, 0, info.Size()), 0o666)
}

// aside is a file in place of an output.
type aside struct{ *os.File }

// Reset implements pipeline.Output.
func (f aside) Reset() {
	// An error shows again when the file is read.
	_ = f.Truncate(0)
	_, _ = f.Seek(0, io.SeekStart)
}

// close lets go of what was put aside.
func (w *workDir) close() {
	if w.made != nil {
		w.made.Close()
	}
}

// openAside opens a table that was put aside.
func openAside(f *os.File) (*table.Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return table.Open(f, info.Size())
}

// takeRows puts a table that the command wrote aside, in the form of tables.
func (w *workDir) takeRows(ctx context.Context, env pipeline.Env, from *os.File, name string, types []cell.Typed, loss func(string)) (*os.File, error) {
	f, err := os.Create(filepath.Join(w.dir, "made"))
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(name, csvEnding) {
		err = w.storeCSV(ctx, env, aside{f}, from, name, types)
	} else {
		err = storeForeign(ctx, f, from, pipeline.Table, loss)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// storeRows stores a table that has a row for each of the input, with what these went
// through, and the command.
func (w *workDir) storeRows(ctx context.Context, env pipeline.Env, out pipeline.Output, f *os.File, name string) (err error) {
	in, err := env.Open(w.rowsPort)
	if err != nil {
		return err
	}
	defer in.Close()
	from, err := table.Open(in, in.Size())
	if err != nil {
		return err
	}
	defer from.Close()
	types := w.stage.again.typed()
	if types == nil && from.NumRows() == 0 {
		types = []cell.Typed{}
	}
	if w.made, err = w.takeRows(ctx, env, f, name, types, func(loss string) { env.Log().Warn(loss) }); err != nil {
		return err
	}
	made, err := openAside(w.made)
	if err != nil {
		return err
	}
	defer made.Close()
	if made.NumRows() != from.NumRows() {
		return diag.WithHint(fmt.Errorf("the command read %d rows and wrote %d", from.NumRows(), made.NumRows()), notRowWise)
	}
	step, err := w.stage.step(env, w.rowsPort, from)
	if err != nil {
		return err
	}
	schema, err := replay.Carry(from.Schema(), made.Schema(), replay.Step{Program: step})
	if err != nil {
		return err
	}
	tw, err := table.NewWriter(out, schema)
	if err != nil {
		return err
	}
	defer tw.Discard()
	for rec, err := range made.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := tw.Write(array.NewRecordBatch(schema, rec.Columns(), rec.NumRows())); err != nil {
			return err
		}
	}
	return tw.Close()
}

const notRowWise = "`rows: true` is for a command that makes one row of each that it reads, in their order, and of that row alone; if it makes them of the rows of a group, name the column, as in `group: customer`; what it learns of all rows, such as codes of categories or a mean, is for `preprocess`, or for a file that another stage makes of training rows; remove `rows: true` if it does something else"

// step is what rows go through, for those who want others to go through it.
func (s *Exec) step(env pipeline.Env, rows string, from *table.Reader) (*replay.Program, error) {
	step := &replay.Program{Settings: settings.Brief(s), Columns: replay.ColumnsOf(from.Schema()), Group: s.Group, Inputs: map[string]string{}}
	for _, port := range env.Inputs() {
		if port == rows {
			continue
		}
		in, err := env.Open(port)
		if err != nil {
			return nil, err
		}
		step.Inputs[port] = in.ID().String()
		in.Close()
	}
	return step, nil
}

// TraceRows implements pipeline.RowTracer.
func (s *Exec) TraceRows(_ context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	if !s.Rows {
		return nil, nil
	}
	port, err := s.rowsPort(env)
	if err != nil {
		return nil, err
	}
	for _, o := range s.Outputs {
		if pipeline.PortType(o.Value) == pipeline.Table {
			return pipeline.SameRows(o.Key, port), nil
		}
	}
	return nil, nil
}

// MixesRows implements pipeline.RowMixer: the others of its group are in a row.
func (s *Exec) MixesRows() bool { return s.Group != "" }

// openWritten opens what the command has written as an output.
func (w *workDir) openWritten(name string) (*os.File, error) {
	root, err := os.OpenRoot(filepath.Join(w.dir, outputsDir))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return infile.OpenIn(root, name)
}
