package artifacts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"

	"pipe/base/infile"
)

// An ID names an artifact: the SHA-256 of its bytes. The zero ID means none.
type ID [sha256.Size]byte

// ParseID reads the 64 lower-case hexadecimal digits that String writes. Other
// spellings of the same number are refused, so that an ID has one text form.
func ParseID(s string) (ID, error) {
	var id ID
	if err := id.UnmarshalText([]byte(s)); err != nil {
		return ID{}, err
	}
	return id, nil
}

// Sum returns the ID that the bytes have as an artifact.
func Sum(data []byte) ID { return sha256.Sum256(data) }

// String returns all 64 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Short returns the first 12 hexadecimal digits, for people.
func (id ID) Short() string { return hex.EncodeToString(id[:6]) }

// IsZero reports whether id is the zero ID, which names no artifact.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText returns the same text as String.
func (id ID) MarshalText() ([]byte, error) {
	return hex.AppendEncode(nil, id[:]), nil
}

// UnmarshalText reads what MarshalText wrote, as strictly as ParseID does.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(id)) {
		return fmt.Errorf("artifact ID %q: want %d hexadecimal digits, have %d characters",
			clip(string(text)), hex.EncodedLen(len(id)), len(text))
	}
	// hex takes capitals too, which are the digits without the bit of the small
	// letters. To look at that bit is fast: no branch depends on the text.
	all := byte(0xff)
	for _, c := range text {
		all &= c
	}
	if _, err := hex.Decode(id[:], text); err == nil && all&('a'^'A') != 0 {
		return nil
	}
	bad := bytes.IndexFunc(text, func(c rune) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') })
	return fmt.Errorf("artifact ID %q: %q is not a lower-case hexadecimal digit", clip(string(text)), text[bad])
}

// clip shortens hostile text for an error message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

// HashFile returns the ID and the size that the bytes of a file would have as
// an artifact, without storing them.
func HashFile(ctx context.Context, path string) (ID, int64, error) {
	id, n, _, err := hashFile(ctx, path)
	return id, n, err
}

// hashFile is HashFile, and says what the file was like before it was read.
func hashFile(ctx context.Context, path string) (id ID, n int64, info fs.FileInfo, err error) {
	f, err := infile.Open(path)
	if err != nil {
		return ID{}, 0, nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return ID{}, 0, nil, err
	}
	if id, n, err = hashReader(infile.Reader(ctx, f), info.Size()); err != nil {
		return ID{}, 0, nil, fmt.Errorf("hash %s: %w", path, err)
	}
	return id, n, info, nil
}

// hashReader hashes what is probably size bytes.
func hashReader(r io.Reader, size int64) (id ID, n int64, err error) {
	h := sha256.New()
	// Large enough that system calls do not show beside the hash itself, and
	// for a small file no larger than that it is read by one.
	n, err = io.CopyBuffer(h, struct{ io.Reader }{r}, make([]byte, min(256<<10, max(0, size)+512)))
	h.Sum(id[:0])
	return id, n, err
}
