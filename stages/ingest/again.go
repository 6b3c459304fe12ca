package ingest

import (
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
	again.Place, again.Expect = Place{Path: settings.Paths(path), Copy: true, UnpackLimit: in.UnpackLimit}, types
	if again.Columns, again.Select = nil, nil; dates != nil {
		again.Dates = dates
	}
	again.Agreement = Agreement{Optional: optional}
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
