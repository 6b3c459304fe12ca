package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/feature"
	"pipe/estimator"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/workspace"
)

// Check finds what is wrong with the files that a request brings along, before there
// is a store for them.
func (r *Request) Check() error {
	if err := r.checkHeaders(); err != nil {
		return err
	}
	if r.Transform == "" {
		return nil
	}
	if r.Model == "" {
		return diag.Usage(diag.WithHint(errors.New("a transform is named, and no model"),
			"name the file of the model that was trained behind it, as pipe get writes it: --model model.safetensors, or model.json of trees"))
	}
	return errors.Join(
		checkFile(r.Model, "pipe get MODEL -o model.safetensors, or model.json of trees", func(f *os.File, size int64) error {
			_, err := estimator.Read(f, size)
			return err
		}),
		checkFile(r.Transform, "pipe get RUN/STAGE.transform -o transform.json", func(f *os.File, _ int64) error {
			_, err := feature.ReadTransform(f, feature.All())
			return err
		}))
}

func (r *Request) checkHeaders() error {
	err := (&pipeline.Download{HeaderEnv: r.Headers}).Check(r.files())
	var field *settings.FieldError
	if errors.As(err, &field) {
		return diag.Usage(diag.WithHint(fmt.Errorf("--header-env: %w", field.Err), strings.Replace(field.Todo, "{Authorization: Bearer TOKEN}", "'Authorization: Bearer TOKEN'", 1)))
	}
	return err
}

// files are those that are read.
func (r *Request) files() []string {
	files := []string{r.File}
	for _, l := range r.Tables {
		files = append(files, l.File)
	}
	return files
}

// checkFile checks a file, which a command writes.
func checkFile(path, command string, check func(f *os.File, size int64) error) error {
	f, err := infile.Open(path)
	if err == nil {
		defer f.Close()
		var info os.FileInfo
		if info, err = f.Stat(); err == nil {
			if err = check(f, info.Size()); err != nil {
				err = fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if err != nil && diag.HintOf(err) == "" {
		err = diag.WithHint(err, "with --transform, transform and model are files; this one is written by "+command)
	}
	return err
}

// brought is the model and the transform of a request that are files, perhaps of
// another store. They become artifacts.
func brought(ctx context.Context, w *workspace.Workspace, req Request) (registry.Model, *past, error) {
	m, p := registry.Model{Pipeline: "files"}, new(past)
	if err := req.Check(); err != nil {
		return m, nil, err
	}
	var err error
	if p.transform, err = keep(ctx, w, req.Transform); err != nil {
		return m, nil, err
	}
	if m.ID, err = keep(ctx, w, req.Model); err != nil {
		return m, nil, err
	}
	return m, p, p.learned(ctx, w)
}

// keep makes an artifact of what a file holds.
func keep(ctx context.Context, w *workspace.Workspace, path string) (artifacts.ID, error) {
	file, err := w.Store.Copy(ctx, path)
	if err != nil {
		return artifacts.ID{}, err
	}
	defer file.Discard()
	id, _, err := file.Commit()
	return id, err
}
