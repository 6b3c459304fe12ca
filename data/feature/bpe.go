package feature

import (
	"encoding/json"
	"sync"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/data/token"
)

func bpeKind() Kind {
	return Kind{
		Name:    "bpe",
		Version: 1,
		Doc:     "An input of the ids of parts of words, for an embedding: a byte-pair encoding that is learned from the training texts. 0 is padding, 1 is never there, 2 to 257 are the bytes, so that no text is unknown, and from 258 on frequent parts come, in the order in which they were learned.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(BPE) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[pairIDs](state)
			if err != nil {
				return nil, err
			}
			if err := f.sequence.check(); err != nil {
				return nil, err
			}
			return f.prepared()
		},
	}
}

// BPE makes ids of parts of words.
type BPE struct {
	MaxSize      int           `yaml:"max_size" default:"8000" min:"258" max:"1048576" doc:"How many ids there are at most, with the 258 of padding, unknown and bytes: what an embedding has as its vocabulary."`
	MinFrequency int           `yaml:"min_frequency" default:"2" min:"1" doc:"Parts that are rarer in all texts of training are not put together."`
	Length       int           `yaml:"length" default:"0" min:"0" max:"65536" doc:"How many ids a row has at most. 0 is no limit: a network looks at as many as the longest row of training has. A batch takes as long as its own longest row, if no layer needs them all."`
	Truncate     token.TextEnd `yaml:"truncate" default:"end" doc:"The end that is cut off of longer rows."`
	Pad          token.Padding `yaml:"pad" default:"none" doc:"The end at which shorter rows are filled up with 0 to length. With none rows have their own lengths, which layers know."`
}

// Validate finds settings that contradict each other.
func (s *BPE) Validate() error { return checkPadding(s.Pad, s.Length) }

// Fit implements Setting.
func (s *BPE) Fit(in *Input) (Fitter, error) {
	f := &bpeFitter{s: s}
	f.counting = in.counting(func() func(string, func([]byte)) {
		return func(text string, chunk func([]byte)) {
			token.Chunks(text, func(from, to int) { chunk([]byte(text[from:to])) })
		}
	})
	return f, nil
}

type bpeFitter struct {
	*counting
	s *BPE
}

// Done implements Fitter.
func (f *bpeFitter) Done() (Fitted, error) {
	chunks, err := f.choose("bpe", "min_frequency", token.Choice{Most: maxPieces}) // rarer ones teach nothing
	if err != nil {
		return nil, err
	}
	if len(chunks) == 0 {
		return nil, f.in.Errorf("chain", "leave the column out", "its texts are empty")
	}
	out := pairIDs{sequence: sequence{f.s.Length, f.s.Truncate, f.s.Pad}}
	out.Merges = token.TrainBPE(chunks, f.s.MaxSize-token.FirstMerge, int64(f.s.MinFrequency))
	return out.prepared()
}

// pairIDs are merges that were learned.
type pairIDs struct {
	sequence              // how long rows are
	Merges   []token.Pair `json:"merges"`

	encoders *sync.Pool
}

func (f pairIDs) prepared() (Fitted, error) {
	bpe, err := token.NewBPE(f.Merges)
	if err != nil {
		return nil, err
	}
	f.encoders = &sync.Pool{New: func() any { return bpe.Encoder() }}
	return f, nil
}

// Outputs implements Fitted.
func (pairIDs) Outputs() []Output { return nil }

// Apply implements Fitted.
func (pairIDs) Apply(*Values, *Out) {}

// Input implements Whole.
func (f pairIDs) Input() table.Input { return f.input(token.FirstMerge + len(f.Merges)) }

// Rows implements Whole.
func (f pairIDs) Rows(v *Values, _ *Out) tensor.Rows {
	e := f.encoders.Get().(*token.Encoder)
	defer f.encoders.Put(e)
	return f.rows(v, func(text string, ids []int32) []int32 { return e.Append(ids, text) })
}
