package ingest

import (
	"pipe/data/source/csv"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Again is the stage that reads another file as this stage read its own: in the
// same format, unless the name of the file tells another one, and with the same
// words for missing values, but with the types that the columns had and with the
// formats of their dates (see cell.Contract). It infers nothing, and needs none of the columns, since new
// rows may lack some. version is that of the kind that the settings were written
// for.
func (in *Ingest) Again(path string, types, dates settings.Map[string], version int) pipeline.Stage {
	again := *in
	again.Place, again.Expect = Place{Path: settings.Paths(path), UnpackLimit: in.UnpackLimit}, types
	again.Columns, again.Select, again.Dates = nil, nil, dates
	if version < 2 {
		again.Quoted = false // text in quotes was never missing
	}
	if again.elsewhere() {
		again.Format = nil // the new rows are in a file
	}
	if kind := again.named(); kind != "" && kind != again.format() {
		again.Format = nil
	}
	if again.Rows == "skip" || again.Rows == "collect" {
		again.Rows = "error" // each new row has an answer
	}
	if again.format() != csvName {
		again.Reader = *csv.Usual()
	}
	return &again
}
