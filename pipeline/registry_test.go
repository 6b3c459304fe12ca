package pipeline

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
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
		{`New set "epochs"`, func(k *Kind) { k.New = func() Stage { return &network{Epochs: 1} } }},
		{`bad port name "a.b"`, func(k *Kind) { k.Inputs = port("a.b", Table) }},
		{`bad port name "*"`, func(k *Kind) { k.Outputs = port("*", Table) }},
		{`the bad type "tabel"`, func(k *Kind) { k.Inputs = port("a", "tabel") }},
		{`the bad type "any"`, func(k *Kind) { k.Outputs = port("a", Any) }},
		{`two ports are named "a"`, func(k *Kind) { k.Inputs = append(port("a", Table), port("a", File)...) }},
		{`both named "path"`, func(k *Kind) { k.Inputs = port("path", File) }},
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

type halfText struct{}

func (*halfText) UnmarshalText([]byte) error { return nil }

type carrier struct {
	Hidden int `yaml:"hidden"`
}

func TestCheckConfig(t *testing.T) {
	type inner struct {
		N int `yaml:"n" default:"x"`
	}
	tests := []struct {
		want   string
		config any
	}{
		{"", network{}},
		{"yaml tag", struct{ A int }{}},
		{"yaml tag", struct {
			A int `yaml:"-"`
		}{}},
		{"yaml tag", struct{ carrier }{}},
		{`the key "a" is taken`, struct {
			A int `yaml:"a"`
			B int `yaml:"a"`
		}{}},
		{"cannot have the type float32", struct {
			A float32 `yaml:"a"`
		}{}},
		{"cannot have the type map", struct {
			A []map[string]int `yaml:"a"`
		}{}},
		{"cannot have the type interface", struct {
			A any `yaml:"a"`
		}{}},
		{"a pointer to a pointer", struct {
			A **int `yaml:"a"`
		}{}},
		{"not MarshalText", struct {
			A halfText `yaml:"a"`
		}{}},
		{`unknown tag "defualt"`, struct {
			A int `yaml:"a" defualt:"1"`
		}{}},
		{"required, but has a default", struct {
			A int `yaml:"a" default:"1" required:"true"`
		}{}},
		{"required, but added", struct {
			A int `yaml:"a" required:"true" added:"true"`
		}{}},
		{"added, but its default is not the zero value", struct {
			A int `yaml:"a" default:"1" added:"true"`
		}{}},
		{`required:"yes"`, struct {
			A int `yaml:"a" required:"yes"`
		}{}},
		{"must be a whole number", struct {
			A int `yaml:"a" default:"many"`
		}{}},
		{"must be >= 2", struct {
			A int `yaml:"a" default:"1" min:"2"`
		}{}},
		{"must be one of", struct {
			A string `yaml:"a" default:"c" enum:"a,b"`
		}{}},
		{"tag default", struct {
			A []int `yaml:"a" default:"[1"`
		}{}},
		{"tag min", struct {
			A int `yaml:"a" min:"one"`
		}{}},
		{"not a finite number", struct {
			A float64 `yaml:"a" max:"inf"`
		}{}},
		{"tag max", struct {
			A time.Duration `yaml:"a" max:"5"`
		}{}},
		{"bounds of bool", struct {
			A bool `yaml:"a" min:"0"`
		}{}},
		{"an enum of int", struct {
			A []int `yaml:"a" enum:"1,2"`
		}{}},
		{"two fields are short", struct {
			A int `yaml:"a" short:"true"`
			B int `yaml:"b" short:"true"`
		}{}},
		{"cannot be short", struct {
			A Map[int] `yaml:"a" short:"true"`
		}{}},
		{"a choice must be", struct {
			A optimizer `yaml:"a"`
		}{}},
		{"a variant must be a pointer", struct {
			OneOf
			A dense `yaml:"a"`
		}{}},
		{"a variant has no tags but", struct {
			OneOf
			A *dense `yaml:"a" required:"true"`
		}{}},
		{"inner.N", struct {
			A Map[[]*inner] `yaml:"a"`
		}{}},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			err := checkConfig(reflect.TypeOf(tt.config))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
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
		{"example: ", func(k *Kind) { k.Example = "a: [" }},
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
