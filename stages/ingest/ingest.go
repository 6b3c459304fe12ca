// Package ingest is the stage kind that reads external data into a table. It
// owns the CSV reader: what the format is taken to be, how types are inferred,
// and how that is done in parallel with exact positions in every message.
//
// A file is read twice, in blocks of whole records. The first pass looks at
// every value: it infers types, counts missing values and finds everything
// that is wrong. The second pass parses into columns and can no longer fail.
// Two passes cost less than they seem to, since the first one converts no
// number, and they buy types that are right for the last row as well, a schema
// that is known before the first batch is written, and memory that does not
// grow with the file.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Metadata keys of the columns of the table.
const (
	TypeKey    = "pipe.type"    // "inferred" or "declared"
	MissingKey = "pipe.missing" // number of missing values
)

// Ingest is the configuration of the stage.
type Ingest struct {
	Path      settings.FilePath    `yaml:"path" doc:"CSV file to read. Instead of it, an input named file can be connected."`
	Columns   settings.Map[string] `yaml:"columns" enum:"string,int64,float64,bool,date,timestamp" doc:"Types of columns by name. Types of other columns are inferred from all their values."`
	Expect    settings.Map[string] `yaml:"expect" added:"true" enum:"string,int64,float64,bool,date,timestamp" doc:"Types that columns had in other data, by name; nothing is inferred then. A column has its type if all its values fit, and is text with a warning if not. A column that is not listed is text, and a listed one need not be there. So does pipe predict read new rows."`
	Select    []string             `yaml:"select" doc:"Columns to keep, in this order. All columns are kept by default."`
	Delimiter string               `yaml:"delimiter" default:"','" doc:"The character between fields; \\t is a tab."`
	Quote     string               `yaml:"quote" default:"'\"'" doc:"The character around fields that contain special characters, doubled inside of them. Empty if quotes have no meaning."`
	Header    bool                 `yaml:"header" default:"true" doc:"Whether the first record names the columns."`
	Names     []string             `yaml:"names" doc:"Names of the columns, in place of those in the header. Columns without a name are called c1, c2 and so on, by their position."`
	Repeated  string               `yaml:"repeated_names" default:"error" enum:"error,number" doc:"What a name that the header gives again is: an error, or NAME_2, NAME_3 and so on."`
	Missing   []string             `yaml:"missing" doc:"Texts that mean that a value is missing, in columns of every type, besides the empty one; compared without blanks around them."`
	Quoted    bool                 `yaml:"quoted_missing" default:"true" doc:"Whether a text in quotes can be missing. If not, \"\" is an empty text, and a value that is missing is an empty field without quotes."`
	Trim      bool                 `yaml:"trim" default:"false" doc:"Drop blanks around text that is not in quotes. Around numbers, dates and truth values they never matter."`
}

