package content

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/format"
	"pipe/data/table"
	"pipe/estimator"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
)

// A Form is how a table can be written.
type Form = table.Form

// EndingsText lists the forms with their endings.
func EndingsText() string {
	var parts []string
	for _, f := range table.Forms() {
		parts = append(parts, fmt.Sprintf("%s (%s)", f.Name, strings.Join(f.Endings, ", ")))
	}
	return strings.Join(parts, ", ")
}

// FormNames lists the forms.
func FormNames() []string {
	var names []string
	for _, f := range table.Forms() {
		names = append(names, f.Name)
	}
	return names
}

// FormNamed is the form of a name.
func FormNamed(name string) (Form, error) {
	forms := table.Forms()
	at := slices.IndexFunc(forms, func(f Form) bool { return f.Name == name })
	if at < 0 {
		return Form{}, diag.Unknown("form", name, FormNames())
	}
	return forms[at], nil
}

// TarEnding is that of a directory in one file.
const TarEnding = ".tar"

// An Artifact is an artifact that a reference names.
type Artifact struct {
	Ref  string
	ID   artifacts.ID
	Type pipeline.PortType
	Port string // of which it came; may be empty

	ending string // of its name, if that of its type is not right for what is in it
}

// IsTable says that an artifact has rows.
func (f Artifact) IsTable() bool { return format.Of(f.Type).Rows }

// IsFolder says that an artifact is a list of files.
func (f Artifact) IsFolder() bool { return format.Of(f.Type).Files }

// FileName is a name that is right for an artifact.
func (f Artifact) FileName() string {
	name := f.Port
	if name == "" {
		name = string(f.Type)
	}
	if f.IsTable() {
		return name + ".csv"
	}
	return name + cmp.Or(f.ending, format.Of(f.Type).Ending)
}

// named is an artifact with a name that is right for what is in it.
func named(ctx context.Context, w *workspace.Workspace, f Artifact) (Artifact, error) {
	if f.Type != pipeline.Model {
		return f, nil
	}
	file, err := w.Store.Open(ctx, f.ID)
	if err != nil {
		return f, nil // which is told where it is read
	}
	defer file.Close()
	head := make([]byte, min(file.Size(), estimator.HeadSize))
	if _, err := file.ReadAt(head, 0); err != nil && err != io.EOF {
		return f, err
	}
	f.ending = estimator.Ending(head)
	return f, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() || strings.HasSuffix(path, string(filepath.Separator))
}

// FormOf finds the form that a file is to have. That of anything but a table is
// empty: there is one, and a name that promises another is refused.
func (f Artifact) FormOf(path string) (Form, error) {
	ending := strings.ToLower(filepath.Ext(path))
	forms := table.Forms()
	at := slices.IndexFunc(forms, func(f Form) bool { return slices.Contains(f.Endings, ending) })
	switch {
	case f.IsTable() && isFolder(path):
		return Form{}, diag.Usage(diag.WithHint(fmt.Errorf("%s is a folder, and a table is one file", diag.Visible(path)),
			fmt.Sprintf("name the file: -o %s", diag.ShellWord(filepath.Join(path, f.FileName())))))
	case f.IsTable() && at < 0:
		return Form{}, diag.Usage(diag.WithHint(fmt.Errorf("%s says nothing of the form of a table", diag.Visible(path)), "the endings are "+EndingsText()))
	case f.IsTable():
		return forms[at], nil
	case at >= 0 && f.Type != pipeline.File:
		return Form{}, diag.Usage(diag.WithHint(fmt.Errorf("an artifact of type %s cannot be written as %s", f.Type, forms[at].Name), "write it as "+f.FileName()))
	}
	return Form{}, nil
}

// Write writes an artifact; the form is that of a table.
func (f Artifact) Write(ctx context.Context, w *workspace.Workspace, out io.Writer, form Form) (note string, err error) {
	if f.IsFolder() {
		return "", writeTar(ctx, w.Store, f.ID, out)
	}
	file, err := w.Store.Open(ctx, f.ID)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if form.Write == nil || form.Name == table.ArrowForm {
		_, err := io.Copy(out, infile.Reader(ctx, file))
		return "", err
	}
	r, err := table.Open(infile.ReaderAt(ctx, file), file.Size())
	if err != nil {
		return "", err
	}
	defer r.Close()
	return form.Write(out, r)
}

// mainOutput is the one output of an execution that is not aside.
func mainOutput(w *workspace.Workspace, e *lineage.Execution) (main lineage.Output, ok bool) {
	aside := func(port string) bool { return false }
	if k, known := w.Host().Registry().Lookup(e.Kind); known && len(e.Outputs) > 1 {
		aside = k.IsAside
	}
	for _, o := range e.Outputs {
		if aside(o.Port) {
			continue
		}
		if ok {
			return main, false
		}
		main, ok = o, true
	}
	return main, ok
}

// Find finds the one artifact that a reference means: an artifact, or
// the only output of a stage that is not aside.
func Find(ctx context.Context, w *workspace.Workspace, word string) (Artifact, error) {
	ref, err := w.DB.Resolve(ctx, word)
	if err != nil {
		return Artifact{}, err
	}
	if !ref.Artifact.IsZero() {
		art, err := w.DB.Artifact(ctx, ref.Artifact)
		if err != nil {
			return Artifact{}, err
		}
		return named(ctx, w, Artifact{Ref: word, ID: ref.Artifact, Type: pipeline.PortType(art.Type), Port: ref.Port})
	}
	var list []lineage.Execution
	if ref.Stage != "" {
		e, err := w.DB.Execution(ctx, ref.Execution)
		if err != nil {
			return Artifact{}, err
		}
		if o, ok := mainOutput(w, e); ok {
			return named(ctx, w, Artifact{Ref: word, ID: o.ID, Type: pipeline.PortType(o.Type), Port: o.Port})
		}
		list = append(list, *e)
	} else if list, err = w.DB.Executions(ctx, ref.RunID); err != nil {
		return Artifact{}, err
	}
	run, _, _ := strings.Cut(word, "/")
	var names []string
	for _, e := range list {
		for _, o := range e.Outputs {
			names = append(names, fmt.Sprintf("%s/%s.%s", run, e.Stage, o.Port))
		}
	}
	if len(names) == 0 {
		return Artifact{}, diag.Usage(diag.WithHint(fmt.Errorf("%s has no artifacts", word), "pipe show "+diag.ShellWord(word)+" says what became of it"))
	}
	return Artifact{}, diag.Usage(diag.WithHint(fmt.Errorf("%s is not one artifact", word), "its artifacts are "+strings.Join(slices.Compact(names), ", ")))
}
