package feature

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/data/token"
)

// Ids that are no word.
const (
	paddingID = 0 // fills up rows to a length
	unknownID = 1 // of words that the vocabulary does not have
	firstID   = 2
)

func wordsKind() Kind {
	return Kind{
		Name:    "words",
		Version: 1,
		Doc:     "An input of the ids of words, for an embedding: 0 is padding, 1 a word that the vocabulary does not have, and from 2 on the words of training come, the most frequent ones first.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(Words) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[wordIDs](state)
			if err != nil {
				return nil, err
			}
			return f.prepared(), f.check()
		},
	}
}

// Words makes ids of words.
type Words struct {
	MinFrequency int           `yaml:"min_frequency" default:"1" min:"1" doc:"Rarer words, by their number in all texts of training, share the id 1."`
	MaxSize      int           `yaml:"max_size" default:"0" min:"0" max:"1048576" doc:"How many ids there are at most, 0 and 1 counted: what an embedding has as its vocabulary. The most frequent words are taken, of equals those that sort first. 0 is no limit but 1048576."`
	Lowercase    bool          `yaml:"lowercase" default:"true" doc:"Whether words count without their case."`
	Punctuation  bool          `yaml:"punctuation" default:"false" doc:"Whether characters such as ! and emoji are words, too."`
	Length       int           `yaml:"length" default:"0" min:"0" max:"65536" doc:"How many ids a row has at most. 0 is no limit: a network looks at as many as the longest row of training has. A batch takes as long as its own longest row, if no layer needs them all."`
	Truncate     token.TextEnd `yaml:"truncate" default:"end" doc:"The end that is cut off of longer rows."`
	Pad          token.Padding `yaml:"pad" default:"none" doc:"The end at which shorter rows are filled up with 0 to length. With none rows have their own lengths, which layers know; behind an embedding with padding: 0 those that are padded at the end are known, too."`
}

// Validate finds settings that contradict each other.
func (s *Words) Validate() error { return checkPadding(s.Pad, s.Length) }

func checkPadding(pad token.Padding, length int) error {
	if pad != "" && pad != token.PadNone && length == 0 {
		return AtField(&SpecError{Setting: "pad", Msg: "nothing says to which length rows are filled up", Fix: "add `length: 64`"})
	}
	return nil
}

// Fit implements Setting.
func (s *Words) Fit(in *Input) (Fitter, error) {
	f := &wordsFitter{s: s}
	f.counting = in.counting(func() func(string, func([]byte)) {
		var lower []byte
		return func(text string, word func([]byte)) {
			text = token.Valid(text)
			if s.Lowercase {
				lower = token.AppendLower(lower[:0], text)
				text = string(lower)
			}
			token.Words(text, s.Punctuation, func(from, to int) { word([]byte(text[from:to])) })
		}
	})
	return f, nil
}

type wordsFitter struct {
	*counting
	s *Words
}

// Done implements Fitter.
func (f *wordsFitter) Done() (Fitted, error) {
	how := token.Choice{MinTimes: int64(f.s.MinFrequency), Most: cmp.Or(f.s.MaxSize, maxPieces) - firstID}
	if how.Most < 1 {
		return nil, f.in.Errorf("chain", "write `words: {max_size: 20000}`", "max_size is %d, which is no more than the ids of padding and unknown words", f.s.MaxSize)
	}
	pieces, err := f.choose("words", "max_size", how)
	if err != nil {
		return nil, err
	}
	if len(pieces) == 0 {
		return nil, f.in.Errorf("chain", "lower `min_frequency`, or leave the column out", "its texts have no words that are frequent enough")
	}
	slices.SortStableFunc(pieces, func(a, b token.Piece) int { return cmp.Compare(b.Times, a.Times) })
	out := wordIDs{Lowercase: f.s.Lowercase, Punctuation: f.s.Punctuation, sequence: sequence{f.s.Length, f.s.Truncate, f.s.Pad}}
	for _, p := range pieces {
		out.Words = append(out.Words, p.Text)
	}
	return out.prepared(), nil
}

