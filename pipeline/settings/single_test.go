package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"pipe/pipeline/settings"
)

type singles struct {
	Kernel []int    `yaml:"kernel" single:"true" default:"3" min:"1" max:"2"`
	Kinds  []layer  `yaml:"kinds" single:"true" max:"2"`
	Names  []string `yaml:"names" single:"true" enum:"a,b"`
}

func (s *singles) Validate() error {
	for i, l := range s.Kinds {
		if l.Dense != nil && l.Dense.Units == 13 {
			return settings.FieldErrorf(fmt.Sprintf("kinds.%d.dense.units", i), "bad luck")
		}
	}
	if len(s.Kernel) > 0 && s.Kernel[0] == 13 {
		return settings.FieldErrorf("kernel.0", "bad luck")
	}
	return nil
}

// A list that is single may be written as its only entry, and problems within
// it are reported there.
func TestSingle(t *testing.T) {
	if err := settings.Check(new(singles)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"{}":                          `{"kernel":[3],"kinds":null,"names":null}`,
		"kernel: 5":                   `{"kernel":[5],"kinds":null,"names":null}`,
		"kernel: [5, 7]":              `{"kernel":[5,7],"kinds":null,"names":null}`,
		"names: a":                    `{"kernel":[3],"kinds":null,"names":["a"]}`,
		"kinds: {dense: {units: 4}}":  `{"kernel":[3],"kinds":[{"dense":{"units":4,`,
		"kernel: x":                   `1:9 "kernel" must be a whole number, not the text "x"`,
		"kernel: [1, 2, 3]":           `1:9 "kernel" must have at most 2 entries, not 3`,
		"kernel:":                     `1:8 "kernel" is empty, it must be a list`,
		"names: c":                    `1:8 "names" must be one of a, b, not "c"`,
		"kinds: {dense: {units: 13}}": `1:24 kinds.0.dense.units: bad luck`,
		"kinds: [dense: {units: 13}]": `1:24 kinds.0.dense.units: bad luck`,
		"kinds: [{dense: {units: 1}}, {dense: {units: 13}}]": `1:46 kinds.1.dense.units: bad luck`,
		"kernel: 13": `1:9 kernel.0: bad luck`,
	} {
		var s singles
		p := settings.NewProblems("x.yaml", []byte(text))
		settings.Decode(settings.Parse([]byte(text), p).Root, settings.At(1, 1), &s, p)
		got := string(settings.JSON(&s))
		for _, d := range p.List {
			got = fmt.Sprintf("%d:%d %s", d.Pos.Line, d.Pos.Column, d.Msg)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	type nested struct {
		Rows [][]int `yaml:"rows" single:"true"`
	}
	if err := settings.Check(new(nested)); err == nil {
		t.Error("a list of lists may be single")
	}
}

// Off is true or false to people, and nothing to Go where it is on.
func TestOff(t *testing.T) {
	type dense struct {
		NoBias settings.Off `yaml:"bias" default:"true" doc:"Whether there is one."`
	}
	for text, want := range map[string]settings.Off{"{}": false, "bias: true": false, "bias: false": true} {
		var got, again dense
		if err := settings.DecodeFile("x.yaml", []byte(text), &got); err != nil || got.NoBias != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		b := settings.Canonical(&got)
		if wrote := fmt.Sprintf(`{"bias":%v}`, !want); string(b) != wrote {
			t.Errorf("%s: got %s, want %s", text, b, wrote)
		}
		if err := settings.FromCanonical(b, &again); err != nil || again != got {
			t.Errorf("%s comes back as %v, %v", b, again, err)
		}
	}
}
