package settings_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipe/pipeline/settings"
)

// Limits are embedded in other settings.
type Limits struct {
	Low  float64           `yaml:"low" default:"1" doc:"Least."`
	Load settings.FilePath `yaml:"load" doc:"A file."`
}

func (l *Limits) Validate() error {
	if l.Low < 0 {
		return settings.FieldErrorf("low", "%v is negative", l.Low)
	}
	return nil
}

type inline struct {
	First string `yaml:"first" doc:"Before."`
	Limits
	Last string `yaml:"last" doc:"Behind."`
}

func (i *inline) Validate() error { return errors.Join(i.Limits.Validate()) }

// The same settings in one struct.
type flat struct {
	First string            `yaml:"first" doc:"Before."`
	Low   float64           `yaml:"low" default:"1" doc:"Least."`
	Load  settings.FilePath `yaml:"load" doc:"A file."`
	Last  string            `yaml:"last" doc:"Behind."`
}

// TestInline: the settings of an embedded struct are what they would be in the
// place of it.
func TestInline(t *testing.T) {
	if err := settings.Check(inline{}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "first: a\nlow: 2.5\nload: x.csv\nlast: b\n", "{lst: b}", "{low: x}", "{low: null}"} {
		one, two := new(inline), new(flat)
		err, want := settings.DecodeFile("f", []byte(text), one), settings.DecodeFile("f", []byte(text), two)
		if (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() {
			t.Errorf("%q: error %v, in one struct %v", text, err, want)
		}
		for _, form := range []func(any) any{
			func(v any) any { return string(settings.Canonical(v)) },
			func(v any) any { return string(settings.JSON(v)) },
			func(v any) any { return settings.Files(v) },
			func(v any) any { return settings.Fields(v) },
			func(v any) any { return settings.NewSchema().Mapping(v) },
			func(v any) any { var b bytes.Buffer; settings.WriteMarkdown(&b, v); return b.String() },
		} {
			if diff := cmp.Diff(form(two), form(one), cmpopts.IgnoreUnexported(settings.Field{})); diff != "" {
				t.Errorf("%q: (-in one struct +embedded)\n%s", text, diff)
			}
		}
	}
	err := settings.DecodeFile("f", []byte("low: -1\n"), new(inline))
	if err == nil || !strings.Contains(err.Error(), "f:1:6: low: -1 is negative") {
		t.Errorf("error %v", err)
	}
}