// wordIDs are the words that were learned, from id 2 on.
type wordIDs struct {
	Lowercase   bool     `json:"lowercase"`
	Punctuation bool     `json:"punctuation"`
	sequence             // how long rows are
	Words       []string `json:"words"`

	ids map[string]int32
}

func (f wordIDs) prepared() wordIDs {
	f.ids = make(map[string]int32, len(f.Words))
	for i, w := range f.Words {
		f.ids[w] = int32(i + firstID)
	}
	return f
}

func (f wordIDs) check() error {
	if len(f.Words) == 0 || len(f.Words) > maxPieces {
		return fmt.Errorf("%d words", len(f.Words))
	}
	return f.sequence.check()
}

// Outputs implements Fitted.
func (wordIDs) Outputs() []Output { return nil }

// Apply implements Fitted.
func (wordIDs) Apply(*Values, *Out) {}

// Input implements Whole.
func (f wordIDs) Input() table.Input { return f.input(firstID + len(f.Words)) }

// Rows implements Whole.
func (f wordIDs) Rows(v *Values, _ *Out) tensor.Rows {
	var lower []byte
	return f.rows(v, func(text string, ids []int32) []int32 {
		text = token.Valid(text)
		if f.Lowercase {
			lower = token.AppendLower(lower[:0], text)
			token.Words(string(lower), f.Punctuation, func(from, to int) {
				ids = append(ids, f.id(string(lower[from:to])))
			})
			return ids
		}
		token.Words(text, f.Punctuation, func(from, to int) { ids = append(ids, f.id(text[from:to])) })
		return ids
	})
}

func (f *wordIDs) id(word string) int32 {
	if id, ok := f.ids[word]; ok {
		return id
	}
	return unknownID
}

// A sequence is how long rows of ids are.
type sequence struct {
	Length   int           `json:"length,omitempty"` // at most; 0 is no limit
	Truncate token.TextEnd `json:"truncate,omitempty"`
	Pad      token.Padding `json:"pad,omitempty"`
}

func (s sequence) check() error {
	if s.Length < 0 || s.Length > 1<<16 || s.padded() && s.Length == 0 {
		return errors.New("rows of ids have no length")
	}
	if !slices.Contains(append(s.Truncate.Enum(), ""), string(s.Truncate)) || !slices.Contains(append(s.Pad.Enum(), ""), string(s.Pad)) {
		return errors.New("rows of ids are neither cut nor filled up")
	}
	return nil
}

func (s sequence) padded() bool { return s.Pad != "" && s.Pad != token.PadNone }

// input is what rows of so many ids are.
func (s sequence) input(size int) table.Input {
	steps := tensor.Ragged
	if s.padded() {
		steps = s.Length
	}
	return table.Input{Kind: table.Tokens, Type: tensor.I32, Shape: []int{steps}, Size: size}
}

// rows makes ids of texts.
func (s sequence) rows(v *Values, add func(text string, ids []int32) []int32) tensor.Rows {
	rows := tensor.Rows{I32: []int32{}}
	if !s.padded() {
		rows.Ends = make([]int, 0, v.Len())
	}
	var ids []int32
	for row := range v.Len() {
		ids = add(v.document(row), ids[:0])
		if over := len(ids) - s.Length; s.Length > 0 && over > 0 {
			if s.Truncate == token.Start {
				ids = ids[over:]
			} else {
				ids = ids[:s.Length]
			}
		}
		if !s.padded() {
			rows.I32 = append(rows.I32, ids...)
			rows.Ends = append(rows.Ends, len(rows.I32))
			continue
		}
		zeros := make([]int32, s.Length-len(ids))
		if s.Pad == token.PadStart {
			rows.I32 = append(append(rows.I32, zeros...), ids...)
		} else {
			rows.I32 = append(append(rows.I32, ids...), zeros...)
		}
	}
	return rows
}
