package ingest

import (
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/pipeline/pipelinetest"
)

// TestBySchema reads a file by the schema of another, or by one of a person.
func TestBySchema(t *testing.T) {
	first := pipelinetest.Run(t, pipelinetest.Case{
		Kind: Kind(nil), With: "path: a.csv\nmissing: [none]",
		Inputs: map[string][]byte{"path": []byte("id;day;size;kind\n1;31.12.2024;1.5;True\n2;01.01.2025;none;x\n")},
	})
	schema := first.Outputs[schemaPort]
	for _, want := range []string{`"delimiter":";"`, `"dates":{"day":"`, `{"name":"size","type":"float64","origin":"inferred","missing":1}`} {
		if !strings.Contains(string(schema), want) {
			t.Errorf("the schema lacks %s:\n%s", want, schema)
		}
	}
	byHand := []byte(`{"columns": [{"name": "kind", "type": "string"}, {"name": "id", "type": "int64"}, {"name": "y", "type": "bool", "optional": true}]}`)
	for _, c := range []struct {
		name, with, file string
		schema           []byte
		want, log        string
	}{
		{"other order, other types by themselves", "", "kind;size;day;id;more\nTrue;2;01.02.2025;7;z\nFalse;none;02.02.2025;8;\n", schema,
			"# \"id\" int64, declared, 0 missing\n# \"day\" date, declared, 0 missing\n# \"size\" float64, declared, 1 missing\n# \"kind\" string, declared, 0 missing\nid,day,size,kind\n7,2025-02-01,2,True\n8,2025-02-02,,False\n",
			"columns=more"},
		{"columns without values", "", "id;day;size;kind\n;;;\n", schema,
			"# \"id\" int64, declared, 1 missing\n# \"day\" date, declared, 1 missing\n# \"size\" float64, declared, 1 missing\n# \"kind\" string, declared, 1 missing\nid,day,size,kind\n,,,\n", ""},
		{"optional", "optional: [size]\nselect: [kind, size]", "kind;id\n1;7\n", schema, "# \"kind\" string, declared, 0 missing\nkind\n1\n", ""},
		{"no header, which is found out", "header: auto\nselect: [id, kind]", "7;01.02.2025;2;True\n", schema,
			"# {\"header\":false}\n# \"id\" int64, declared, 0 missing\n# \"kind\" string, declared, 0 missing\nid,kind\n7,True\n", ""},
		{"lines above the data of this file", "skip: 1\nselect: [id, kind]", "exported\nid;day;size;kind\n7;01.02.2025;2;x\n", schema,
			"# \"id\" int64, declared, 0 missing\n# \"kind\" string, declared, 0 missing\nid,kind\n7,x\n", ""},
		{"by hand", "delimiter: \"|\"", "id|kind\n1|1.10\n", byHand, "# \"kind\" string, declared, 0 missing\n# \"id\" int64, declared, 0 missing\nkind,id\n1.10,1\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, port := range []string{"schema: s.json\n", ""} { // the setting and the input
				r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: b.csv\n" + port + c.with,
					Inputs: map[string][]byte{"path": []byte(c.file), schemaPort: c.schema}})
				if got := show(t, r.Outputs["table"]); got != c.want {
					t.Errorf("got\n%s\nwant\n%s", got, c.want)
				}
				if !strings.Contains(r.Log, c.log) {
					t.Errorf("the log lacks %s:\n%s", c.log, r.Log)
				}
			}
		})
	}
}

func TestBySchemaErrors(t *testing.T) {
	schema := `{"reading": {"delimiter": ";"}, "columns": [{"name": "id", "type": "int64"}, {"name": "kind", "type": "string"}]}`
	for _, c := range []struct{ name, with, file, schema, want, hint string }{
		{"wrong value", "", "id;kind\n1;a\nx;b\n", schema, `b.csv:3: row 2, column "id": "x" is not an int64`, "the schema says so"},
		{"column that lacks", "", "Id;more\n1;a\n", schema, `schema: b.csv has no columns "id", "kind"`, "optional"},
		{"a setting of the schema", "delimiter: \",\"", "id;kind\n1;a\n", schema, "delimiter: the schema says how the file is read", "remove"},
		{"lines that the schema skips are data", "", "id,kind\n1,a\n2,b\n", `{"reading": {"skip": 1}, "columns": [{"name": "id", "type": "int64"}, {"name": "kind", "type": "string"}]}`,
			"b.csv:1: the line has the names of the columns, and skip: 1", "take skip out of the schema"},
		{"declared types", "columns: {id: string}", "id;kind\n1;a\n", schema, "columns: the schema says", "remove"},
		{"optional that is none", "optional: [kin]", "id;kind\n1;a\n", schema, `the schema has no column "kin"`, ""},
		{"no schema", "", "id;kind\n1;a\n", `{"columns": 1}`, "s.json:1:13", ""},
		{"a bad setting in it", "", "id;kind\n1;a\n", `{"reading": {"quote": "''"}, "columns": [{"name": "id", "type": "int64"}]}`, "is not a quote", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: "path: b.csv\nschema: s.json\n" + c.with,
				Inputs: map[string][]byte{"path": []byte(c.file), schemaPort: []byte(c.schema)}})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("error %v\nhint %q\nwant %q and %q", err, diag.HintOf(err), c.want, c.hint)
			}
		})
	}
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: "path: b.csv\noptional: [a]", Inputs: map[string][]byte{"path": []byte("a\n1\n")}})
	if err == nil || !strings.Contains(err.Error(), "there is no schema") {
		t.Errorf("optional without a schema: %v", err)
	}
}

// TestBySchemaOfLines: a name that no object has is missing in all rows.
func TestBySchemaOfLines(t *testing.T) {
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: b.jsonl\noptional: [c]", Inputs: map[string][]byte{
		"path":     []byte(`{"b": "1", "d": 2}` + "\n"),
		schemaPort: []byte(`{"columns": [{"name": "a", "type": "int64"}, {"name": "b", "type": "string"}, {"name": "c", "type": "bool"}]}`)}})
	if got, want := show(t, r.Outputs["table"]), "# \"a\" int64, declared, 1 missing\n# \"b\" string, declared, 0 missing\na,b\n,1\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
