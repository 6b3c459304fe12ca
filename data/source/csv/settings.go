package csv

import (
	"errors"

	"pipe/data/source"
	"pipe/data/source/charset"
	"pipe/pipeline/settings"
)

// Reader reads a CSV file.
type Reader struct {
	Encoding  charset.Name    `yaml:"encoding" added:"true" default:"auto" doc:"Encoding of the file. auto is what a byte order mark at its beginning says, and else UTF-8: text that is not UTF-8 is an error then, which says what it may be. Western European files of Windows are windows-1252; Excel calls UTF-16 Unicode text."`
	Delimiter string          `yaml:"delimiter" default:"auto" doc:"The character between fields; \\t is a tab. auto is the comma, unless the first 64 KiB, or four lines, have another one in all records: a semicolon, a tab or a vertical bar that parts each of them in as many fields, where commas do not. A first line sep=; names it, as in files for Excel."`
	Quote     string          `yaml:"quote" default:"'\"'" doc:"The character around fields that contain special characters, doubled inside of them. Empty if quotes have no meaning. auto is the single quote if the first 64 KiB, or four lines, have fields in such quotes, no double quote, and as many fields in all records; and else the double quote."`
	Quotes    string          `yaml:"quotes" added:"true" default:"strict" enum:"strict,lenient" doc:"What a quote is inside of a field that does not begin with one, and text after the closing quote: an error, or text. A quote that begins a field has to be closed."`
	Escape    string          `yaml:"escape" added:"true" doc:"A character that makes the next one text, in quotes or not, as the backslash of MySQL, Spark and Hive does. The field \\N stays what it is. None by default."`
	Comment   string          `yaml:"comment" added:"true" doc:"A character that begins lines to leave out, such as #. None by default."`
	Skip      int             `yaml:"skip" added:"true" min:"0" max:"1000000" doc:"How many lines before the header, or before the first record if there is none, are none of the data."`
	LineEnds  string          `yaml:"line_ends" added:"true" default:"auto" enum:"auto,lf,any" doc:"What ends a line: lf is a line feed, which a carriage return may precede; any is a carriage return alone too; auto is any if the file begins with lines that end in one, and else lf."`
	Rows      string          `yaml:"rows" added:"true" default:"error" enum:"error,skip,pad,collect" doc:"What becomes of a record that has another number of fields than there are columns, or cannot be read: error; skip leaves it out, with a warning; collect leaves it out and lists it in the output rejected; pad takes fields that are missing at its end for missing values. A quote that is never closed is always an error."`
	Trailing  bool            `yaml:"trailing_delimiter" added:"true" default:"false" doc:"Whether lines end with a delimiter, behind which there is no other field."`
	Header    settings.Scalar `yaml:"header" default:"true" doc:"Whether the first record names the columns: true, false or auto. auto is false if a column begins with a number, a date or a truth value, as all that follow in the first 64 KiB, or four lines, are, and no column of such values begins with a text. Where columns are known, from expect or a schema, it is whether the first record has their names, or values of their types; a file with a header may have them in any order, and one without has those of names, or all in the order that is known, but for those that optional lists."`
	Names     []string        `yaml:"names" doc:"Names of the columns, in place of those in the header. Columns without a name are called c1, c2 and so on, by their position."`
	Repeated  string          `yaml:"repeated_names" default:"number" enum:"error,number" doc:"What a name that the header gives again is: NAME_2, NAME_3 and so on, with a warning, or an error."`
}

// auto is the text of a setting that is found out from the beginning of the file.
const auto = "auto"

// Usual is a Reader with the default of each setting.
func Usual() *Reader {
	return &Reader{Encoding: charset.Auto, Delimiter: auto, Quote: `"`, Quotes: "strict", LineEnds: auto, Rows: "error", Header: settings.Scalar{Tag: "!!bool", Text: "true"}, Repeated: "number"}
}

// Validate checks what the tags cannot say.
func (in *Reader) Validate() error {
	var errs []error
	used := map[int]string{}
	for _, c := range []struct{ setting, text, noun string }{
		{"delimiter", in.Delimiter, "delimiter"}, {"quote", in.Quote, "quote"}, {"escape", in.Escape, "character for escapes"}, {"comment", in.Comment, "character for comments"},
	} {
		b, err := oneByte(c.text)
		switch {
		case c.text == "" && c.setting != "delimiter", c.text == auto && (c.setting == "delimiter" || c.setting == "quote"):
		case err != nil || b < 0:
			or := ", or empty"
			if c.setting == "delimiter" {
				or = ""
			}
			errs = append(errs, settings.FieldErrorf(c.setting, "%q is not a %s: it must be one ASCII character that is no line end%s", c.text, c.noun, or))
		case used[b] != "" && !(c.setting == "escape" && used[b] == "quote"):
			errs = append(errs, settings.FieldErrorf(c.setting, "%s and %s are both %q", c.setting, used[b], c.text))
		case used[b] == "":
			used[b] = c.setting
		}
	}
	if h := in.Header.Text; h != auto && h != "true" && h != "false" {
		errs = append(errs, settings.FieldErrorf("header", "it must be true, false or auto, not %q", h))
	}
	return errors.Join(append(errs, source.CheckNames("names", in.Names))...)
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

// dialect is what the settings say of the characters.
func (in *Reader) dialect() dialect {
	b := func(s string) int {
		c, _ := oneByte(s)
		return c
	}
	d := dialect{
		delim: ',', quote: b(in.Quote), escape: b(in.Escape), comment: b(in.Comment),
		lenient: in.Quotes == "lenient", returns: in.LineEnds == "any",
		recovers: policies[in.Rows] == rowsSkip || policies[in.Rows] == rowsCollect,
	}
	if in.Delimiter != auto {
		d.delim = byte(b(in.Delimiter))
	}
	if in.Quote == auto {
		d.quote = '"'
	}
	if d.escape == d.quote {
		d.escape = -1 // a doubled quote is one anyway
	}
	return d
}
