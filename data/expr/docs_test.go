package expr_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"pipe/data/expr"
)

var update = flag.Bool("update", false, "rewrite the functions in docs/expressions.md")

// The documentation has the functions that there are.
func TestFunctionsAreDocumented(t *testing.T) {
	const file, heading = "../../docs/expressions.md", "## Functions\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(text), heading)
	if !ok {
		t.Fatalf("%s has no %q", file, heading)
	}
	want := before + heading + "\n" + expr.DocTable()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Errorf("the functions in %s are stale; renew them with: go test ./data/expr -run TestFunctionsAreDocumented -update", file)
	}
	for _, f := range expr.Functions() {
		if f.Doc == "" || !strings.HasPrefix(f.Usage, f.Name+"(") {
			t.Errorf("%s: %q, %q", f.Name, f.Usage, f.Doc)
		}
	}
}
