package token

import (
	"container/heap"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// FirstByte is the id of the byte 0 in a byte-pair encoding; the other bytes follow.
// The ids before it are for those who use it. FirstMerge is that of the first merge.
const (
	FirstByte  = 2
	FirstMerge = FirstByte + 256
)

// maxChunk is how many bytes are encoded together at most. What is cut is cut there
// always.
const maxChunk = 128

// A Pair is two neighbours that became one.
type Pair [2]int32

// Chunks cuts a text into what is encoded by itself: runs of letters, of digits, or of
// other characters, each with the space before it, and runs of blanks.
func Chunks(text string, chunk func(from, to int)) {
	tell := func(from, to int) {
		for to-from > maxChunk {
			chunk(from, from+maxChunk)
			from += maxChunk
		}
		if to > from {
			chunk(from, to)
		}
	}
	start, of := 0, none
	for i := 0; i < len(text); {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(text[i:])
		}
		k := classOf(r)
		switch {
		case k == of || of == none:
		case of == blanks && text[i-1] == ' ': // goes with what follows
			tell(start, i-1)
			start = i - 1
		default:
			tell(start, i)
			start = i
		}
		i, of = i+n, k
	}
	tell(start, len(text))
}

// A class is what a character is to Chunks.
type class uint8

const (
	none class = iota
	letters
	digits
	blanks
	others
)

func classOf(r rune) class {
	switch {
	case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
		return letters
	case isBlank(r):
		return blanks
	case '0' <= r && r <= '9':
		return digits
	case r < utf8.RuneSelf:
		return others
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return letters
	case unicode.IsNumber(r):
		return digits
	}
	return others
}

// TrainBPE learns merges (Sennrich et al., "Neural Machine Translation of Rare Words
// with Subword Units", 2016) of bytes from chunks and how often each is there: the
// most frequent pair of neighbours becomes one, as often as most says and while a
// pair is there minTimes. Of equally frequent ones that with the smaller first id is
// taken, then that with the smaller second.
func TrainBPE(chunks []Piece, most int, minTimes int64) []Pair {
	t := &bpeTrainer{counts: map[Pair]int64{}, where: map[Pair][]int32{}}
	for _, c := range chunks {
		ids := make([]int32, len(c.Text))
		for i := range len(c.Text) {
			ids[i] = FirstByte + int32(c.Text[i])
		}
		t.words, t.times = append(t.words, ids), append(t.times, c.Times)
		t.count(int32(len(t.words)-1), 1)
	}
	for p, n := range t.counts {
		t.queue = append(t.queue, ranked{n, p})
	}
	heap.Init(&t.queue)
	var merges []Pair
	for len(merges) < most && len(t.queue) > 0 {
		top := heap.Pop(&t.queue).(ranked)
		if n := t.counts[top.pair]; n != top.n { // it has changed since
			if n >= minTimes && n < top.n {
				heap.Push(&t.queue, ranked{n, top.pair})
			}
			continue
		}
		if top.n < max(1, minTimes) {
			break
		}
		t.merge(top.pair, FirstMerge+int32(len(merges)))
		merges = append(merges, top.pair)
	}
	return merges
}

type bpeTrainer struct {
	words [][]int32
	times []int64
	// Of each pair how often it is there, and words that may have it.
	counts map[Pair]int64
	where  map[Pair][]int32
	queue  bpeQueue
	more   map[Pair]bool // pairs that have become more frequent
}

// count adds the pairs of a word, or takes them away.
func (t *bpeTrainer) count(word int32, sign int64) {
	ids := t.words[word]
	for i := 1; i < len(ids); i++ {
		p := Pair{ids[i-1], ids[i]}
		t.counts[p] += sign * t.times[word]
		if sign < 0 {
			continue
		}
		if w := t.where[p]; len(w) == 0 || w[len(w)-1] != word {
			t.where[p] = append(w, word)
		}
		if t.more != nil {
			t.more[p] = true
		}
	}
}

// merge puts an id in place of a pair, wherever it is.
func (t *bpeTrainer) merge(p Pair, id int32) {
	t.more = map[Pair]bool{}
	for _, w := range t.where[p] {
		if !hasPair(t.words[w], p) {
			continue
		}
		t.count(w, -1)
		t.words[w] = merged(t.words[w], p, id)
		t.count(w, 1)
	}
	delete(t.where, p)
	delete(t.counts, p)
	for p := range t.more {
		if n := t.counts[p]; n > 0 {
			heap.Push(&t.queue, ranked{n, p})
		}
	}
}

