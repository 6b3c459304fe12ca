package diag

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the files in testdata from what the code does")

// at makes a problem with the text that mark stands in front of in a line.
func at(line, msg, hint string) Diagnostic {
	before, after, _ := strings.Cut(line, "¶")
	return Diagnostic{
		Pos:  Pos{"pipelines/a.yaml", 12, utf8.RuneCountInString(before) + 1},
		Msg:  msg,
		Hint: hint,
		Line: before + after,
	}
}

// renderings are printed to testdata/NAME.txt; ¶ is where the caret belongs.
var renderings = []struct {
	name string
	list List
}{
	{"plain", List{at("    ¶epoch: 100", `unknown key "epoch"`, `did you mean "epochs"?`)}},
	{"several", List{
		at("a: ¶b", "one", ""),
		{Severity: Warning, Pos: Pos{"b.yaml", 3, 0}, Msg: "about a line", Line: "the line"},
		{Pos: Pos{"c.yaml", 0, 0}, Msg: "about a file", Hint: "first\nsecond"},
		{Msg: "about nothing"},
		{Severity: Warning, Pos: Pos{"d.yaml", 3, 4}, Msg: "without a source line"},
		at("¶   ", "a blank line", ""),
	}},
	{"widths", List{
		at("\tkey:\t¶x", "tabs", ""),
		at("a\tb\t¶x", "tabs inside", ""),
		at("名前: ¶x", "wide", ""),
		at("e\u0301e\u0301: ¶x", "combining", ""),
		at("🐧🐧: ¶x", "emoji", ""),
		at("ёж: ¶x", "narrow", ""),
		at("key: value¶", "at the end", ""),
		at("key: ¶value\r", "windows line end", ""),
		{Pos: Pos{"a.yaml", 1, 99}, Msg: "beyond the end", Line: "short"},
	}},
	{"hostile", List{
		at("\x1b[31mred\x1b[0m: ¶x", "escape \x1b]0;title\x07", "do not\r\x1b[2K hide"),
		at("\u202eright to left\u202c: ¶x", "bidirectional \u202e", ""),
		at("zero\u200bwidth: ¶x", "zero width \u200b", "line\u2028separator"),
		at("bad \xff utf8: ¶x", "bad \xff utf8", ""),
		at("back\b\b\x00: ¶x", "line\nbreak", ""),
		at("private \U000F0000: ¶x", "private use", ""),
		{Pos: Pos{"a\x1b[31m.yaml", 1, 1}, Msg: "file name"},
	}},
	{"long", List{
		at("key: ¶"+strings.Repeat("long ", 100), "at the start", ""),
		at(strings.Repeat("0123456789", 12)+"¶X"+strings.Repeat("abcdefghij", 12), "in the middle", ""),
		at(strings.Repeat("0123456789", 12)+"¶X", "at the end", ""),
		at(strings.Repeat("名前", 40)+"¶X"+strings.Repeat("名前", 40), "wide", ""),
		at(strings.Repeat("e\u0301", 150)+"¶X"+strings.Repeat("e\u0301", 150), "combining", ""),
		at(strings.Repeat("x", 1<<20)+"¶Y"+strings.Repeat("z", 1<<20), "huge", ""),
		at(strings.Repeat("x", 99)+"¶Y", "fits exactly", ""),
	}},
}

func TestRender(t *testing.T) {
	for _, tt := range renderings {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := tt.list.Render(&b, false); err != nil {
				t.Fatal(err)
			}
			compareFixture(t, "testdata/"+tt.name+".txt", b.Bytes())
		})
	}
}

func TestRenderInColor(t *testing.T) {
	var b bytes.Buffer
	list := List{renderings[0].list[0], {Severity: Warning, Msg: "careful"}}
	if err := list.Render(&b, true); err != nil {
		t.Fatal(err)
	}
	compareFixture(t, "testdata/color.txt", bytes.ReplaceAll(b.Bytes(), []byte("\x1b"), []byte("ESC")))
}

func compareFixture(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestRenderIsSafe: whatever is shown, the excerpt fits, the caret is within
// it, and nothing steers the terminal.
func TestRenderIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringN(0, 300, -1).Draw(t, "line")
		column := rapid.IntRange(-5, 400).Draw(t, "column")
		source, indent := excerpt(line, column)
		if w := width(cells(source)); w > maxWidth || indent > w {
			t.Errorf("width %d, caret at %d: %q", w, indent, source)
		}
		if Visible(source) != source {
			t.Errorf("not visible: %q", source)
		}
	})
}

