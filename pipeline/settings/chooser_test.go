package settings_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/pipeline/settings"
)

type circle struct {
	Radius float64           `yaml:"radius" short:"true" default:"1" above:"0" doc:"How far."`
	Image  settings.FilePath `yaml:"image" doc:"A file."`
}

func (c *circle) Validate() error {
	if c.Radius == 13 {
		return settings.FieldErrorf("radius", "13 is bad luck")
	}
	return nil
}

// listed is a choice from a list.
type listed struct {
	name   string
	chosen any
}

func (*listed) Variants() []settings.Variant {
	return []settings.Variant{
		{Name: "circle", Doc: "Round.", New: func() any { return new(circle) }},
		{Name: "point", Doc: "Nothing.", New: func() any { return new(struct{}) }},
		{Name: "fill", Doc: "With what.", New: func() any { return new(filling) }},
	}
}
func (l *listed) Chosen() (string, any)          { return l.name, l.chosen }
func (l *listed) Choose(name string, chosen any) { l.name, l.chosen = name, chosen }

// fields is the same choice from the fields of a struct.
type fields struct {
	settings.OneOf
	Circle *circle   `yaml:"circle" doc:"Round."`
	Point  *struct{} `yaml:"point" doc:"Nothing."`
	Fill   *filling  `yaml:"fill" doc:"With what."`
}

// filling is a choice in a choice.
type filling struct {
	settings.OneOf
	Color *struct{} `yaml:"color" doc:"One."`
	Image *circle   `yaml:"image" doc:"Another."`
}

type choosing[T any] struct {
	Shape *T                `yaml:"shape" added:"true" doc:"One."`
	More  []T               `yaml:"more" doc:"Several."`
	Named settings.Map[T]   `yaml:"named" doc:"By name."`
	File  settings.FilePath `yaml:"file" doc:"Another."`
}

// TestReferenceOfChooser: it is described like one of fields, but once.
func TestReferenceOfChooser(t *testing.T) {
	type one[T any] struct {
		Shape *T `yaml:"shape" doc:"One."`
	}
	text := func(v any) string { var b bytes.Buffer; settings.WriteText(&b, v); return b.String() }
	if diff := cmp.Diff(text(new(one[fields])), text(new(one[listed]))); diff != "" {
		t.Errorf("(-of fields +of a list)\n%s", diff)
	}
	all := text(new(choosing[listed]))
	if n := strings.Count(all, "With what."); n != 1 || strings.Count(all, "Written like `shape`.") != 2 {
		t.Errorf("the variants are described %d times:\n%s", n, all)
	}
}

// TestChooser: a choice from a list is like one from the fields of a struct.
func TestChooser(t *testing.T) {
	if err := settings.Check(choosing[listed]{}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "shape: circle", "shape: {circle: 2}", "shape: {circle: {radius: 3, image: a.png}}", "shape: point",
		"more: [point, circle: 5, circle: {image: b.png}]\nnamed: {a: point, b: {circle: {image: c.png}}}\nfile: d",
		"more: [fill: color, fill: {image: 3}, {fill: {image: {image: a.png}}}]", "shape: fill", "shape: {fill: {}}", "shape: {fill: colour}",
		"shape: square", "shape: {circle: 0}", "shape: {circle: 13}", "shape: [circle]", "shape: {circle: 1, point: {}}", "shape: {point: 3}", "shape:",
	} {
		one, two := new(choosing[listed]), new(choosing[fields])
		err, want := settings.DecodeFile("f", []byte(text), one), settings.DecodeFile("f", []byte(text), two)
		if fmt.Sprint(err) != fmt.Sprint(want) {
			t.Errorf("%q: error %v, of fields %v", text, err, want)
		}
		if want != nil {
			continue
		}
		for _, form := range []func(any) any{
			func(v any) any { return string(settings.Canonical(v)) },
			func(v any) any { return string(settings.JSON(v)) },
			func(v any) any { return settings.Files(v) },
		} {
			if diff := cmp.Diff(form(two), form(one)); diff != "" {
				t.Errorf("%q: (-of fields +of a list)\n%s", text, diff)
			}
		}
		again := new(choosing[listed])
		if err := settings.FromCanonical(settings.Canonical(one), again, settings.Files(one)...); err != nil {
			t.Errorf("%q: read back: %v", text, err)
		}
		if diff := cmp.Diff(string(settings.JSON(one)), string(settings.JSON(again))); diff != "" {
			t.Errorf("%q: read back: %s", text, diff)
		}
	}
}
