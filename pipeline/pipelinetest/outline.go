package pipelinetest

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/infile"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// checkOutline holds what a stage says of its columns before it runs against what came
// out: with inputs of which all is known, and with those of which only the names are.
func checkOutline(ctx context.Context, t testing.TB, stage pipeline.Stage, c Case, made map[string][]byte) {
	t.Helper()
	o, ok := stage.(pipeline.Outliner)
	if !ok {
		return
	}
	for _, known := range []bool{true, false} {
		told, err := o.Outline(ctx, outlines{t, stage, c, known})
		if err != nil {
			t.Errorf("stage of kind %q found before it ran what was no error (types known: %v): %v", c.Kind.Name, known, err)
			continue
		}
		for _, port := range slices.Sorted(maps.Keys(told)) {
			got := columnsOf(made[port])
			if told[port] == nil || got == nil {
				continue
			}
			want := told[port].Fields()
			same := slices.EqualFunc(want, got.Fields(), func(a, b arrow.Field) bool {
				return a.Name == b.Name && (a.Type == nil || arrow.TypeEqual(a.Type, b.Type))
			})
			if !same {
				t.Errorf("stage of kind %q said of %q (types known: %v) %v, but it is %v", c.Kind.Name, port, known, want, got.Fields())
			}
		}
	}
}

// columnsOf are those of a table; nil if it is none.
func columnsOf(data []byte) *arrow.Schema {
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	defer r.Close()
	return r.Schema()
}

// outlines are those of the inputs of a case.
type outlines struct {
	t     testing.TB
	stage pipeline.Stage
	c     Case
	known bool
}

func (o outlines) Ports() []string {
	ports := slices.Collect(maps.Keys(o.c.Inputs))
	return slices.Sorted(slices.Values(slices.AppendSeq(ports, maps.Keys(o.c.Dirs))))
}

func (o outlines) Columns(port string) *table.Outline {
	schema := columnsOf(o.c.Inputs[port])
	if schema == nil {
		return nil
	}
	if o.known {
		return table.OutlineOf(schema)
	}
	var fields []arrow.Field
	for _, f := range schema.Fields() {
		fields = append(fields, arrow.Field{Name: f.Name})
	}
	return table.NewOutline(fields...)
}

func (o outlines) Peek(port string) (*pipeline.PeekedFile, error) {
	data, ok := o.c.Inputs[port]
	if !ok {
		return nil, nil
	}
	path := filepath.Join(o.t.TempDir(), filepath.Base(port))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, err
	}
	f, err := infile.Open(path)
	if err != nil {
		return nil, err
	}
	name := port
	for _, written := range settings.Files(o.stage) {
		if written.Name == port {
			name = written.Path
		}
	}
	return &pipeline.PeekedFile{File: f, Path: name, Size: int64(len(data))}, nil
}
