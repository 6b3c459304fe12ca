package settings_test

import (
	"strings"
	"testing"
	"time"

	"pipe/pipeline/settings"
)

type halfText struct{}

func (*halfText) UnmarshalText([]byte) error { return nil }

type carrier struct {
	Hidden int `yaml:"hidden"`
}

func TestCheck(t *testing.T) {
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
		{"added, but its default is neither a text, true or false, nor the zero value", struct {
			A int `yaml:"a" default:"1" added:"true"`
		}{}},
		{"added, but there is always a mapping", struct {
			A struct {
				B int `yaml:"b" default:"1"`
			} `yaml:"a" added:"true"`
		}{}},
		{"key: it is no part of the canonical form", struct {
			A int `yaml:"a" required:"true" key:"false"`
		}{}},
		{`key:"true", want key:"false" or nothing`, struct {
			A int `yaml:"a" key:"true"`
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
			A settings.Map[int] `yaml:"a" short:"true"`
		}{}},
		{"a choice must be", struct {
			A optimizer `yaml:"a"`
		}{}},
		{"a variant must be a pointer", struct {
			settings.OneOf
			A dense `yaml:"a"`
		}{}},
		{"a variant has no tags but", struct {
			settings.OneOf
			A *dense `yaml:"a" required:"true"`
		}{}},
		{"inner.N", struct {
			A settings.Map[[]*inner] `yaml:"a"`
		}{}},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			err := settings.Check(tt.config)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
