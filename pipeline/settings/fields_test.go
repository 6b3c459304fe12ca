package settings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pipe/pipeline/settings"
)

// TestFields walks through the form of a network, as a page that shows it would.
func TestFields(t *testing.T) {
	var b strings.Builder
	var show func(f settings.Field, depth int)
	show = func(f settings.Field, depth int) {
		if depth > 8 {
			return // a residual has layers
		}
		fmt.Fprintf(&b, "%s%s: %s", strings.Repeat("  ", depth), f.Name, f.Form)
		if f.Required {
			b.WriteString(", required")
		}
		if f.Default != nil {
			fmt.Fprintf(&b, ", default %s", *f.Default)
		}
		fmt.Fprintln(&b, strings.TrimRight(" "+strings.Join(append(f.Bounds, f.Words...), " "), " "))
		for _, inner := range f.Fields() {
			show(inner, depth+1)
		}
		if f.Form == settings.Several || f.Form == settings.Named {
			show(f.Elem(), depth+1)
		}
	}
	for _, f := range settings.Fields(new(network)) {
		show(f, 0)
	}
	got := strings.Split(b.String(), "\n")
	for _, want := range []string{
		"path: file path, required",
		"rate: number, default 1e-3 > 0 < 1",
		"loss: text, default mse mse mae cross_entropy",
		"metrics: list <= 2 accuracy f1",
		"  : text accuracy f1",
		"layers: list",
		"  : choice",
		"    dense: group",
		"      units: whole number, required >= 1",
		"optimizer: choice, default sgd",
		"early_stopping: group",
		"limit: number >= 0",
	} {
		found := slices.Contains(got, want)
		if !found {
			t.Errorf("the form lacks %q:\n%s", want, b.String())
		}
	}
}

// A struct with tags is all that is needed.
func Example() {
	type listen struct {
		Port    int      `yaml:"port" default:"8080" min:"1" max:"65535" doc:"Where to listen."`
		Allowed []string `yaml:"allowed" single:"true" doc:"Who may connect."`
	}
	var l listen
	fmt.Println(settings.DecodeFile("server.yaml", []byte("allowed: localhost\n"), &l), string(settings.JSON(&l)))
	fmt.Println(settings.DecodeFile("server.yaml", []byte("prot: 80\n"), &l))
	// Output:
	// <nil> {"port":8080,"allowed":["localhost"]}
	// server.yaml:1:1: unknown key "prot"
}
