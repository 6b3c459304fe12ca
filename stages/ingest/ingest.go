// Package ingest is the stage kind that reads external data into a table. What
// reads a format is in data/source.
package ingest

import (
	"context"
	"errors"

	"pipe/base/diag"
	"pipe/data/format"
	"pipe/data/metric"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Ingest is the configuration of the stage.
type Ingest struct {
	Place
	Columns settings.Map[string] `yaml:"columns" enum:"string,int64,float64,bool,date,timestamp,timestamp[ns],time,time[ns],list,f32[],u8[],i32[]" doc:"Types of columns by name. Types of other columns are inferred from all their values. list is one of numbers in each row, [0.5, 2], of int32 if all are whole, else of float32; f32[], u8[] and i32[] say it."`
	Expect  settings.Map[string] `yaml:"expect" added:"true" enum:"string,int64,float64,bool,date,timestamp,timestamp[ns],time,time[ns],list,f32[],u8[],i32[]" doc:"Types that columns had in other data, by name; nothing is inferred then. A column has its type if all its values fit, is float64 with a warning if some have decimals where whole ones are expected, and is text with a warning if not. A column that is not listed is text, and a listed one need not be there. So does pipe predict read new rows."`
	Select  []string             `yaml:"select" doc:"Columns to keep, in this order. All columns are kept by default."`
	Reading
	Agreement

	lookup  func(name string) (string, bool)
	carried bool // the settings of where the data begin are those of another file
}

// Kind describes the stage. lookup gives the environment variables in which a source
// finds what is secret.
func Kind(lookup func(name string) (value string, ok bool)) pipeline.Kind {
	return pipeline.Kind{
		Name:    "ingest",
		Version: version(),
		Doc: `Reads a file into a table. One that is compressed with gzip or zstd, as its first bytes say, is unpacked; its hash is that of the
compressed file, and its name without .gz or .zst says the format. The format, which ` + "`format`" + ` says if nothing else does, is one of these:

` + formats() + `

Types are inferred from all values of a column, as the first of these that keeps every value as it was written:
int64; float64; bool (true, false); date (2006-01-02); timestamp (2006-01-02T15:04:05Z, or with a space, without
seconds, with up to six decimals, with another zone, as +01, +0100, +01:00 or UTC; without a zone it is UTC, or of
` + "`timezone`" + `); timestamp[ns], if a value needs more decimals and all are of the years 1678 to 2261; time (15:04, 15:04:05.25); time[ns], if one needs
more than six decimals; string. inf, infinity and such with a minus sign are float64 beside other numbers; a warning counts them. Text is what usually is a code:
numbers with zeros before them (00123), with a plus sign or with more digits than an int64 holds, and 2e05. Text is also
a column with a decimal number that a float64 does not keep: 1e-400, 123456789012345678.91; a warning says so. Of
decimal numbers below 2^53 a float64 keeps 17 digits; a warning counts those that have more, and those, such as 1.10
beside 1.1, that may be versions. A column without any value is text. Declare the type in ` + "`columns`" + ` where
that is not what you want: it is taken as it is, without a warning, and a value that is none of it is an error. Where
types are known from other data, such as those that a model was trained on, list them in ` + "`expect`" + `.

Numbers that people write otherwise (1,234.50; 1.234,50; 5%; $5; (5)) and words such as yes and no are text, with a
warning that says which of the settings ` + "`decimal`, `thousands`, `percent`, `currency`, `accounting`, `true_words`, `false_words`" + ` reads all of them as
numbers or truth values. What is set holds for all columns, and for nothing else: with a decimal comma 1.5 is text. Blanks around a sign,
a percent sign or a currency do not matter. With ` + "`percent`" + ` 5% is 0.05 and 5 stays 5; a warning counts numbers without a sign beside others with
one. What a setting reads is in the log, with how many values of a column it was and the first of them. Dates and times are found as well if all values of a column are written in one
of these ways, and a warning says which: 2006/01/02, 31.12.2006, 31-12-2006, 12/31/2006 or 31/12/2006 if a day above 12
says which of the two, 31-Dec-2006, 31 Dec 2006, Dec 31, 2006; and any of these with a time behind it, up to 12 with AM
and PM. What can be read in two ways, and dates with two digits of a year, is text, with a warning. ` + "`dates`" + ` says how the
dates of a column are written: %Y year, %y two digits of it (69 is 1969, 68 is 2068), %m month, %d day, %j day of the
year, %b and %B name of the month, %a and %A of the day of the week, in English; %H hour, %I up to 12 with %p for AM or
PM, %M minute, %S second, %f up to nine decimals behind it (more than six need the type timestamp[ns] or time[ns] in ` + "`columns`" + `), %z zone; %F, %T, %R, %D as in strftime; %% a percent sign.
` + "`true_words` and `false_words`" + ` list words for truth values.

A value is missing if its field is empty, in quotes or not, or a text that ` + "`missing`" + ` lists. In a column of
numbers, dates or truth values a field of blanks is missing too, and the usual words are: NA, N/A, n/a, N.A., NaN, null,
None, nil (in the usual cases), <NA>, \N, #N/A, #NULL!, -, --, ? and a point; a warning counts them unless ` + "`missing`" + `
lists them. In a column of text they are text, since they may mean something there (Namibia, a class None); a warning
counts them, unless one is more than half of the values or the column is declared as string.`,
		Example: `load:
  uses: ingest
  with:
    path: data/penguins.csv
    columns: {species: string, year: int64}
    missing: [NA, "?"]
`,
		Inputs: []pipeline.Port{{
			Name: "file", Type: pipeline.File, Optional: true,
			Doc: "file that another stage made, instead of the setting path",
		}, {
			Name: "folder", Type: pipeline.Directory, Optional: true,
			Doc: "directory that another stage made, whose files are one table",
		}, {
			Name: schemaPort, Type: format.Schema, Optional: true,
			Doc: "schema that the file is read by, which a stage that read another one has written, instead of the setting schema",
		}},
		Outputs: outputs(),
		New:     func() pipeline.Stage { return &Ingest{lookup: lookup} },
	}
}

// Validate checks what the tags cannot say.
func (in *Ingest) Validate() error {
	return errors.Join(in.Reading.Validate(), in.Place.Validate(), in.Agreement.Validate(), in.checkTypes(in.Columns), source.CheckNames("select", in.Select), in.checkFormat())
}

func outputs() []pipeline.Port {
	return []pipeline.Port{
		{Name: "table", Type: pipeline.Table, Doc: "one row for each data row of the file"},
		{Name: schemaPort, Type: format.Schema, Aside: true, Doc: "how the file was read, to read others alike: the settings, the columns with their types, and what was met in them"},
		{Name: "rejected", Type: pipeline.Table, Optional: true, Aside: true,
			Doc: "only with rows: collect. The records that were left out, the first 10,000 of them: their line, the beginning of their text, and the reason"},
	}
}

// OutputPorts are the table with its schema and, if they are to be collected, the
// records that are not in it.
func (in *Ingest) OutputPorts([]string) []pipeline.Port {
	if in.Rows == "collect" {
		return outputs()
	}
	return outputs()[:2]
}

// Run reads the file.
func (in *Ingest) Run(ctx context.Context, env pipeline.Env) error {
	data, err := in.openData(ctx, env)
	if err != nil {
		return errors.Join(err, data.close.Close())
	}
	defer func() { data.close.Close() }() // which reads takes more for
	by, contract, err := in.agreed(env)
	if err != nil {
		return err
	}
	reading, reader, err := by.reads(ctx, &data)
	if err != nil {
		return err
	}
	inputs := source.Inputs{
		Files:    data.files,
		Contract: contract,
		Empty:    in.Empty == "allow",
		Carried:  by.carried,
		Limit:    int64(in.UnpackLimit),
		Threads:  env.Threads(),
		Progress: env.Progress,
		Variable: in.lookup,
	}
	rows, err := reader.Open(ctx, inputs)
	if err != nil {
		return err
	}
	defer func() { rows.Close() }() // of rows that are opened again
	isNew := len(in.Expect) > 0
	if isNew && stepsOf(rows) != "" {
		// Its columns are no longer those whose types are expected.
		inputs.Contract.Expected = nil
		if err := rows.Close(); err != nil {
			return err
		}
		if rows, err = reader.Open(ctx, inputs); err != nil {
			return err
		}
	}
	read, err := writeTable(ctx, env, &telling{rows, reading, isNew})
	if err != nil {
		return err
	}
	if t, ok := rows.(source.Teller); ok && isNew {
		if _, alike := t.Told(); !alike {
			return diag.WithHint(errors.New("the rows of its files went through different stages"), "take files together whose rows went through the same ones, or none")
		}
	}
	left, err := leftOut(rows, read.Rows)
	if err != nil {
		return err
	}
	if err := writeSchema(env, reading, rows, read.Rows, left); err != nil {
		return err
	}
	if err := in.writeRejected(env, rows); err != nil {
		return err
	}
	rows.Report(env.Log())
	for _, f := range rows.Schema().Fields() {
		for _, port := range data.ports { // none if the data are elsewhere
			if f.Name != in.FileColumn {
				env.Column(pipeline.ColumnRef{Port: "table", Column: f.Name}, pipeline.ColumnRef{Port: port, Column: f.Name})
			}
		}
	}
	env.Metric("rows", float64(read.Rows), metric.Meaning{})
	env.Metric("columns", float64(rows.Schema().NumFields()), metric.Meaning{})
	env.Metric("missing", float64(read.Missing), metric.Meaning{})
	if left > 0 {
		env.Metric("left_out", float64(left), metric.Meaning{})
	}
	return nil
}

// writeRejected makes the table of what was left out, which may be empty.
func (in *Ingest) writeRejected(env pipeline.Env, rows source.Rows) error {
	from, ok := rows.(source.Rejecter)
	if !ok || in.Rows != "collect" {
		return nil
	}
	rec, err := source.RejectedTable(from.Rejected())
	if err != nil {
		return err
	}
	defer rec.Release()
	out, err := env.Create("rejected")
	if err != nil {
		return err
	}
	w, err := table.NewWriter(out, rec.Schema())
	if err != nil {
		return err
	}
	if err := w.Write(rec); err != nil {
		return err
	}
	return w.Close()
}

func writeTable(ctx context.Context, env pipeline.Env, rows source.Rows) (source.Read, error) {
	out, err := env.Create("table")
	if err != nil {
		return source.Read{}, err
	}
	return source.Write(ctx, out, rows)
}

// contract is what the settings say of the columns.
func (in *Ingest) contract() cell.Contract {
	return cell.Contract{
		Rules:    in.rules(),
		Declared: in.typed(in.Columns, len(in.Expect) == 0),
		Expected: in.typed(in.Expect, false),
		Keep:     in.Select,
		Optional: in.Optional,
	}
}
