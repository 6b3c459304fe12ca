package pipeline_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/artifacts"
	"pipe/pipeline"
)

// keySource has a step of each shape: seeded with an engine, with several
// inputs, with external files and parts of its own.
const keySource = `
pipeline: keys
seed: 7
stages:
  load: {uses: ingest, with: {path: data.csv, columns: {b: string, a: int64}}}
  split: {uses: split, inputs: {table: load}, with: {parts: {train: 0.7, test: 0.3}}}
  features: {uses: preprocess, inputs: {train: split.train, test: split.test}, with: {target: y}}
  model: {uses: train, inputs: {train: features.train}, with: {learning_rate: 1e-3}}
  shell: {uses: exec, inputs: {m: model}, with: {command: "a\tb", script: run.sh, files: [x.txt], env: [B=2, A=1]}}
`

func mustLoad(t testing.TB, source string, opt pipeline.Options) *pipeline.Plan {
	t.Helper()
	plan, err := pipeline.LoadBytes("p.yaml", []byte(source), testRegistry(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// fakeInputs gives each port of a step an artifact that depends on its name.
func fakeInputs(s *pipeline.Step) map[string]artifacts.ID {
	inputs := make(map[string]artifacts.ID)
	for _, e := range s.Inputs {
		inputs[e.Port] = sha256.Sum256([]byte("input " + e.Port))
	}
	for _, f := range s.Files {
		inputs[f.Port] = sha256.Sum256([]byte("file " + f.Port))
	}
	return inputs
}

// TestKeyGolden fails when keys change, which makes every result that users
// have in their caches a miss. If that is meant, raise keySchema.
func TestKeyGolden(t *testing.T) {
	plan := mustLoad(t, keySource, pipeline.Options{})
	var b bytes.Buffer
	for _, s := range plan.Steps {
		key, parts := s.Key(fakeInputs(s), pipeline.Placement{}, nil)
		fmt.Fprintf(&b, "%s %s\n", s.Name, key)
		for _, p := range parts {
			fmt.Fprintf(&b, "  %s = %s\n", p.Name, p.Value)
		}
	}
	const file = "testdata/keys.txt"
	if updating() {
		if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("keys have changed (-want +got):\n%s", diff)
	}
}

// TestKeyOfVector is computed by hand from the documented encoding.
func TestKeyOfVector(t *testing.T) {
	encoded := "\x00\x00\x00\x00\x00\x00\x00\x02" +
		"\x00\x00\x00\x00\x00\x00\x00\x04kind" + "\x00\x00\x00\x00\x00\x00\x00\x01x" +
		"\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x02\x00\xff"
	want := artifacts.Key(sha256.Sum256([]byte(encoded)))
	if got := artifacts.KeyOf([]artifacts.KeyPart{{Name: "kind", Value: "x"}, {Name: "", Value: "\x00\xff"}}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestKeyPartsAreTheKey says that what is stored and explained is what was
// hashed, and that no two parts have one name.
func TestKeyPartsAreTheKey(t *testing.T) {
	for _, s := range mustLoad(t, keySource, pipeline.Options{}).Steps {
		key, parts := s.Key(fakeInputs(s), pipeline.Placement{}, nil)
		if got := artifacts.KeyOf(parts); got != key {
			t.Errorf("%s: parts give %v, the key is %v", s.Name, got, key)
		}
		names := make(map[string]bool)
		for _, p := range parts {
			if names[p.Name] {
				t.Errorf("%s: two parts are named %q", s.Name, p.Name)
			}
			names[p.Name] = true
		}
	}
}

// TestKeyDependsOn changes one thing after the other, and says of each step
// whether its key has to change too, inputs being equal.
func TestKeyDependsOn(t *testing.T) {
	keys := func(source string, opt pipeline.Options) map[string]artifacts.Key {
		m := make(map[string]artifacts.Key)
		for _, s := range mustLoad(t, source, opt).Steps {
			m[s.Name], _ = s.Key(fakeInputs(s), pipeline.Placement{}, nil)
		}
		return m
	}
	seed := uint64(8)
	base := keys(keySource, pipeline.Options{})
	for _, c := range []struct {
		change, old, new string
		opt              pipeline.Options
		want             []string // steps with another key
	}{
		{change: "nothing"},
		{change: "seed", opt: pipeline.Options{Seed: &seed}, want: []string{"model", "split"}},
		{change: "seed in the file", old: "seed: 7", new: "seed: 8", want: []string{"model", "split"}},
		{change: "name of the pipeline", old: "pipeline: keys", new: "pipeline: other"},
		{change: "path of a file", old: "data.csv", new: "other.csv"},
		{change: "order of a mapping", old: "b: string, a: int64", new: "a: int64, b: string", want: []string{"load"}},
		{change: "a default written out", old: "learning_rate: 1e-3", new: "learning_rate: 0.001, epochs: 10"},
		{change: "a setting", old: "learning_rate: 1e-3", new: "learning_rate: 0.002", want: []string{"model"}},
		{change: "what the stage adds", old: "A=1", new: "A=2", want: []string{"shell"}},
		{change: "the name of an input", old: "{m: model}", new: "{n: model}", want: []string{"shell"}},
		{change: "where an input comes from", old: "train: split.train", new: "train: split.test"},
		{change: "resources", old: "{uses: ingest,", new: "{uses: ingest, retry: 3, timeout: 1h, cache: false, description: x,"},
	} {
		t.Run(c.change, func(t *testing.T) {
			if c.old != "" && !strings.Contains(keySource, c.old) {
				t.Fatalf("%q is not in the source", c.old)
			}
			var changed []string
			for name, key := range keys(strings.Replace(keySource, c.old, c.new, 1), c.opt) {
				if key != base[name] {
					changed = append(changed, name)
				}
			}
			slices.Sort(changed)
			if !slices.Equal(changed, c.want) {
				t.Errorf("other keys for %q, want %q", changed, c.want)
			}
		})
	}
}

func TestKeyDependsOnEachInput(t *testing.T) {
	for _, s := range mustLoad(t, keySource, pipeline.Options{}).Steps {
		before, _ := s.Key(fakeInputs(s), pipeline.Placement{}, nil)
		for port := range fakeInputs(s) {
			inputs := fakeInputs(s)
			inputs[port] = sha256.Sum256([]byte("changed"))
			if after, _ := s.Key(inputs, pipeline.Placement{}, nil); after == before {
				t.Errorf("%s: the key ignores %s", s.Name, port)
			}
		}
	}
}

func TestKeyWithoutInputPanics(t *testing.T) {
	s := mustLoad(t, keySource, pipeline.Options{}).Step("model")
	defer func() {
		if recover() == nil {
			t.Error("a key without the artifact on train was made")
		}
	}()
	s.Key(nil, pipeline.Placement{}, nil)
}

// TestKeyOfIsUnambiguous draws part lists that are nearly alike: equal when
// they are concatenated.
func TestKeyOfIsUnambiguous(t *testing.T) {
	text := rapid.StringOf(rapid.SampledFrom([]rune("a\x00\x01=")))
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) artifacts.KeyPart {
		return artifacts.KeyPart{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")}
	}), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		a, b := list.Draw(t, "a"), list.Draw(t, "b")
		if equal := slices.Equal(a, b); equal != (artifacts.KeyOf(a) == artifacts.KeyOf(b)) {
			t.Fatalf("%q and %q: equal is %v, their keys say otherwise", a, b, equal)
		}
		// The same characters, cut in other places.
		if len(a) > 0 && len(a[0].Name) > 0 {
			c := slices.Clone(a)
			last := len(c[0].Name) - 1
			c[0] = artifacts.KeyPart{Name: c[0].Name[:last], Value: c[0].Name[last:] + c[0].Value}
			if artifacts.KeyOf(a) == artifacts.KeyOf(c) {
				t.Fatalf("%q and %q have one key", a, c)
			}
		}
	})
}

// TestDeriveSeed pins the derivation: seeds are recorded in lineages.
func TestDeriveSeed(t *testing.T) {
	sum := sha256.Sum256([]byte("\x00\x00\x00\x00\x00\x00\x00\x07" + "\x00\x00\x00\x00\x00\x00\x00\x05model"))
	want := uint64(0)
	for _, b := range sum[:8] {
		want = want<<8 | uint64(b)
	}
	if got := pipeline.DeriveSeed(7, "model"); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	plan := mustLoad(t, keySource, pipeline.Options{})
	for name, seed := range map[string]uint64{"model": want, "load": 0, "split": pipeline.DeriveSeed(7, "split")} {
		if got := plan.Step(name).Seed; got != seed {
			t.Errorf("seed of %s is %d, want %d", name, got, seed)
		}
	}
}

// Values of the surroundings are in keys and parts as hashes that are keyed by the
// secret of the store.
func TestPrivatePartsAreKeyed(t *testing.T) {
	step := func(value string) *pipeline.Step {
		return &pipeline.Step{Name: "s", Kind: &pipeline.Kind{Name: "asks", Version: 1}, Stage: asking(value)}
	}
	key, parts := step("1234").Key(nil, pipeline.Placement{}, []byte("secret"))
	again, _ := step("1234").Key(nil, pipeline.Placement{}, []byte("secret"))
	other, _ := step("1235").Key(nil, pipeline.Placement{}, []byte("secret"))
	elsewhere, elsewhereParts := step("1234").Key(nil, pipeline.Placement{}, []byte("another secret"))
	if key != again || key == other || key == elsewhere {
		t.Errorf("keys %s, %s again, %s of another value, %s in another store", key, again, other, elsewhere)
	}
	last := len(parts) - 1
	plain := sha256.Sum256([]byte("1234"))
	if p := parts[last]; p.Name != "stage.env.TOKEN" || strings.Contains(p.Value, "1234") || strings.Contains(p.Value, hex.EncodeToString(plain[:])) ||
		p == elsewhereParts[last] || artifacts.KeyOf(parts) != key {
		t.Errorf("the part is %v", p)
	}
}

type asking string

func (asking) Run(context.Context, pipeline.Env) error { return nil }
func (a asking) PrivateKeyParts() []artifacts.KeyPart {
	return []artifacts.KeyPart{{Name: "env.TOKEN", Value: string(a)}}
}
