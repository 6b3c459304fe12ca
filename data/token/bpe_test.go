package token

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func chunksOf(text string) (list []string) {
	Chunks(text, func(from, to int) { list = append(list, text[from:to]) })
	return list
}

func TestChunks(t *testing.T) {
	for in, want := range map[string][]string{
		"":                            nil,
		"Hello world!!  x":            {"Hello", " world", "!!", " ", " x"},
		" don't 3rd\n\n10% ":          {" don", "'", "t", " 3", "rd", "\n\n", "10", "%", " "},
		"e\u0301té \U0001f44d":        {"e\u0301té", " \U0001f44d"},
		"\t\t a":                      {"\t\t", " a"},
		strings.Repeat("a", 300):      {strings.Repeat("a", 128), strings.Repeat("a", 128), strings.Repeat("a", 44)},
		"\xff\xfea":                   {"\xff\xfe", "a"},
		"  " + strings.Repeat(" ", 1): {"   "},
	} {
		if diff := cmp.Diff(want, chunksOf(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

// decoded is the bytes that ids stand for.
func decoded(ids []int32, merges []Pair) string {
	var b strings.Builder
	var write func(id int32)
	write = func(id int32) {
		if id < FirstMerge {
			b.WriteByte(byte(id - FirstByte))
			return
		}
		write(merges[id-FirstMerge][0])
		write(merges[id-FirstMerge][1])
	}
	for _, id := range ids {
		write(id)
	}
	return b.String()
}

// slowBPE learns merges by counting all pairs before each.
func slowBPE(chunks []Piece, most int, minTimes int64) (merges []Pair, words [][]int32) {
	for _, c := range chunks {
		var ids []int32
		for i := range len(c.Text) {
			ids = append(ids, FirstByte+int32(c.Text[i]))
		}
		words = append(words, ids)
	}
	for len(merges) < most {
		counts := map[Pair]int64{}
		for w, ids := range words {
			for i := 1; i < len(ids); i++ {
				counts[Pair{ids[i-1], ids[i]}] += chunks[w].Times
			}
		}
		var best Pair
		n := int64(0)
		for p, c := range counts {
			if c > n || c == n && (p[0] < best[0] || p[0] == best[0] && p[1] < best[1]) {
				best, n = p, c
			}
		}
		if n < max(1, minTimes) {
			break
		}
		for w := range words {
			words[w] = merged(words[w], best, FirstMerge+int32(len(merges)))
		}
		merges = append(merges, best)
	}
	return merges, words
}

// Merges are those of an implementation without any cleverness, the encoding of a
// chunk of training is what it became there, and nothing is lost of any text.
func TestBPE(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab \x{e9}]{0,9}`), 1, 12, rapid.ID[string]).Draw(t, "texts")
		var chunks []Piece
		for _, s := range texts {
			chunks = append(chunks, Piece{s, Count{Times: int64(rapid.IntRange(1, 4).Draw(t, "times"))}})
		}
		most, least := rapid.IntRange(0, 30).Draw(t, "most"), int64(rapid.IntRange(0, 4).Draw(t, "least"))
		merges := TrainBPE(chunks, most, least)
		want, words := slowBPE(chunks, most, least)
		if diff := cmp.Diff(want, merges); diff != "" {
			t.Fatal(diff)
		}
		b, err := NewBPE(merges)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range chunks {
			if got := b.encode(c.Text); !slices.Equal(got, words[i]) {
				t.Fatalf("%q is %v, want %v", c.Text, got, words[i])
			}
		}
		text := rapid.String().Draw(t, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + "abab"
		if got := decoded(b.Encoder().Append(nil, text), merges); got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
	})
}

func TestDamagedMerges(t *testing.T) {
	for _, list := range [][]Pair{{{1, 5}}, {{5, 1}}, {{258, 5}}, {{5, 9000}}, {{5, 5}, {5, 5}}} {
		if _, err := NewBPE(list); err == nil {
			t.Errorf("%v was taken", list)
		}
	}
}

// Merges that somebody has made up, each of the one before twice, would be a text without end.
func TestPieceOfAnEndlessMerge(t *testing.T) {
	merges := []Pair{{FirstByte + 'a', FirstByte + 'b'}}
	for i := range 1000 {
		merges = append(merges, Pair{int32(FirstMerge + i), int32(FirstMerge + i)})
	}
	for id, want := range map[int]string{FirstByte + 'x': "x", FirstMerge: "ab", FirstMerge + 2: "abababab", FirstMerge + 1000: "", 0: "", FirstMerge + 5000: "", -3: ""} {
		if got, ok := PieceOf(merges, id); got != want || ok != (want != "") {
			t.Errorf("id %d is %q, %v", id, got, ok)
		}
	}
}
