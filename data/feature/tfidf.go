package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/data/token"
)

func tfIdfKind() Kind {
	return Kind{
		Name:    "tf_idf",
		Version: 1,
		Doc:     "How often each word, or n-gram, of the training texts is in a text, weighed by how few texts have it: an input of sparse vectors, which a dense layer takes.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(TFIDF) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[tfIdf](state)
			if err != nil {
				return nil, err
			}
			return f.fitted(), f.check()
		},
	}
}

// TFIDF weighs the n-grams of texts, as TfidfVectorizer of scikit-learn does.
type TFIDF struct {
	Grams
	Norm        Norm `yaml:"norm" default:"l2" doc:"What each vector is divided by: the root of the sum of its squares, its sum, or nothing."`
	UseIDF      bool `yaml:"use_idf" default:"true" doc:"Whether what is in many texts counts less: by 1 + log(texts / texts that have it)."`
	SmoothIDF   bool `yaml:"smooth_idf" default:"true" doc:"Count one text more, which has everything."`
	SublinearTF bool `yaml:"sublinear_tf" default:"false" doc:"Take 1 + log(n) in place of how often something is there."`
}

// A Norm says what vectors are divided by.
type Norm string

const (
	NormL2   Norm = "l2"
	NormL1   Norm = "l1"
	NormNone Norm = "none"
)

// Enum implements settings.Enum.
func (Norm) Enum() []string { return []string{string(NormL2), string(NormL1), string(NormNone)} }

// Fit implements Setting.
func (s *TFIDF) Fit(in *Input) (Fitter, error) {
	return s.fit(in, "tf_idf", func(v gramList, list []token.Piece, texts int64) Fitted {
		f := tfIdf{gramList: v, Norm: s.Norm, SublinearTF: s.SublinearTF}
		if s.UseIDF {
			more := float64(btoi(s.SmoothIDF))
			f.IDF = make([]float64, len(list))
			for i, p := range list {
				f.IDF[i] = exact.Log((float64(texts)+more)/(float64(p.Texts)+more)) + 1
			}
		}
		return f.fitted()
	}), nil
}

// tfIdf is an input of weighed counts.
type tfIdf struct {
	gramList
	Norm        Norm      `json:"norm"`
	SublinearTF bool      `json:"sublinear_tf,omitempty"`
	IDF         []float64 `json:"idf,omitempty"` // by term; none: all are 1
}

func (f tfIdf) fitted() Fitted {
	if f.gramList = f.prepared(); f.Dense {
		return denseTFIDF{f}
	}
	return f
}

func (f tfIdf) check() error {
	if !slices.Contains(f.Norm.Enum(), string(f.Norm)) {
		return fmt.Errorf("unknown norm %.20q", f.Norm)
	}
	if f.IDF != nil && len(f.IDF) != len(f.Terms) || slices.ContainsFunc(f.IDF, func(x float64) bool { return !(math.Abs(x) <= 1e9) }) {
		return errors.New("the weights of terms are no numbers, or not as many")
	}
	return f.gramList.check()
}

func (f tfIdf) weigh(places []int32, counts []float64) {
	var norm float64
	for i, at := range places {
		x := counts[i]
		if f.SublinearTF {
			x = exact.Log(x) + 1
		}
		if f.IDF != nil {
			x *= f.IDF[at]
		}
		if counts[i] = x; f.Norm == NormL1 {
			norm += math.Abs(x)
		} else {
			norm += float64(x * x)
		}
	}
	if f.Norm == NormL2 {
		norm = math.Sqrt(norm)
	}
	if f.Norm == NormNone || norm == 0 {
		return
	}
	for i := range counts {
		counts[i] /= norm
	}
}

// Outputs implements Fitted.
func (tfIdf) Outputs() []Output { return nil }

// Apply implements Fitted.
func (tfIdf) Apply(*Values, *Out) {}

// Input implements Whole.
func (f tfIdf) Input() table.Input { return f.input() }

// Rows implements Whole.
func (f tfIdf) Rows(v *Values, _ *Out) tensor.Rows { return f.sparse(v, f.weigh) }

// denseTFIDF is features of weighed counts.
type denseTFIDF struct{ of tfIdf }

// MarshalJSON writes what it is made of.
func (f denseTFIDF) MarshalJSON() ([]byte, error) { return encode(f.of) }

// Outputs implements Fitted.
func (f denseTFIDF) Outputs() []Output { return f.of.outputs() }

// Apply implements Fitted.
func (f denseTFIDF) Apply(v *Values, out *Out) { f.of.dense(v, out, f.of.weigh) }
