package exec

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shortestMask is the length of the shortest text that is hidden: hiding every "1"
// would make a log useless and show what the secret is.
const shortestMask = 4

// hidden stands in place of a secret.
const hidden = "***"

// A mask hides the values of secrets in texts, as they are and in the forms that
// programs print them in.
type mask struct {
	replacer *strings.Replacer
	longest  int      // of what it hides, in bytes
	tooShort []string // names of secrets that are not hidden
}

// newMask makes the mask of secrets by their names.
func newMask(secrets map[string]string) *mask {
	m := &mask{replacer: strings.NewReplacer()}
	texts := map[string]bool{}
	for name, value := range secrets {
		if value == "" {
			continue // there is nothing to hide
		}
		if len(value) < shortestMask {
			m.tooShort = append(m.tooShort, name)
			continue
		}
		for _, form := range forms(value) {
			// A log has lines, and so each line is hidden by itself.
			for line := range strings.Lines(form) {
				if line = strings.TrimSpace(line); len(line) >= shortestMask {
					texts[line] = true
				}
			}
		}
	}
	slices.Sort(m.tooShort)
	var sorted []string
	for text := range texts {
		sorted = append(sorted, text)
		m.longest = max(m.longest, len(text))
	}
	// The first that fits is taken: a secret that begins with another one is
	// hidden as a whole.
	slices.SortFunc(sorted, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, text := range sorted {
		pairs = append(pairs, text, hidden)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m
}

// forms are the ways in which a value is written by common programs.
func forms(value string) []string {
	raw := []byte(value)
	quoted, _ := json.Marshal(value) // a text
	list := []string{
		value, strings.Trim(string(quoted), `"`), strings.Trim(strconv.Quote(value), `"`),
		url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString(raw),
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		list = append(list, enc.EncodeToString(raw))
	}
	return list
}

func (m *mask) hide(text string) string { return m.replacer.Replace(text) }

// hideError hides secrets in what an error says, and keeps what it is.
func (m *mask) hideError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if shown := m.hide(text); shown != text {
		return &maskedError{shown, err}
	}
	return err
}

type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }
