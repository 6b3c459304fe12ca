package ingest

import (
	"errors"
	"fmt"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/all"
	"pipe/data/source/cell"
	"pipe/data/source/csv"
	"pipe/pipeline/settings"
)

// Reading is the settings that say how a file is read. They are part of a schema,
// so that other files are read alike.
type Reading struct {
	csv.Reader
	Missing []string `yaml:"missing" doc:"Texts that mean that a value is missing, in columns of every type, besides the empty one; compared without blanks around them. In a column of text of a format with types, such as Parquet, an empty text is one unless it is listed."`
	Quoted  bool     `yaml:"quoted_missing" default:"true" doc:"Whether a text in quotes can be missing. If not, \"\" is an empty text, and a value that is missing is an empty field without quotes."`
	Trim    bool     `yaml:"trim" default:"false" doc:"Drop blanks around text that is not in quotes. Around numbers, dates and truth values they never matter."`
	Notation
	Empty  string  `yaml:"empty" added:"true" default:"error" enum:"error,allow" doc:"What data without rows are: an error, or a table without rows, whose columns are text unless their types are known. Where the data do not say which columns there are, names, columns or a schema does."`
	Format *Format `yaml:"format" added:"true" doc:"Format of the file. By default the ending of its name says it or, if that says nothing, its beginning; it is CSV if neither does."`
}

// usual is a reading with the default of each setting.
func usual() *Reading {
	r := new(Reading)
	if err := settings.DecodeFile("reading", nil, r); err != nil {
		panic(err) // of nothing
	}
	return r
}

// Validate checks what the tags cannot say.
func (in *Reading) Validate() error { return errors.Join(in.Reader.Validate(), in.Notation.Validate()) }

// rules are those for the text of a value.
func (in *Reading) rules() cell.Rules {
	return cell.Rules{Missing: cell.NewMissing(in.Missing, in.Quoted), Trim: in.Trim, Notation: in.Notation.cell()}
}

// resolved is the reading of files, whose format it names. There are none if the
// format says where the data are.
func (in *Reading) resolved(files []*source.File) (*Reading, error) {
	r := *in
	if r.Format != nil {
		return &r, nil
	}
	f := files[0]
	kind, err := source.For(all.Kinds(), f)
	if err != nil {
		return nil, err
	}
	r.Format = &Format{kind: *kind}
	if err := r.Format.preset(); err != nil {
		return nil, diag.WithHint(fmt.Errorf("%s is read as %s: %w", f.Name, kind.Title, err), "set format")
	}
	return &r, nil
}

// alike finds files, by their names, that cannot be read as the first one is: it may be a note in a folder of pictures.
func alike(kind *source.Kind, files []*source.File) error {
	for _, other := range files[1:] {
		if k := source.ByName(all.Kinds(), other.Name); k != nil && k.Together && !kind.Together {
			return diag.WithHint(fmt.Errorf("%s would be read as %s, and %s as %s", files[0].Name, kind.Title, other.Name, k.Title),
				`leave out what is no data: path: "photos/**/*.png" has the pictures of all folders in photos. A table of their labels is named in format: {images: {labels: labels.csv}}`)
		}
	}
	return nil
}

// reader is what reads a file, whose format is known.
func (in *Reading) reader() source.Reader {
	if r, ok := in.Format.reader.(source.Reader); ok {
		return r
	}
	return &in.Reader
}
