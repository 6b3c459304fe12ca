package feature

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
)

func hashKind() Kind {
	return Kind{
		Name:    "hash",
		Version: 1,
		Doc:     "A feature for each of a fixed number of buckets, into which categories are divided by a hash, so that nothing has to be learned and none is unseen. Several categories share a bucket. A missing value is in none.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(Hash) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[hashed](state)
			if err == nil && (f.Buckets < 2 || f.Buckets > maxOneHot) {
				err = fmt.Errorf("%d buckets", f.Buckets)
			}
			return f, err
		},
	}
}

// A Hash divides categories into buckets, as the FeatureHasher of scikit-learn does.
type Hash struct {
	Buckets int  `yaml:"buckets" short:"true" default:"32" min:"2" max:"4096" doc:"How many features there are. The bucket of a category is the rest of the magnitude of MurmurHash3 (x86, 32 bits, seed 0) of its text in UTF-8, as in the FeatureHasher of scikit-learn."`
	Signed  bool `yaml:"signed" default:"false" doc:"Set -1 in place of 1 where the hash is negative, so that categories which share a bucket cancel out in the mean."`
}

// Fit implements Setting.
func (s *Hash) Fit(*Input) (Fitter, error) { return Fixed(hashed{s.Buckets, s.Signed}), nil }

type hashed struct {
	Buckets int  `json:"buckets"`
	Signed  bool `json:"signed,omitempty"`
}

// Outputs implements Fitted.
func (f hashed) Outputs() []Output {
	list := make([]Output, f.Buckets)
	for i := range list {
		list[i].Suffix = fmt.Sprintf("#%d", i)
	}
	return list
}

// Apply implements Fitted.
func (f hashed) Apply(v *Values, out *Out) {
	for row := range v.Len() {
		text, ok := v.Text(row)
		if !ok {
			continue
		}
		h := int64(int32(murmur3(text)))
		value := float32(1)
		if f.Signed && h < 0 {
			value = -1
		}
		out.Set(row, int(max(h, -h)%int64(f.Buckets)), value)
	}
}

// murmur3 is MurmurHash3 for x86 with 32 bits and seed 0 (A. Appleby).
func murmur3(text string) uint32 {
	mix := func(k uint32) uint32 { return bits.RotateLeft32(k*0xcc9e2d51, 15) * 0x1b873593 }
	n, h := len(text), uint32(0)
	for ; len(text) >= 4; text = text[4:] {
		h = bits.RotateLeft32(h^mix(uint32(text[0])|uint32(text[1])<<8|uint32(text[2])<<16|uint32(text[3])<<24), 13)*5 + 0xe6546b64
	}
	var tail [4]byte
	copy(tail[:], text)
	h ^= mix(binary.LittleEndian.Uint32(tail[:])) // of nothing it is 0
	h ^= uint32(n)
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}
