// Package export is the stage kind that writes a table as a file for other
// programs.
package export

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Kind describes the stage kind.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "export",
		Version: 2,
		Doc: `Writes a table or a data set as a file that other programs read, so that it is made with the run, has its own hash and
lineage, and goes to a service with the model. ` + "`pipe get`" + ` puts it where you want it, as it puts any table into these
formats without a stage.

Values are exact in each format, but CSV does not say which type a column has, and JSON has no NaN and no infinity: they
become null, and a warning counts them. A vector of a data set becomes a list, in CSV a column for each element.`,
		Example: `daily:
  uses: export
  inputs: {data: score.predictions}
  with: {format: csv, delimiter: ";", compress: gzip}
`,
		Inputs:  []pipeline.Port{{Name: "data", Type: pipeline.Any, Doc: "the table or data set to write"}},
		Outputs: []pipeline.Port{{Name: "file", Type: pipeline.File, Doc: "the file"}},
		New:     func() pipeline.Stage { return new(Stage) },
	}
}

// Stage is the configuration and the stage.
type Stage struct {
	Format    Format  `yaml:"format" default:"parquet" doc:"Format of the file."`
	Delimiter *string `yaml:"delimiter" doc:"The character between fields of CSV: a comma by default; \\t is a tab."`
	Missing   *string `yaml:"missing" doc:"What stands for a missing value in CSV, such as NA: nothing by default. A text that is the same is in quotes."`
	Compress  string  `yaml:"compress" default:"none" enum:"none,gzip" doc:"How CSV and JSON Lines are compressed; Parquet always is."`
}

// A Format is the name of one.
type Format string

// Enum lists the formats.
func (Format) Enum() []string {
	var names []string
	for _, f := range table.Forms() {
		names = append(names, f.Name)
	}
	return names
}

// Validate checks what the tags cannot say.
func (s *Stage) Validate() error {
	var errs []error
	form := s.form()
	for _, set := range []struct {
		name string
		is   bool
	}{{"delimiter", s.Delimiter != nil}, {"missing", s.Missing != nil}} {
		if set.is && s.Format != "csv" {
			errs = append(errs, settings.FieldErrorf(set.name, "it is a setting of csv, and the format is %s", s.Format))
		}
	}
	if _, err := s.csv(); err != nil {
		errs = append(errs, err)
	}
	if form != nil && form.Binary && s.Compress == "gzip" {
		errs = append(errs, settings.FieldErrorf("compress", "a file of the format %s is not compressed as a whole", s.Format))
	}
	return errors.Join(errs...)
}

func (s *Stage) form() *table.Form {
	for _, f := range table.Forms() {
		if f.Name == string(s.Format) {
			return &f
		}
	}
	return nil
}

func (s *Stage) csv() (table.CSV, error) {
	c := table.CSV{Delimiter: ','}
	if s.Delimiter != nil {
		d := *s.Delimiter
		if d == `\t` {
			d = "\t"
		}
		if len(d) != 1 || d[0] >= 0x80 || strings.ContainsAny(d, "\"\r\n\x00") {
			return c, settings.FieldErrorf("delimiter", "%q is not a delimiter: it must be one ASCII character that is no quote and no line end", *s.Delimiter)
		}
		c.Delimiter = d[0]
	}
	if s.Missing != nil {
		c.Null = *s.Missing
		if strings.ContainsAny(c.Null, "\"\r\n\x00"+string(c.Delimiter)) || strings.Trim(c.Null, " \t") != c.Null {
			return c, settings.FieldErrorf("missing", "%q is not a text for a missing value: it has a quote, a line end, a delimiter, or blanks around it", *s.Missing)
		}
	}
	return c, nil
}

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, env pipeline.Env) error {
	in, err := env.Open("data")
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := table.Open(infile.ReaderAt(ctx, in), in.Size())
	if err != nil {
		return diag.WithHint(fmt.Errorf("the input data: %w", err), "only a table or a data set can be exported")
	}
	defer r.Close()
	out, err := env.Create("file")
	if err != nil {
		return err
	}
	var w io.Writer = out
	var z *gzip.Writer
	if s.Compress == "gzip" {
		z = gzip.NewWriter(out) // without a name and a time, so that the same table has the same bytes
		w = z
	}
	note, err := s.write(w, r)
	if err != nil {
		return err
	}
	if z != nil {
		if err := z.Close(); err != nil {
			return fmt.Errorf("write gzip: %w", err)
		}
	}
	if note != "" {
		env.Log().Warn(note)
	}
	env.Log().Info("wrote a table", "format", s.Format, "rows", r.NumRows(), "columns", r.Schema().NumFields())
	return nil
}

func (s *Stage) write(w io.Writer, r *table.Reader) (note string, err error) {
	if s.Format == "csv" {
		c, err := s.csv()
		if err != nil {
			return "", err
		}
		return "", c.Write(w, r)
	}
	return s.form().Write(w, r)
}
