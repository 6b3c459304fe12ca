package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func namedKind(name string) Kind {
	return Kind{Name: name, Version: 1, New: func() Stage { return &bareStage{} }}
}

func TestRegistry(t *testing.T) {
	r := NewRegistry(namedKind("b"), namedKind("a"), namedKind("c"))
	if got, want := r.Names(), []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("names: got %v, want %v", got, want)
	}
	if k, ok := r.Lookup("b"); !ok || k.Name != "b" {
		t.Errorf("lookup of b: got %v, %v", k, ok)
	}
	if _, ok := r.Lookup("d"); ok {
		t.Error("lookup of d: found")
	}
	kinds := r.Kinds()
	kinds[0] = nil
	if r.Kinds()[0] == nil {
		t.Error("Kinds gives away its own slice")
	}
}

// panicOf is what f panics with, "" if it does not.
func panicOf(f func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}

type valueStage struct{}

func (valueStage) Run(context.Context, Env) error { return nil }

func TestNewRegistryPanics(t *testing.T) {
	shared := new(network)
	port := func(name string, typ PortType) []Port { return []Port{{Name: name, Type: typ}} }
	tests := []struct {
		want string
		edit func(*Kind)
	}{
		{"its name must be", func(k *Kind) { k.Name = "Net work" }},
		{"its version must be", func(k *Kind) { k.Version = 0 }},
		{"New is missing", func(k *Kind) { k.New = nil }},
		{"pointer to a struct", func(k *Kind) { k.New = func() Stage { return valueStage{} } }},
		{"pointer to a struct", func(k *Kind) { k.New = func() Stage { return (*network)(nil) } }},
		{"same stage twice", func(k *Kind) { k.New = func() Stage { return shared } }},
		{`bad port name "a.b"`, func(k *Kind) { k.Inputs = port("a.b", Table) }},
		{`bad port name "*"`, func(k *Kind) { k.Outputs = port("*", Table) }},
		{`the bad type "a table"`, func(k *Kind) { k.Inputs = port("a", "a table") }},
		{`the bad type "any"`, func(k *Kind) { k.Outputs = port("a", Any) }},
		{`two ports are named "a"`, func(k *Kind) { k.Inputs = append(port("a", Table), port("a", File)...) }},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			k := networkKind()
			tt.edit(&k)
			if got := panicOf(func() { NewRegistry(k) }); !strings.Contains(got, tt.want) {
				t.Errorf("got panic %q, want %q", got, tt.want)
			}
		})
	}
	got := panicOf(func() { NewRegistry(namedKind("a"), namedKind("a")) })
	if want := `two kinds are named "a"`; !strings.Contains(got, want) {
		t.Errorf("got panic %q, want %q", got, want)
	}
}

func TestCheckSettings(t *testing.T) {
	k := networkKind()
	if err := k.CheckSettings(); err != nil {
		t.Error(err)
	}
	for want, edit := range map[string]func(*Kind){
		`New set "epochs"`: func(k *Kind) { k.New = func() Stage { return &network{Epochs: 1} } },
		`the name of the input port "path", which is not optional`: func(k *Kind) { k.Inputs = []Port{{Name: "path", Type: File}} },
		`must be a whole number`:                                   func(k *Kind) { k.New = func() Stage { return new(wrongTags) } },
	} {
		k := networkKind()
		edit(&k)
		if err := k.CheckSettings(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

type wrongTags struct {
	noRun
	A int `yaml:"a" default:"x" doc:"A number."`
}

type undocumentedStage struct {
	noRun
	A []struct {
		B int `yaml:"b"`
	} `yaml:"a" doc:"A list."`
}

func TestCheckDocs(t *testing.T) {
	good := networkKind()
	if err := good.CheckDocs(); err != nil {
		t.Errorf("complete documentation: %v", err)
	}
	tests := []struct {
		want string
		edit func(*Kind)
	}{
		{"has no documentation", func(k *Kind) { k.Doc = "" }},
		{`port "model" has no documentation`, func(k *Kind) { k.Outputs[0].Doc = "" }},
		{`setting "b"`, func(k *Kind) { k.New = func() Stage { return new(undocumentedStage) } }},
		{`no stage uses "network"`, func(k *Kind) { k.Example = "a: {uses: other}" }},
		{`unknown key "pth"`, func(k *Kind) { k.Example = "a: {uses: network, with: {path: a, pth: b}}" }},
		{`missing key "path"`, func(k *Kind) { k.Example = "a: {uses: network}" }},
		{"example:1:4: a value is missing", func(k *Kind) { k.Example = "a: [" }},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			k := networkKind()
			tt.edit(&k)
			if err := k.CheckDocs(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
