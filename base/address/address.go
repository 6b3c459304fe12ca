// Package address reads the addresses of files that servers have:
//
//	https://host/data.csv#sha256=0f3a...
//
// What stands behind the # says which bytes are meant, as in requirements of pip; it
// is not sent. No message of the package has more of an address than may be shown.
package address

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"pipe/base/diag"
)

// An Address is one that was read.
type Address struct {
	Sum [sha256.Size]byte // SHA-256 of what is meant; zero if the address does not say it

	url *url.URL // without user and fragment
}

// Pin begins the part of an address that says which bytes are meant; 64 hexadecimal
// digits follow.
const Pin = "#sha256="

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// Is says whether a text is meant as an address, and not as a path.
func Is(text string) bool { return scheme.MatchString(text) }

// Parse reads an address. Its errors do not repeat it.
func Parse(text string) (Address, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Address{}, errors.New("it is not a URL") // the error of the package repeats it
	case u.Scheme != "https" && u.Scheme != "http":
		return Address{}, diag.WithHint(errors.New("it is a URL that begins with neither https:// nor http://"),
			"download the file yourself, or give a URL for which a browser downloads it")
	case u.Hostname() == "":
		return Address{}, errors.New("it is a URL without a server")
	case u.User != nil:
		return Address{}, diag.WithHint(errors.New("it holds a user name or a password, which would be stored"),
			"take it out, and name the environment variable that holds what lets in: header_env: {Authorization: Bearer VARIABLE}")
	}
	a := Address{url: u}
	if a.Sum, err = sumOf(u.Fragment); err != nil {
		return Address{}, err
	}
	u.Fragment, u.RawFragment = "", ""
	return a, nil
}

func sumOf(fragment string) (sum [sha256.Size]byte, err error) {
	if fragment == "" {
		return sum, nil
	}
	digits, ok := strings.CutPrefix("#"+fragment, Pin)
	if b, err := hex.DecodeString(digits); ok && err == nil && len(b) == len(sum) && [sha256.Size]byte(b) != sum {
		return [sha256.Size]byte(b), nil
	}
	return sum, diag.WithHint(errors.New("what stands behind its # is no SHA-256"), fmt.Sprintf("write %s and 64 digits, 0 to 9 and a to f, or nothing", Pin))
}

// IsPinned says whether the address says which bytes are meant.
func (a Address) IsPinned() bool { return a.Sum != [sha256.Size]byte{} }

// URL is what is asked for. It may hold what nobody is to see.
func (a Address) URL() string { return a.url.String() }

// Server is where the file is: https://host:port.
func (a Address) Server() string { return (&url.URL{Scheme: a.url.Scheme, Host: a.url.Host}).String() }

// Path is the file on its server, which may be shown: with its query, as String has
// it.
func (a Address) Path() string { return strings.TrimPrefix(a.String(), a.Server()) }

// String is what may be shown: without the SHA-256, and with *** in place of values
// of the query that may let somebody in.
func (a Address) String() string {
	shown := (&url.URL{Scheme: a.url.Scheme, Host: a.url.Host, Path: a.url.Path, RawPath: a.url.RawPath}).String()
	if a.url.RawQuery == "" {
		return shown
	}
	query := strings.Split(a.url.RawQuery, "&")
	for i, pair := range query {
		query[i] = shownPair(pair)
	}
	return shown + "?" + strings.Join(query, "&")
}

// Kept is what may be kept of the address so that it still means the same bytes: String
// with the SHA-256.
func (a Address) Kept() string {
	if !a.IsPinned() {
		return a.String()
	}
	return a.String() + Pin + hex.EncodeToString(a.Sum[:])
}

// HasSecret says whether String hides something.
func (a Address) HasSecret() bool { return strings.Contains(a.String(), hidden) }

const (
	hidden = "***"
	// longestPlain is how long what stands alone in a query may be: more is no name.
	longestPlain = 20
)

// secretWords are in the names of what lets somebody in, in signed URLs of stores of
// objects and elsewhere.
const secretWords = `(?i:token|key|sig|secret|pass|pwd|auth|cred|session|jwt|policy|code|bearer|ticket|hmac|private|(?:\b|_)(?:pw|sas)(?:\b|_))`

var (
	secretive   = regexp.MustCompile(secretWords)
	passwords   = regexp.MustCompile(`(://[^/\s?#'"@]*:)([^/\s?#'"@]+)@`)
	secretPairs = regexp.MustCompile(`([?&][^=&\s'"#]*` + secretWords + `[^=&\s'"#]*=)([^&\s'"#]+)`)
)

// Conceal puts a * in place of each character of a text that may let somebody in and
// stands in an address of any kind, so that all others stay where they are.
func Conceal(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	for _, secret := range []*regexp.Regexp{passwords, secretPairs} {
		var b strings.Builder
		at := 0
		for _, m := range secret.FindAllStringSubmatchIndex(text, -1) {
			from, to := m[4], m[5]
			b.WriteString(text[at:from])
			b.WriteString(strings.Repeat("*", utf8.RuneCountInString(text[from:to])))
			at = to
		}
		b.WriteString(text[at:])
		text = b.String()
	}
	return text
}

func shownPair(pair string) string {
	name, value, named := strings.Cut(pair, "=")
	switch {
	case !named && len(pair) > longestPlain:
		return hidden
	case named && value != "" && value != hidden && secretive.MatchString(name):
		return name + "=" + hidden
	}
	return pair
}

// Shown is what may be shown of a text that is a path, or an address of any kind.
func Shown(text string) string {
	if !Is(text) {
		return text
	}
	if a, err := Parse(text); err == nil {
		return a.String()
	}
	return scheme.FindString(text) + hidden
}

// Name is what of a path or an address names the file, so that it may end in its
// format: of an address nothing behind the path.
func Name(text string) string {
	if !Is(text) {
		return text
	}
	if a, err := Parse(text); err == nil {
		return path.Base("/" + a.url.Path)
	}
	return ""
}
