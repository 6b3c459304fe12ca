package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
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

// A Key identifies what a step would make: two steps with one key make the
// same bytes. It is not an artifacts.ID, which identifies bytes that exist.
type Key [sha256.Size]byte

// String is the key as 64 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Short is the first 12 digits of String, for people.
func (k Key) Short() string { return k.String()[:12] }

// A KeyPart is one of the named values that a key is made of. The names are
//
//	key_schema     version of this list and of the encoding
//	kind           kind of the stage
//	version        version of the kind
//	config         canonical JSON of the configuration
//	input.PORT     artifact ID on each connected port and of each external file, by port
//	seed           derived seed of the stage, decimal; only if the kind is seeded
//	engine         numeric class; only if the kind names one
//	stage.NAME     what the stage itself adds, see KeyContributor
type KeyPart struct{ Name, Value string }

// A KeyContributor is a Stage whose outputs depend on more than configuration,
// inputs and seed: on the version of a part of this program that it uses. What it
// returns follows from its settings, and becomes part of the key, with "stage." in
// front of the names, which are distinct.
type KeyContributor interface {
	KeyParts() []KeyPart
}

// A PrivateKeyContributor is a Stage whose outputs depend on its surroundings, on
// environment variables that it declares. The values may be nobody's business: what
// becomes part of the key are hashes of them that are keyed by a secret of the
// store, and so the key differs from store to store. It is asked before each look-up
// in the cache.
type PrivateKeyContributor interface {
	PrivateKeyParts() []KeyPart
}

// Key is the key of a step whose inputs are the given artifacts, by port; the
// parts are what it is made of. An edge that names its artifact needs no entry.
// A port without an artifact is a mistake of the caller and panics, since a
// key without it could hit the result of other inputs. secret is the key of the
// hashes of what a PrivateKeyContributor returns.
func (s *Step) Key(inputs map[string]artifacts.ID, secret []byte) (Key, []KeyPart) {
	parts := []KeyPart{
		{"key_schema", keySchema},
		{"kind", s.Kind.Name},
		{"version", strconv.Itoa(s.Kind.Version)},
		{"config", string(s.Config)},
	}
	first := len(parts)
	input := func(port string, id artifacts.ID) {
		if given, ok := inputs[port]; ok {
			id = given
		}
		if id.IsZero() {
			panic(fmt.Sprintf("pipeline: key of step %s: no artifact on %s", s.Name, port))
		}
		parts = append(parts, KeyPart{"input." + port, id.String()})
	}
	for _, e := range s.Inputs {
		input(e.Port, e.Artifact)
	}
	for _, f := range s.Files {
		input(f.Port, artifacts.ID{})
	}
	sortParts(parts[first:])
	if s.Kind.Seeded {
		parts = append(parts, KeyPart{"seed", strconv.FormatUint(s.Seed, 10)})
	}
	if s.Kind.Engine != "" {
		parts = append(parts, KeyPart{"engine", s.Kind.Engine})
	}
	first = len(parts)
	if c, ok := s.Stage.(KeyContributor); ok {
		for _, p := range c.KeyParts() {
			parts = append(parts, KeyPart{"stage." + p.Name, p.Value})
		}
	}
	if c, ok := s.Stage.(PrivateKeyContributor); ok {
		for _, p := range c.PrivateKeyParts() {
			parts = append(parts, KeyPart{"stage." + p.Name, keyedHash(secret, p)})
		}
	}
	sortParts(parts[first:])
	return KeyOf(parts), parts
}

// keyedHash stands for the value of a part. Without the secret nobody can find out
// a short value by trying, neither from the part nor from the key.
func keyedHash(secret []byte, p KeyPart) string {
	h := hmac.New(sha256.New, secret)
	h.Write(encodeParts([]KeyPart{p}))
	return "hmac-sha256:" + hex.EncodeToString(h.Sum(nil))
}

func sortParts(parts []KeyPart) {
	slices.SortFunc(parts, func(a, b KeyPart) int { return strings.Compare(a.Name, b.Name) })
}

// KeyOf is the key that is made of the parts: SHA-256 over their encoding.
func KeyOf(parts []KeyPart) Key { return sha256.Sum256(encodeParts(parts)) }

// encodeParts writes the number of parts, then of each part the length of the
// name, the name, the length of the value and the value; numbers are eight
// bytes, big endian. It can be read back, so no two lists encode alike.
func encodeParts(parts []KeyPart) []byte {
	size := 8
	for _, p := range parts {
		size += 16 + len(p.Name) + len(p.Value)
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, size), uint64(len(parts)))
	for _, p := range parts {
		for _, text := range []string{p.Name, p.Value} {
			b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
			b = append(b, text...)
		}
	}
	return b
}
