package table

import (
	"fmt"
	"io"
)

// A Form is how a table can be written for other programs.
type Form struct {
	Name    string
	Endings []string // of the names of files
	Binary  bool
	// Write gives a note for people, if something is not as they may expect.
	Write func(w io.Writer, r *Reader) (note string, err error)
}

// ArrowForm is the name of the form that tables are stored in.
const ArrowForm = "arrow"

// Forms lists the forms.
func Forms() []Form {
	return []Form{
		{Name: "csv", Endings: []string{".csv"}, Write: func(w io.Writer, r *Reader) (string, error) { return "", WriteCSV(w, r) }},
		{Name: "parquet", Endings: []string{".parquet"}, Binary: true, Write: func(w io.Writer, r *Reader) (string, error) { return "", WriteParquet(w, r) }},
		{Name: "jsonl", Endings: []string{".jsonl", ".ndjson"}, Write: func(w io.Writer, r *Reader) (string, error) {
			unreal, err := WriteJSONLines(w, r)
			if unreal == 0 {
				return "", err
			}
			return fmt.Sprintf("%d values are NaN or infinite, which JSON does not have, and were written as null", unreal), err
		}},
		{Name: ArrowForm, Endings: []string{".arrow", ".feather"}, Binary: true, Write: func(w io.Writer, r *Reader) (string, error) { return "", copyTable(w, r) }},
	}
}

// copyTable writes a table as it is stored today.
func copyTable(out io.Writer, r *Reader) error {
	w, err := NewWriter(out, r.Schema())
	if err != nil {
		return err
	}
	for rec, err := range r.Batches() {
		if err != nil {
			return err
		}
		if err := w.Write(rec); err != nil {
			return err
		}
	}
	return w.Close()
}
