package feature

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/derive"
	"pipe/data/replay"
	"pipe/data/table/tabletest"
	"pipe/pipeline/settings"
)

// through gives a record as stages derive leave it.
func through(t testing.TB, rec arrow.RecordBatch, steps ...string) arrow.RecordBatch {
	t.Helper()
	for _, step := range steps {
		c := new(derive.Columns)
		p := settings.NewProblems("step", []byte(step))
		settings.Decode(settings.Parse([]byte(step), p).Root, nil, c, p)
		if err := p.Err(); err != nil {
			t.Fatal(err)
		}
		plan, err := c.Bind(rec.Schema())
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := plan.Apply(rec, 0)
		if err != nil {
			t.Fatal(err)
		}
		schema, err := replay.Carry(rec.Schema(), plan.Schema(), replay.Step{Derive: c})
		if err != nil {
			t.Fatal(err)
		}
		rec = array.NewRecordBatch(schema, out.Columns(), out.NumRows())
	}
	return rec
}

var derivation = []string{
	`{columns: {year: year - 2000, old: year > 7, bill: "bill ?? 40.0", long: bill * year}, rename: {sex: year, year: sex}, drop: [tagged]}`,
	`{columns: {sex: sex + 1, kind: "lower(species)", island: "concat(island, '/', year ?? '-')"}, select: [kind, "*"], drop: [species]}`,
	`{rename: {long: length}}`,
}

func derivedSpec() Spec {
	return Spec{Features: []Column{{Name: "length"}, {Name: "sex"}, {Name: "island"}, {Name: "old"}}, Target: &Target{Column: "kind"}, Keep: []string{"year", "kind", "length"}}
}

// Rows that went through the steps and rows that are as they were read become the
// same data set.
func TestDerivedColumnsAreReplayed(t *testing.T) {
	raw := record(t, penguins()...)
	done := through(t, raw, derivation...)
	tr, err := Fit(t.Context(), derivedSpec(), tableOf(t, done), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, again), written(t, tr)) {
		t.Error("written otherwise than it was read")
	}
	for _, withTarget := range []bool{true, false} {
		var made [2][]byte
		for i, rec := range []arrow.RecordBatch{done, raw} {
			out, err := again.Apply(rec, withTarget)
			if err != nil {
				t.Fatal(err)
			}
			made[i] = tabletest.Bytes(t, array.NewRecordBatch(arrow.NewSchema(out.Schema().Fields(), nil), out.Columns(), out.NumRows()))
		}
		if !bytes.Equal(made[0], made[1]) {
			t.Errorf("target %v: the features differ", withTarget)
		}
	}
	names := ""
	for _, c := range again.Columns() {
		names += c.Name + " " + c.Type + ", "
	}
	if want := "bill float64, island string, sex string, year int64, "; names != want {
		t.Errorf("read are %s, want %s", names, want)
	}
	if _, err := again.Apply(record(t, penguins()[1:]...), false); err == nil || !strings.Contains(err.Error(), `there is no column "bill"`) {
		t.Errorf("got %v", err)
	}
	if _, err := again.Apply(record(t, penguins()[:5]...), false); err != nil {
		t.Errorf("without the target: %v", err)
	}
	all, err := again.Apply(done, false)
	if err != nil {
		t.Fatal(err)
	}
	part, err := again.Apply(through(t, raw, derivation[0]), false)
	if err != nil || !array.RecordEqual(part, all) {
		t.Errorf("of rows that went through the first step: %v, want %v, %v", part, all, err)
	}
	other := through(t, raw, "{drop: [tagged]}")
	if _, err := again.Apply(other, false); err == nil || !strings.Contains(err.Error(), "in another way") || diag.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

// Steps that nobody could have written are damage.
func TestDamagedSteps(t *testing.T) {
	tr, err := Fit(t.Context(), derivedSpec(), tableOf(t, through(t, record(t, penguins()...), derivation...)), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	good := string(written(t, tr))
	for _, c := range []struct{ old, new, want string }{
		{`year - 2000`, `year - `, "the expression ends"},
		{`year - 2000`, `lower(2000)`, "takes a text"},
		{`"version": 4`, `"version": 3`, "not in the form"},
		{`"drop": [`, `"dropped": [`, "dropped"},
		{`year - 2000`, strings.Repeat("(", 5000), "deep"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("the written form does not contain %s", c.old)
			continue
		}
		if _, err := ReadTransform(strings.NewReader(bad), All()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s for %s: got %.300v, want an error with %q", c.new, c.old, err, c.want)
		}
	}
	at := strings.Index(good, `"reading": {`)
	end := strings.Index(good, `"steps": [`)
	if _, err := ReadTransform(strings.NewReader(good[:at]+good[end:]), All()); err == nil || !strings.Contains(err.Error(), "nothing says how the data were read") {
		t.Errorf("got %v", err)
	}
}
