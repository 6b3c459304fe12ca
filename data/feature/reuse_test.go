package feature

import (
	"bytes"
	"fmt"
	"testing"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// What was learned is in memory of its own: a table that is read into memory that is
// used again gives the same transform.
func TestFitKeepsNothingOfTheTable(t *testing.T) {
	texts := make([]string, 8<<16)
	for i := range texts {
		texts[i] = fmt.Sprint("category ", (i*31+i>>16*577)%(1009-i>>18*500)) // fewer in the last batches
	}
	r := tabletest.Open(t, tabletest.Table(t, "text", texts, "class", texts))
	spec := Spec{Features: []Column{{Name: "text"}}, Target: &Target{Column: "class"}}
	written := func(r *table.Reader) string {
		transform, err := Fit(t.Context(), spec, r, All(), Resources{})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := transform.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if got, want := written(r.Reusing()), written(r); got != want {
		t.Errorf("the transform is\n%s\nwant\n%s", got, want)
	}
}