// Kind describes the stage.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "ingest",
		Version: 2,
		Doc: `Reads a CSV file into a table. The format is RFC 4180 with LF or CRLF line ends, in UTF-8 with or
without a byte order mark. Blank lines are skipped, but in a file of one column each is a row without a value. Any record
that cannot be read exactly as the file says it is an error with its line, row and column.

Types are inferred from all values of a column, as the first of these that keeps every value as it was written:
int64; float64; bool (true, false); date (2006-01-02); timestamp (2006-01-02T15:04:05Z, or with a space, without
seconds, with up to six decimals, with another zone; without a zone it is UTC); string. Text is what usually is a code:
numbers with zeros before them (00123), with a plus sign or with more digits than an int64 holds, and 2e05. Text is also
a column with a decimal number that a float64 does not keep: 1e-400, 123456789012345678.91; a warning says so. Of
decimal numbers below 2^53 a float64 keeps 17 digits; a warning counts those that have more, and those, such as 1.10
beside 1.1, that may be versions. A column without any value is text. Declare the type in ` + "`columns`" + ` where
that is not what you want: it is taken as it is, without a warning, and a value that is none of it is an error. Where
types are known from other data, such as those that a model was trained on, list them in ` + "`expect`" + `.

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
			Doc: "CSV file that another stage made, instead of the setting path",
		}},
		Outputs: []pipeline.Port{{Name: "table", Type: pipeline.Table, Doc: "one row for each data row of the file"}},
		New:     func() pipeline.Stage { return new(Ingest) },
	}
}

// Validate checks what the tags cannot say.
func (in *Ingest) Validate() error {
	var errs []error
	delim, err := oneByte(in.Delimiter)
	if err != nil || in.Delimiter == "" {
		errs = append(errs, settings.FieldErrorf("delimiter", "%q is not a delimiter: it must be one ASCII character that is no line end", in.Delimiter))
	}
	quote, err := oneByte(in.Quote)
	if err != nil {
		errs = append(errs, settings.FieldErrorf("quote", "%q is not a quote: it must be one ASCII character that is no line end, or empty", in.Quote))
	} else if quote >= 0 && quote == delim {
		errs = append(errs, settings.FieldErrorf("quote", "quote and delimiter are both %q", in.Quote))
	}
	for _, l := range []struct {
		field string
		names []string
	}{{"select", in.Select}, {"names", in.Names}} {
		seen := make(map[string]bool, len(l.names))
		for i, name := range l.names {
			if name == "" {
				errs = append(errs, settings.FieldErrorf(l.field, "name %d is empty", i+1))
			} else if seen[name] {
				errs = append(errs, settings.FieldErrorf(l.field, "%q is listed twice", name))
			}
			seen[name] = true
		}
	}
	return errors.Join(errs...)
}

// oneByte gives the byte of a setting, -1 if it is empty.
func oneByte(s string) (int, error) {
	if s == `\t` {
		s = "\t"
	}
	switch {
	case s == "":
		return -1, nil
	case len(s) > 1, s[0] >= 0x80, s == "\n", s == "\r", s == "\x00":
		return 0, errors.New("not one character")
	}
	return int(s[0]), nil
}

// Run reads the file.
func (in *Ingest) Run(ctx context.Context, env pipeline.Env) (err error) {
	port, err := in.port(env.Inputs())
	if err != nil {
		return err
	}
	file, err := env.Open(port)
	if err != nil {
		return err
	}
	defer file.Close()
	src := &source{ReaderAt: file, size: file.Size(), name: file.Name}
	t, err := in.read(ctx, env, src, func() (io.Writer, error) { return env.Create("table") })
	if err != nil {
		return err
	}
	for _, name := range table.Names(t.schema) {
		env.Column(pipeline.ColumnRef{Port: "table", Column: name}, pipeline.ColumnRef{Port: port, Column: name})
	}
	env.Metric("rows", float64(t.rows), metric.Meaning{})
	env.Metric("columns", float64(len(t.plan)), metric.Meaning{})
	env.Metric("missing", float64(t.missing()), metric.Meaning{})
	return nil
}

// read makes a table of a file, and says in the log what it made of it.
func (in *Ingest) read(ctx context.Context, env pipeline.Env, src *source, create func() (io.Writer, error)) (*surveyed, error) {
	done := int64(0)
	r := in.reader(src, env.Threads(), func(n int64) {
		done += n
		env.Progress(done, 2*src.size) // two passes
	})
	t, err := in.survey(ctx, r)
	if err != nil {
		return nil, err
	}
	out, err := create()
	if err != nil {
		return nil, err
	}
	w, err := table.NewWriter(out, t.schema)
	if err != nil {
		return nil, err
	}
	if err := r.load(ctx, t.survey, t.schema, t.plan, w.Write); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	t.report(env, r)
	return t, nil
}

// ReadTable makes a table of a file as a stage without settings does. It is for
// stages that are handed CSV; name is for messages.
func ReadTable(ctx context.Context, env pipeline.Env, file io.ReaderAt, size int64, name string, out io.Writer) error {
	stage, err := pipeline.DecodeStage(Kind(), "")
	if err != nil {
		return err
	}
	src := &source{ReaderAt: file, size: size, name: name}
	_, err = stage.(*Ingest).read(ctx, env, src, func() (io.Writer, error) { return out, nil })
	return err
}

// port finds where the bytes come from.
func (in *Ingest) port(inputs []string) (string, error) {
	connected := slices.Contains(inputs, "file")
	switch {
	case connected && in.Path != "":
		return "", diag.WithHint(errors.New("both an input file and the setting path are given"), "remove one of them")
	case connected:
		return "file", nil
	case in.Path != "":
		return "path", nil
	}
	return "", diag.WithHint(errors.New("there is nothing to read"), "add path: data.csv, or connect an input named file")
}

func (in *Ingest) reader(src *source, threads int, progress func(int64)) *reader {
	delim, _ := oneByte(in.Delimiter)
	quote, _ := oneByte(in.Quote)
	return &reader{
		src:        src,
		dialect:    dialect{delim: byte(delim), quote: quote, trim: in.Trim, missing: newMissingTexts(in.Missing), quotedMissing: in.Quoted},
		blockBytes: blockBytes,
		threads:    max(1, threads),
		progress:   progress,
	}
}

// A surveyed file is ready to be loaded.
type surveyed struct {
	*survey
	types  []columnType // of the columns of the file
	plan   []target     // of the columns of the table
	schema *arrow.Schema
}

// survey reads the header and does the first pass.
func (in *Ingest) survey(ctx context.Context, r *reader) (*surveyed, error) {
	if err := r.open(heading{first: in.Header, names: in.Names, number: in.Repeated == "number"}); err != nil {
		return nil, err
	}
	keep, err := in.resolve(r)
	if err != nil {
		return nil, err
	}
	s, err := r.survey(ctx)
	if err != nil {
		return nil, err
	}
	if s.rows == 0 {
		return nil, fmt.Errorf("%s has a header but no rows", r.src.name)
	}
	t := &surveyed{survey: s, types: slices.Clone(r.declared)}
	var fields []arrow.Field
	for i := range t.types {
		switch {
		case t.types[i] == undeclared:
			t.types[i] = s.tallies[i].infer()
		case r.misfits(s, i) > 0:
			t.types[i] = stringType
		}
	}
	for _, i := range keep {
		origin := "inferred"
		if r.declared[i] != undeclared {
			origin = "declared"
		}
		p := target{from: i, typ: t.types[i], like: t.types[i]}
		if r.declared[i] != undeclared {
			p.like = r.declared[i]
		}
		meta := map[string]string{
			TypeKey: origin, MissingKey: strconv.FormatInt(s.tallies[i].missingAs(p.like), 10),
		}
		if t.types[i] == stringType && r.declared[i] == undeclared {
			if doubt := s.tallies[i].doubt(); doubt != "" {
				meta[table.DoubtKey] = doubt
			}
		}
		fields = append(fields, arrow.Field{
			Name: r.names[i], Type: t.types[i].arrow(), Nullable: true, Metadata: arrow.MetadataFrom(meta),
		})
		t.plan = append(t.plan, p)
	}
	t.schema = arrow.NewSchema(fields, nil)
	return t, nil
}

// resolve finds the columns that the settings name, and gives those to keep.
func (in *Ingest) resolve(r *reader) (keep []int, err error) {
	r.declared = make([]columnType, len(r.names))
	at := make(map[string]int, len(r.names))
	for i, name := range r.names {
		at[name] = i
	}
	for _, e := range in.Columns {
		i, err := r.column(at, "columns", e.Key)
		if err != nil {
			return nil, err
		}
		r.declared[i] = typeOf(e.Value)
	}
	in.expect(r, at)
	if len(in.Select) == 0 {
		for i := range r.names {
			keep = append(keep, i)
		}
		return keep, nil
	}
	for _, name := range in.Select {
		i, err := r.column(at, "select", name)
		if err != nil {
			return nil, err
		}
		keep = append(keep, i)
	}
	return keep, nil
}

// expect gives every column that has no type yet the one that is expected.
func (in *Ingest) expect(r *reader, at map[string]int) {
	if len(in.Expect) == 0 {
		return
	}
	r.expected = make([]bool, len(r.names))
	for _, e := range in.Expect {
		if i, ok := at[e.Key]; ok && r.declared[i] == undeclared {
			r.declared[i], r.expected[i] = typeOf(e.Value), true
		}
	}
	for i, typ := range r.declared {
		if typ == undeclared {
			r.declared[i] = stringType
		}
	}
}

// column finds a column that a setting names; at is where each one is.
func (r *reader) column(at map[string]int, setting, name string) (int, error) {
	if i, ok := at[name]; ok {
		return i, nil
	}
	hint := "the columns are " + strings.Join(r.names[:min(len(r.names), 20)], ", ")
	if near, ok := diag.Nearest(name, r.names); ok {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return 0, diag.WithHint(fmt.Errorf("%s: %s has no column %q", setting, r.src.name, name), hint)
}