func TestListIsAnError(t *testing.T) {
	warning := Diagnostic{Severity: Warning, Pos: Pos{"a", 1, 2}, Msg: "w"}
	failure := Diagnostic{Pos: Pos{"a", 3, 0}, Msg: "e"}
	if err := (List{warning}).Err(); err != nil {
		t.Errorf("warnings only: got %v", err)
	}
	if err := (List(nil)).Err(); err != nil {
		t.Errorf("empty: got %v", err)
	}
	err := (List{warning, failure}).Err()
	if want := "a:1:2: warning: w\na:3: e"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %v", err, want)
	}
	var list List
	if !errors.As(fmt.Errorf("load: %w", err), &list) || len(list) != 2 {
		t.Errorf("errors.As gave %v", list)
	}
}

func TestSort(t *testing.T) {
	d := func(file string, line, column int, msg string) Diagnostic {
		return Diagnostic{Pos: Pos{file, line, column}, Msg: msg}
	}
	list := List{
		d("b", 1, 1, "last"), d("a", 2, 1, "third"), d("a", 1, 9, "second"), d("a", 1, 2, "first"),
		d("a", 2, 1, "fourth"), d("a", 2, 1, "third"),
	}
	list.Sort()
	var got []string
	for _, d := range list {
		got = append(got, d.Msg)
	}
	if want := []string{"first", "second", "third", "fourth", "last"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// advised is an error of a package that does not import diag.
type advised struct{}

func (advised) Error() string { return "damaged" }
func (advised) Hint() string  { return "run pipe check" }

func TestHintOf(t *testing.T) {
	cause := errors.New("cause")
	inner := WithHint(cause, "inner")
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"none", cause, ""},
		{"one", inner, "inner"},
		{"wrapped", fmt.Errorf("a: %w", fmt.Errorf("b: %w", inner)), "inner"},
		{"nearest to the cause first", WithHint(fmt.Errorf("a: %w", inner), "outer"), "inner\nouter"},
		{"no repetition", WithHint(inner, "inner"), "inner"},
		{"joined", errors.Join(inner, cause, WithHint(cause, "other")), "inner\nother"},
		{"method", fmt.Errorf("a: %w", advised{}), "run pipe check"},
		{"nil with a hint", WithHint(nil, "hint"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := HintOf(tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if inner.Error() != "cause" || !errors.Is(inner, cause) {
		t.Errorf("the hint changed the error: %v", inner)
	}
	if WithHint(nil, "hint") != nil {
		t.Error("a hint made an error of nil")
	}
	if got := WithHint(cause, ""); got != cause {
		t.Errorf("an empty hint: got %#v", got)
	}
}

func TestNearest(t *testing.T) {
	settings := []string{"epochs", "batch_size", "learning_rate", "loss", "early_stopping", "optimizer", "lr"}
	tests := []struct {
		name, want string
		names      []string
	}{
		{"epoch", "epochs", settings},
		{"EPOCHS", "epochs", settings},
		{"learningRate", "learning_rate", settings},
		{"learning-rate", "learning_rate", settings},
		{"batchsize", "batch_size", settings},
		{"lsos", "loss", settings},
		{"optimiser", "optimizer", settings},
		{"rl", "lr", settings},
		{"l", "lr", settings},
		{"momentum", "", settings},
		{"acc", "accuracy", []string{"mcc", "accuracy", "accuracy_of_all"}},
		{"bs", "batch_size", []string{"ba", "batch_size", "be_so_kind"}},
		{"LR", "learning_rate", []string{"l1", "learning_rate", "lower_rate_limit"}},
		{"tra", "train", []string{"trained", "train", "extra"}},
		{"x", "", settings},
		{"", "", settings},
		{"x", "", []string{"y"}},
		{"cat", "bat", []string{"rat", "bat", "hat"}},
		{"ca", "ac", []string{"ac", "abc"}},
		{"époqeu", "époque", []string{"époque"}},
		{strings.Repeat("a", 65), "", []string{strings.Repeat("a", 64)}},
	}
	for _, tt := range tests {
		got, ok := Nearest(tt.name, tt.names)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Nearest(%q): got %q, %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}

func TestNearestDoesNotDependOnOrder(t *testing.T) {
	word := rapid.StringMatching(`[a-c]{0,5}`)
	rapid.Check(t, func(t *rapid.T) {
		name := word.Draw(t, "name")
		names := rapid.SliceOf(word).Draw(t, "names")
		want, _ := Nearest(name, names)
		if got, _ := Nearest(name, rapid.Permutation(names).Draw(t, "order")); got != want {
			t.Errorf("got %q, then %q", want, got)
		}
	})
}

func TestAlignmentDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"ab", "ba", 1},
		{"ca", "abc", 3}, // 2 without the restriction to optimal string alignment
		{"kitten", "sitting", 3},
	}
	for _, tt := range tests {
		for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := alignmentDistance([]rune(pair[0]), []rune(pair[1])); got != tt.want {
				t.Errorf("distance of %q and %q: got %d, want %d", pair[0], pair[1], got, tt.want)
			}
		}
	}
}
