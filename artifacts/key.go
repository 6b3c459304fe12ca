package artifacts

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// A Key identifies work: two pieces of work with one key make the same
// artifacts. It is not an ID, which identifies bytes that exist. The zero Key
// means unknown.
type Key [sha256.Size]byte

// A KeyPart is one of the named values that a key is made of.
type KeyPart struct{ Name, Value string }

// String is the key as 64 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Short is the first 12 digits of String, for people.
func (k Key) Short() string { return k.String()[:12] }

// IsZero reports whether k is the zero Key, which identifies nothing.
func (k Key) IsZero() bool { return k == Key{} }

// MarshalText returns the same text as String.
func (k Key) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// ParseKey reads what String writes.
func ParseKey(s string) (k Key, err error) {
	err = k.UnmarshalText([]byte(s))
	return k, err
}

// UnmarshalText reads what MarshalText wrote.
func (k *Key) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(k)) {
		return fmt.Errorf("key %q has not %d digits", clip(string(text)), hex.EncodedLen(len(k)))
	}
	_, err := hex.Decode(k[:], text)
	return err
}

// KeyOf is the key that is made of the parts: SHA-256 over their encoding.
func KeyOf(parts []KeyPart) Key { return sha256.Sum256(EncodeParts(parts)) }

// EncodeParts writes the number of parts, then of each part the length of the
// name, the name, the length of the value and the value; numbers are eight
// bytes, big endian. It can be read back, so no two lists encode alike.
func EncodeParts(parts []KeyPart) []byte {
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
