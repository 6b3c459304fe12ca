package ingest

import (
	"errors"
	"fmt"
	"strings"

	"pipe/base/address"
	"pipe/base/diag"
	"pipe/data/source/schema"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Again is the stage that reads another file as this stage read its own: in the
// same format, unless the name of the file tells another one, and with the same
// words for missing values, but with the types that the columns had, in their order,
// and with the formats of their dates (see cell.Contract), if there are any. It infers nothing, and
// needs none of the columns, since new rows may lack some; those that optional lists
// may also lack in a file without a header. Whether it has one is found out. version
// is that of the kind that the settings were written for.
func (in *Ingest) Again(path string, types, dates settings.Map[string], optional []string, version int) pipeline.Stage {
	again := *in
	again.Place, again.Expect = Place{Path: settings.Paths(path), Copy: true, UnpackLimit: in.UnpackLimit, Download: pipeline.Download{Limit: in.Limit}}, types
	if again.Columns, again.Select = nil, nil; dates != nil {
		again.Dates = dates
	}
	again.Agreement, again.carried = Agreement{Optional: optional}, true
	if version < 2 {
		again.Quoted = false // text in quotes was never missing
	}
	if again.Rows == "skip" || again.Rows == "collect" {
		again.Rows = "error" // each new row has an answer
	}
	again.follow()
	if again.format() == csvName && (again.Header.Text != "true" || again.Names == nil) {
		again.Header = settings.Scalar{Tag: "!!str", Text: "auto"}
	}
	return &again
}

// Recall takes the settings of the schema that the stage has written: what it found
// out of its file, or was told by another schema. What to do with bad rows is none
// of it.
func (in *Ingest) Recall(text []byte) error {
	told := new(Reading)
	s, err := schema.ReadPart(text, 0, len(text), told)
	if err != nil {
		return err
	}
	if s.Told {
		told.Rows, told.Empty = in.Rows, in.Empty
		in.Reading = *told
	}
	return nil
}

// Ask says with which headers a server is asked for a file, if the stage reads that.
func (in *Ingest) Ask(file string, headers settings.Map[string]) {
	if string(in.Path) == file && address.Is(file) {
		in.HeaderEnv = headers
	}
}

// IsText says whether the file is one of lines with fields, as far as settings say it.
func (in *Ingest) IsText() bool { return in.format() == csvName }

// Manner is how the stage reads files, as text, if not in the usual way. Formats of
// dates are no part of it.
func (in *Ingest) Manner() string { return string(in.manner()) }

// Adjust changes settings that say how a file is written. Each is a text NAME=VALUE,
// the value as in a pipeline file.
func (in *Ingest) Adjust(words []string) error {
	root, err := settings.ParseJSON(settings.Brief(&in.Reading))
	if err != nil {
		return err
	}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return diag.WithHint(diag.Usagef("%q is no setting", word), "write NAME=VALUE, such as delimiter=;")
		}
		if name == "skip" || name == "format" {
			in.carried = false // it is about this file
		}
		node := settings.Plain(value)
		switch {
		case value == "":
			node = &settings.Node{Type: settings.Text}
		case strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") || len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0]:
			p := settings.NewProblems("", []byte(value))
			doc := settings.Parse([]byte(value), p)
			if err := p.Err(); err != nil || doc == nil || doc.Root == nil {
				return refused(word, err)
			}
			node = doc.Root
		}
		if key, there := root.Child(name); key != nil {
			*there = *node
		} else {
			root.Content = append(root.Content, &settings.Node{Type: settings.Text, Value: name}, node)
		}
	}
	told, p := new(Reading), settings.NewProblems("", nil)
	settings.Decode(root, nil, told, p)
	if err := p.Err(); err != nil {
		return refused(strings.Join(words, " "), err)
	}
	if told.Rows == "skip" || told.Rows == "collect" {
		return diag.WithHint(diag.Usagef("rows=%s: each row has an answer here", told.Rows), "take the records out of the file that cannot be read")
	}
	if told.Header.Text == "false" && in.Header.Text != "false" && told.Names == nil {
		for _, e := range in.Expect { // the file has its columns in the order that is known
			told.Names = append(told.Names, e.Key)
		}
	}
	in.Reading = *told
	return nil
}

// refused is the error about words that are no settings: the first of its problems.
func refused(words string, err error) error {
	var list diag.List
	if errors.As(err, &list) && len(list) > 0 {
		err = diag.WithHint(errors.New(list[0].Msg), list[0].Hint)
	}
	return diag.Usage(fmt.Errorf("%s: %w", words, err))
}

// ReadingSettings are the names of the settings that Adjust changes.
func ReadingSettings() []string {
	var names []string
	for _, f := range settings.Fields(new(Reading)) {
		names = append(names, f.Name)
	}
	return names
}
