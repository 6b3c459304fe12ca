package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/artifacts"
)

// keySchema is the version of what a key is made of and how. Raising it makes
// every cached result a miss.
const keySchema = "1"

// A KeyContributor is a Stage whose outputs depend on more than configuration,
// inputs and seed: on the version of a part of this program that it uses. What it
// returns follows from its settings, and becomes part of the key, with "stage." in
// front of the names, which are distinct.
type KeyContributor interface {
	KeyParts() []artifacts.KeyPart
}

// A PrivateKeyContributor is a Stage whose outputs depend on its surroundings, on
// environment variables that it declares. The values may be nobody's business: what
// becomes part of the key are hashes of them that are keyed by a secret of the
// store, and so the key differs from store to store. It is asked before each look-up
// in the cache.
type PrivateKeyContributor interface {
	PrivateKeyParts() []artifacts.KeyPart
}

// Key is the key of a step whose inputs are the given artifacts, by port, and
// the parts that it is made of. Their names are
//
//	key_schema     version of this list and of the encoding
//	kind           kind of the stage
//	version        version of the kind
//	config         canonical JSON of the configuration
//	input.PORT     artifact ID on each connected port and of each external file, by port
//	seed           derived seed of the stage, decimal; only if the kind is seeded
//	engine         numeric class of where it is placed; only if there is one
//	stage.NAME     what the stage itself adds, see KeyContributor
//
// An edge that names its artifact needs no entry.
// A port without an artifact is a mistake of the caller and panics, since a
// key without it could hit the result of other inputs. secret is the key of the
// hashes of what a PrivateKeyContributor returns.
func (s *Step) Key(inputs map[string]artifacts.ID, on Placement, secret []byte) (artifacts.Key, []artifacts.KeyPart) {
	parts := []artifacts.KeyPart{
		{Name: "key_schema", Value: keySchema},
		{Name: "kind", Value: s.Kind.Name},
		{Name: "version", Value: strconv.Itoa(s.Kind.Version)},
		{Name: "config", Value: string(s.Config)},
	}
	first := len(parts)
	input := func(port string, id artifacts.ID) {
		if given, ok := inputs[port]; ok {
			id = given
		}
		if id.IsZero() {
			panic(fmt.Sprintf("pipeline: key of step %s: no artifact on %s", s.Name, port))
		}
		parts = append(parts, artifacts.KeyPart{Name: "input." + port, Value: id.String()})
	}
	for _, e := range s.Inputs {
		input(e.Port, e.Artifact)
	}
	for _, f := range s.Files {
		input(f.Port, artifacts.ID{})
	}
	sortParts(parts[first:])
	if s.Seeded() {
		parts = append(parts, artifacts.KeyPart{Name: "seed", Value: strconv.FormatUint(s.Seed, 10)})
	}
	if class := on.Of(s.Kind); class != "" {
		parts = append(parts, artifacts.KeyPart{Name: "engine", Value: class})
	}
	first = len(parts)
	if c, ok := s.Stage.(KeyContributor); ok {
		for _, p := range c.KeyParts() {
			parts = append(parts, artifacts.KeyPart{Name: "stage." + p.Name, Value: p.Value})
		}
	}
	if c, ok := s.Stage.(PrivateKeyContributor); ok {
		for _, p := range c.PrivateKeyParts() {
			parts = append(parts, artifacts.KeyPart{Name: "stage." + p.Name, Value: keyedHash(secret, p)})
		}
	}
	sortParts(parts[first:])
	return artifacts.KeyOf(parts), parts
}

// keyedHash stands for the value of a part. Without the secret nobody can find out
// a short value by trying, neither from the part nor from the key.
func keyedHash(secret []byte, p artifacts.KeyPart) string {
	h := hmac.New(sha256.New, secret)
	h.Write(artifacts.EncodeParts([]artifacts.KeyPart{p}))
	return "hmac-sha256:" + hex.EncodeToString(h.Sum(nil))
}

func sortParts(parts []artifacts.KeyPart) {
	slices.SortFunc(parts, func(a, b artifacts.KeyPart) int { return strings.Compare(a.Name, b.Name) })
}
