package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/csv"
	"pipe/data/source/schema"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// schemaPort is the output that says how the file was read, and the input and the
// setting of a schema that the file is to be read by.
const schemaPort = "schema"

// Agreement is the settings of a schema that the file is to be read by.
type Agreement struct {
	Schema   settings.FilePath `yaml:"schema" doc:"Schema that the file is read by, in place of the input schema: what a stage that read another file has written, or a file of yours that lists the columns, {columns: [{name: id, type: int64}]}. Nothing is inferred then. A value that is not of its type is an error with its line, and so is a column that the file lacks; the order does not matter, and columns that the schema does not have are left out. Where the data begin is a matter of the file: header, skip and format may be set beside a schema. Those of the schema are not taken where they would leave rows of this file out, which is an error."`
	Optional []string          `yaml:"optional" added:"true" doc:"Columns of the schema that the file need not have, such as the target in new rows. They are left out where they are not there. With expect, which needs no column to be there, they are those that a file without a header may lack."`
}

// Validate checks what the tags cannot say.
func (a *Agreement) Validate() error { return source.CheckNames("optional", a.Optional) }

// agreed is the stage with the settings of the schema that it is given, if it is given
// one, and the contract that the file is read by.
func (in *Ingest) agreed(env pipeline.Env) (*Ingest, cell.Contract, error) {
	if !in.isAgreed(env.Inputs()) {
		if len(in.Optional) > 0 && len(in.Expect) == 0 {
			return nil, cell.Contract{}, diag.WithHint(errors.New("optional: there is no schema, which alone says what has to be there"), "remove it, or connect an input named schema")
		}
		return in, in.contract(), nil
	}
	file, err := env.Open(schemaPort)
	if err != nil {
		return nil, cell.Contract{}, err
	}
	defer file.Close()
	return in.by(file.Name, file, file.Size())
}

// isAgreed says whether there is a schema.
func (in *Ingest) isAgreed(inputs []string) bool {
	return in.Schema != "" || slices.Contains(inputs, schemaPort)
}

// by is the stage with the settings of a schema, and the contract with it.
func (in *Ingest) by(name string, file io.ReaderAt, size int64) (*Ingest, cell.Contract, error) {
	if size > schema.MaxSize {
		return nil, cell.Contract{}, fmt.Errorf("%s has more than %d MiB, which no schema has", name, schema.MaxSize>>20)
	}
	text, err := io.ReadAll(io.NewSectionReader(file, 0, size))
	if err != nil {
		return nil, cell.Contract{}, err
	}
	told := new(Reading)
	s, err := schema.Read(name, text, told)
	if err != nil {
		return nil, cell.Contract{}, err
	}
	if err := in.alone(s); err != nil {
		return nil, cell.Contract{}, err
	}
	by := *in
	if s.Told {
		by.Reading = *told
		by.carried = in.Skip == 0 && in.Format == nil
		in.beside(&by.Reading)
	}
	if !in.elsewhere() {
		by.follow()
	}
	c, err := s.Agree(by.contract(), in.Select, in.Optional)
	if err != nil {
		return nil, c, fmt.Errorf("%s: %w", name, err)
	}
	c.Declared = by.laidOut(c.Declared)
	return &by, c, nil
}

// alone refuses settings that say what the schema says.
func (in *Ingest) alone(s *schema.Schema) error {
	field := ""
	switch {
	case len(in.Columns) > 0:
		field = "columns"
	case len(in.Expect) > 0:
		field = "expect"
	case s.Told:
		usual := usual()
		in.beside(usual)
		for _, c := range settings.Changes(string(settings.Canonical(usual)), string(settings.Canonical(&in.Reading))) {
			field, _, _ = strings.Cut(cmp.Or(c.Path, "format"), "[")
			break
		}
	}
	if field == "" {
		return nil
	}
	return diag.WithHint(fmt.Errorf("%s: the schema says how the file is read", field), "remove the setting, or change the schema")
}

// beside gives the settings of a schema those that stand beside it: what to do is no
// matter of a schema, and where the data are, and begin in a file, is one of the file.
func (in *Ingest) beside(to *Reading) {
	to.Rows, to.Empty = in.Rows, in.Empty
	if in.Format != nil {
		to.Format = in.Format
	}
	if in.Header.Text != usual().Header.Text {
		to.Header = in.Header
	}
	if in.Skip > 0 {
		to.Skip = in.Skip
	}
}

// follow leaves out the format of other data, and what is about it, if they are in no
// file or the name of this one tells another, which has other settings.
func (in *Ingest) follow() {
	if in.elsewhere() {
		in.Format = nil
	}
	if kind := in.named(); kind != "" && kind != in.format() {
		in.Format = in.Format.as(kind)
	}
	if in.format() != csvName {
		in.Reader = *csv.Usual()
	}
}
