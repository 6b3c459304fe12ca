package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/all"
	"pipe/data/source/csv"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// csvName is the format whose settings are those of the stage, which once read
// nothing else.
const csvName = "csv"

// A Format is the choice of a format with its settings.
type Format struct {
	kind   source.Kind
	reader any // *Beside or a source.Reader
}

// Beside are the settings of CSV, which are those of the stage itself.
type Beside struct{}

// preset gives each setting of the format its default. The error is about those that
// have none.
func (f *Format) preset() error {
	if f.reader = new(Beside); f.kind.Name == csvName {
		return nil
	}
	reader := f.kind.New()
	f.reader = reader
	return settings.DecodeFile(f.kind.Name, nil, reader)
}

// as is another format with the settings of this one, nil if it has not the same.
func (f *Format) as(name string) *Format {
	if f == nil {
		return nil
	}
	other := new(Format)
	other.Choose(name, nil)
	had := settings.Fields(f.reader)
	if other.preset() != nil || len(had) == 0 || !slices.EqualFunc(had, settings.Fields(other.reader), func(a, b settings.Field) bool { return a.Name == b.Name && a.Doc == b.Doc }) {
		return nil
	}
	if settings.FromJSON(settings.Brief(f.reader), other.reader) != nil {
		return nil
	}
	return other
}

// Variants implements settings.Chooser.
func (*Format) Variants() []settings.Variant {
	var list []settings.Variant
	for _, k := range all.Kinds() {
		v := settings.Variant{Name: k.Name, Doc: k.Title + ".", New: func() any { return k.New() }}
		if k.Name == csvName {
			v.New = func() any { return new(Beside) }
			v.Doc = k.Title + ". Its settings stand beside this one: " + names(csv.Usual()) + "."
		}
		list = append(list, v)
	}
	return list
}

func names(v any) string {
	var list []string
	for _, f := range settings.Fields(v) {
		list = append(list, f.Name)
	}
	return strings.Join(list, ", ")
}

// Chosen implements settings.Chooser.
func (f *Format) Chosen() (string, any) { return f.kind.Name, f.reader }

// Choose implements settings.Chooser.
func (f *Format) Choose(name string, reader any) {
	kinds := all.Kinds()
	f.kind = kinds[slices.IndexFunc(kinds, func(k source.Kind) bool { return k.Name == name })]
	f.reader = reader
}

// Advise implements settings.Adviser.
func (*Format) Advise(written string) string {
	switch written {
	case "ndjson":
		return "one JSON object a line is jsonl"
	case "tsv":
		return `tab-separated values are csv, with delimiter: "\t"`
	}
	return ""
}

// version is that of the stage: of the CSV reader, which was the stage once, and
// how often that of any other was raised.
func version() int {
	n := csv.Version + 4 // since there is a schema, which counts what is missing in every format, and texts in quotes are told apart
	for _, k := range all.Kinds() {
		if k.Name != csvName {
			n += k.Version - 1
		}
	}
	return n
}

// named is the format that the ending of the path tells, if it tells one.
func (in *Ingest) named() string {
	if k := source.ByName(all.Kinds(), in.one()); k != nil {
		return k.Name
	}
	return ""
}

// format is that of the file, as far as the settings say it: CSV if they do not.
func (in *Ingest) format() string {
	if in.Format != nil {
		return in.Format.kind.Name
	}
	return cmp.Or(in.named(), csvName)
}

// KeyParts implements pipeline.KeyContributor. The name of a file is no part of
// the key, so the format that it tells is one, unless it is CSV, as it always was.
func (in *Ingest) KeyParts() (parts []artifacts.KeyPart) {
	if in.Format == nil && in.format() != csvName {
		parts = append(parts, artifacts.KeyPart{Name: "format", Value: in.format()})
	}
	if in.carried {
		parts = append(parts, artifacts.KeyPart{Name: "carried", Value: "true"})
	}
	if len(in.Expect) > 0 && in.format() != csvName {
		parts = append(parts, artifacts.KeyPart{Name: "new_rows", Value: "2"}) // with the steps that their file tells
	}
	return parts
}

// checkFormat finds settings that the format does not have.
func (in *Ingest) checkFormat() error {
	name := in.format()
	if name == csvName {
		return nil
	}
	var errs []error
	for _, c := range settings.Changes(string(settings.Canonical(csv.Usual())), string(settings.Canonical(&in.Reader))) {
		field, _, _ := strings.Cut(c.Path, "[")
		errs = append(errs, &settings.FieldError{Field: field, Err: fmt.Errorf("it is a setting of CSV, and the file is read as %s", name),
			Todo: "remove it, or set format: csv"})
	}
	return errors.Join(errs...)
}

// formats describes the formats.
func formats() string {
	var text []string
	for _, k := range all.Kinds() {
		endings := strings.Join(k.Endings, ", ")
		if k.Elsewhere {
			endings = "no file"
		}
		text = append(text, fmt.Sprintf("- `%s` (%s): %s. %s", k.Name, endings, k.Title, k.Doc))
	}
	return strings.Join(text, "\n")
}

// elsewhere says whether the settings of the format say where the data are.
func (in *Ingest) elsewhere() bool { return in.Format != nil && in.Format.kind.Elsewhere }

// reads is what reads all that was opened, with its settings.
func (in *Ingest) reads(ctx context.Context, data *opened) (*Reading, source.Reader, error) {
	if len(data.files) == 0 {
		r, err := in.resolved(nil)
		if err != nil {
			return nil, nil, err
		}
		return r, r.reader(), nil
	}
	first := opened{files: slices.Clone(data.files[:1])}
	defer func() { first.close.Close() }()
	if err := first.acquire(ctx, first.files); err != nil {
		return nil, nil, err
	}
	r, err := in.resolved(first.files)
	if err == nil && in.Format == nil {
		err = alike(&r.Format.kind, data.files)
	}
	if err != nil {
		return nil, nil, err
	}
	if r.Format.kind.Together {
		if in.FileColumn != "" {
			return nil, nil, errors.New("file_column: files of this format are columns of a table, or have such a column")
		}
		return r, r.reader(), data.sideBySide(ctx)
	}
	return r, &source.Together{Reader: r.reader(), Column: in.FileColumn}, nil
}

// openData opens what is to be read, if it is in files.
func (in *Ingest) openData(ctx context.Context, env pipeline.Env) (opened, error) {
	if !in.elsewhere() {
		return in.open(ctx, env)
	}
	if inputs := slices.DeleteFunc(slices.Clone(env.Inputs()), func(port string) bool { return port == schemaPort }); len(inputs) > 0 {
		return opened{}, diag.WithHint(fmt.Errorf("%s reads no file, and %s is given", in.Format.kind.Title, inputs[0]), "remove it")
	}
	return opened{}, nil
}

// Ready implements pipeline.Readier.
func (in *Ingest) Ready() error {
	if !in.elsewhere() {
		return nil
	}
	secretive, ok := in.Format.reader.(source.Secretive)
	if !ok {
		return nil
	}
	for _, name := range secretive.Variables() {
		if v, ok := in.lookup(name); !ok || v == "" {
			return diag.WithHint(fmt.Errorf("not set, though the settings name it: %s", name), fmt.Sprintf("set it before you start pipe: export %s=...", name))
		}
	}
	return nil
}
