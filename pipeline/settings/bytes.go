package settings

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes is an amount of memory, written as a whole number with one of the
// units B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024), or
// none for bytes.
type Bytes int64

// byteUnits are in the order in which String prefers them.
var byteUnits = []struct {
	name string
	size int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}, {"", 1},
}

// UnmarshalText reads what String writes.
func (b *Bytes) UnmarshalText(text []byte) error {
	s := string(text)
	digits := strings.TrimRight(s, "BKMGTkib ")
	unit := strings.TrimLeft(s[len(digits):], " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	for _, u := range byteUnits {
		if err != nil || n < 0 || unit != u.name {
			continue
		}
		if n > (1<<63-1)/u.size {
			return fmt.Errorf("%s is more than can be addressed", s)
		}
		*b = Bytes(n * u.size)
		return nil
	}
	return fmt.Errorf("%q is not an amount of memory such as 512MiB or 4GB", s)
}

// MarshalText writes String.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// String uses the largest unit of which b is a whole number.
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return "0B"
}