func hasPair(ids []int32, p Pair) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i-1] == p[0] && ids[i] == p[1] {
			return true
		}
	}
	return false
}

// merged puts an id in place of a pair, from left to right, in the memory of ids.
func merged(ids []int32, p Pair, id int32) []int32 {
	out := ids[:0]
	for i := 0; i < len(ids); i++ {
		if i+1 < len(ids) && ids[i] == p[0] && ids[i+1] == p[1] {
			out = append(out, id)
			i++
		} else {
			out = append(out, ids[i])
		}
	}
	return out
}

// ranked is a pair as frequent as it was when it was put into the queue.
type ranked struct {
	n    int64
	pair Pair
}

// A bpeQueue is a heap with the pair that is merged next.
type bpeQueue []ranked

func (q bpeQueue) Len() int { return len(q) }
func (q bpeQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	switch {
	case a.n != b.n:
		return a.n > b.n
	case a.pair[0] != b.pair[0]:
		return a.pair[0] < b.pair[0]
	}
	return a.pair[1] < b.pair[1]
}
func (q bpeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *bpeQueue) Push(x any)   { *q = append(*q, x.(ranked)) }
func (q *bpeQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// A BPE encodes texts by merges. It may be used by several goroutines.
type BPE struct {
	ranks map[Pair]int32 // the id that a pair becomes
}

// NewBPE checks merges, which may come from anywhere.
func NewBPE(merges []Pair) (*BPE, error) {
	b := &BPE{ranks: make(map[Pair]int32, len(merges))}
	for i, p := range merges {
		id := int32(i + FirstMerge)
		if p[0] < FirstByte || p[1] < FirstByte || p[0] >= id || p[1] >= id {
			return nil, fmt.Errorf("merge %d is of ids that are not there yet", i+1)
		}
		if _, twice := b.ranks[p]; twice {
			return nil, errors.New("two merges are of the same ids")
		}
		b.ranks[p] = id
	}
	return b, nil
}

// PieceOf is the text that an id stands for, which may end within a character; false: there is
// no such id, or none that an Encoder gives.
func PieceOf(merges []Pair, id int) (string, bool) {
	var text []byte
	left := []int{id}
	for len(left) > 0 {
		last := left[len(left)-1]
		left = left[:len(left)-1]
		switch {
		case last < FirstByte || last-FirstMerge >= len(merges) || len(text)+len(left) >= maxChunk:
			return "", false
		case last < FirstMerge:
			text = append(text, byte(last-FirstByte))
		default:
			p := merges[last-FirstMerge]
			left = append(left, int(p[1]), int(p[0]))
		}
	}
	return string(text), true
}

// An Encoder encodes texts with what it remembers of chunks. It is for one goroutine
// at a time.
type Encoder struct {
	of    *BPE
	known map[string][]int32
}

// maxKnown bounds the chunks that an Encoder remembers.
const maxKnown = 1 << 15

// Encoder makes an Encoder.
func (b *BPE) Encoder() *Encoder { return &Encoder{of: b, known: map[string][]int32{}} }

// Append adds the ids of a text.
func (e *Encoder) Append(ids []int32, text string) []int32 {
	Chunks(text, func(from, to int) {
		chunk := text[from:to]
		known, ok := e.known[chunk]
		if !ok {
			known = e.of.encode(chunk)
			if len(e.known) == maxKnown {
				clear(e.known)
			}
			e.known[string([]byte(chunk))] = known // a copy: the text may be of a large table
		}
		ids = append(ids, known...)
	})
	return ids
}

// encode does the merges of a chunk in the order in which they were learned.
func (b *BPE) encode(chunk string) []int32 {
	ids := make([]int32, len(chunk))
	for i := range len(chunk) {
		ids[i] = FirstByte + int32(chunk[i])
	}
	for len(ids) > 1 {
		first, of := int32(-1), Pair{}
		for i := 1; i < len(ids); i++ {
			p := Pair{ids[i-1], ids[i]}
			if id, ok := b.ranks[p]; ok && (first < 0 || id < first) {
				first, of = id, p
			}
		}
		if first < 0 {
			break
		}
		ids = merged(ids, of, first)
	}
	return append([]int32(nil), ids...)
}
