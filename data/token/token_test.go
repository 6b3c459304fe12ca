package token

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The lower case is that of Python 3.11.
func TestLowerIsThatOfPython(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Hello, WORLD 3": "hello, world 3", "ÀÉÎ": "àéî", "İstanbul": "i̇stanbul",
		"ΟΔΟΣ": "οδος", "ΟΔΟΣ.": "οδος.", "Σ": "σ", "ΑΣ Α": "ας α", "ΑΣΑ": "ασα", "Α'Σ": "α'ς", "ΑΣ'Α": "ασ'α",
		"ẞ": "ß", "ǅ": "ǆ", "Ⅷ": "ⅷ", "𐐀": "𐐨", "K": "k", "Ω": "ω",
	} {
		if got := string(AppendLower(nil, in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestNormal(t *testing.T) {
	all := Normaliser{Form: NFKC, Case: Lower, Strip: true, URLs: "<url>", Names: "<user>", Digits: "<num>", Blanks: true}
	for _, c := range []struct {
		n        Normaliser
		in, want string
	}{
		{all, "  Ça va,\t\n ÉCOLE\x00 ﬁn ", "ca va, ecole fin"},
		{all, "See https://x.org/a?b=1, or (WWW.Y.DE).", "see <url>, or (<url>)."},
		{all, "@you and me@you.de @ @_", "<user> and me@you.de @ <user>"},
		{all, "3 of 1,000.5, in 3rd v2 ٣", "<num> of <num>, in 3rd v2 <num>"},
		{all, "http:// www. https://", "http:// www. https://"},
		{all, "a\xffb", "a\ufffdb"},
		{Normaliser{Form: NFC, Case: Fold}, "Straße \u0041\u030a", "strasse å"},
		{Normaliser{Form: None, Case: Keep}, " A\u030a ﬁ ", " A\u030a ﬁ "},
		{Normaliser{Form: NFC, Case: Keep, Strip: true}, "Ångström ñ ø", "Angstrom n ø"},
	} {
		if got := c.n.Normal(c.in); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		in          string
		punctuation bool
		want        []string
	}{
		{"I don't know, O’Neil's 3.5", false, []string{"I", "don't", "know", "O’Neil's", "3", "5"}},
		{"so!! 'quoted' a_b 👍🏽", true, []string{"so", "!", "!", "'", "quoted", "'", "a_b", "👍", "🏽"}},
		{"e\u0301te\u0301 \u0301", false, []string{"e\u0301te\u0301"}},
		{"", true, nil},
	} {
		var got []string
		Words(c.in, c.punctuation, func(from, to int) { got = append(got, c.in[from:to]) })
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.in, diff)
		}
	}
}

// Counts are exact whether pieces fit into memory or not, and a vocabulary is chosen
// by them.
func TestCounterSpills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.SliceOf(rapid.StringMatching(`[a-c]{0,3}`)), 1, 20).Draw(t, "texts")
		most := rapid.IntRange(0, 8).Draw(t, "most")
		c := NewCounter(nil)
		defer c.Close()
		c.held = rapid.IntRange(0, 600).Draw(t, "held")
		want := map[string]*Piece{}
		for _, text := range texts {
			tally := NewTally()
			tally.Text()
			seen := map[string]bool{}
			for _, word := range text {
				tally.Add([]byte(word))
				if want[word] == nil {
					want[word] = &Piece{Text: word}
				}
				want[word].Times++
				if !seen[word] {
					want[word].Texts++
				}
				seen[word] = true
			}
			if err := c.Take(tally); err != nil {
				t.Fatal(err)
			}
		}
		var list []Piece
		for _, p := range want {
			if p.Times >= 2 {
				list = append(list, *p)
			}
		}
		slices.SortFunc(list, func(a, b Piece) int {
			if a.Times != b.Times {
				return int(b.Times - a.Times)
			}
			return strings.Compare(a.Text, b.Text)
		})
		if most > 0 && len(list) > most {
			list = list[:most]
		}
		slices.SortFunc(list, func(a, b Piece) int { return strings.Compare(a.Text, b.Text) })
		got, err := c.Choose(Choice{MinTimes: 2, Most: most, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, got); len(list)+len(got) > 0 && diff != "" {
			t.Fatal(diff)
		}
		if c.Texts != int64(len(texts)) {
			t.Fatalf("%d texts", c.Texts)
		}
	})
}

func TestChooseHasALimit(t *testing.T) {
	c := NewCounter(nil)
	tally := NewTally()
	for i := range 5 {
		tally.Add(fmt.Append(nil, i))
	}
	if err := c.Take(tally); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Choose(Choice{Limit: 4}); err == nil || err.Error() != "more than 4 pieces" {
		t.Errorf("error %v", err)
	}
}

// Whatever the bytes are, pieces are valid text and no character is cut.
func FuzzPieces(f *testing.F) {
	for _, s := range []string{"", "Hello, WORLD", "\xff\xfe a\xc3", "e\u0301 \u0000\u200d 👩‍👩‍👧", "ΑΣ'", strings.Repeat("a", 3000), "http://\xff @\xff 3,\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := Normaliser{Form: NFKC, Case: Fold, Strip: true, URLs: "u", Names: "m", Digits: "0", Blanks: true}
		if got := n.Normal(s); !utf8.ValidString(got) || strings.HasPrefix(got, " ") || strings.HasSuffix(got, " ") {
			t.Errorf("%q becomes %q", s, got)
		}
		text := Valid(s)
		last := 0
		Words(text, true, func(from, to int) {
			if from < last || to <= from || !utf8.ValidString(text[from:to]) {
				t.Errorf("%q has a word from %d to %d", text, from, to)
			}
			last = to
		})
		var whole strings.Builder
		Chunks(s, func(from, to int) { whole.WriteString(s[from:to]) })
		if whole.String() != s {
			t.Errorf("%q is cut into %q", s, whole.String())
		}
		for _, unit := range []Unit{Word, Char, CharWB} {
			a := Analyser{Unit: unit, Min: 1, Max: 3, Lower: true}
			a.Analyse(s, func(gram []byte) {
				if !utf8.Valid(gram) || len(gram) == 0 {
					t.Errorf("%q has the %s %q", s, unit, gram)
				}
			})
		}
	})
}
