package exec

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	"pipe/pipeline/pipelinetest"
)

func TestMask(t *testing.T) {
	const key = "-----BEGIN KEY-----\nMIIEabcdef\n  Zm9vYmFy+/==\n-----END KEY-----\n"
	m := newMask(map[string]string{"TOKEN": "p@ss/wörd&1", "LONGER": "p@ss/wörd&1234", "KEY": key, "SHORT": "abc", "EMPTY": ""})
	for text, want := range map[string]string{
		"token p@ss/wörd&1, p@ss/wörd&1.": "token ***, ***.",
		"p@ss/wörd&1234":                  "***",
		"MIIEabcdef":                      "***",
		"a Zm9vYmFy+/== b":                "a *** b",
		base64.StdEncoding.EncodeToString([]byte("p@ss/wörd&1234")):     "***",
		"https://x/?t=" + url.QueryEscape("p@ss/wörd&1"):                "https://x/?t=***",
		`{"token": "p@ss/w\u00f6rd&1", "key": "-----BEGIN KEY-----\n"}`: `{"token": "p@ss/w\u00f6rd&1", "key": "***\n"}`,
		`"p@ss/wörd\u00261"`: `"***"`,
		"abc is not hidden":  "abc is not hidden",
	} {
		if got := m.hide(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
	if got := strings.Join(m.tooShort, " "); got != "SHORT" {
		t.Errorf("too short are %s", got)
	}
}

func TestMaskedErrorsStayWhatTheyAre(t *testing.T) {
	m := newMask(map[string]string{"TOKEN": "open sesame"})
	cause := errors.New("it said open sesame")
	err := m.hideError(cause)
	if err.Error() != "it said ***" || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	if other := errors.New("plain"); m.hideError(other) != other || m.hideError(nil) != nil {
		t.Error("what holds no secret is changed")
	}
}

// However a line is cut, no part of a secret is left at its end.
func TestSecretsAreNotCut(t *testing.T) {
	const secret = "0123456789abcdef"
	for _, before := range []int{maxLine - len(secret), maxLine - 7, maxLine - 1, maxLine, 3 * maxLine} {
		log := make(lines, 100)
		c := script(t, "", log)
		cap := newCapture(c.log, newMask(map[string]string{"TOKEN": secret}))
		cap.readFrom(strings.NewReader(strings.Repeat("-", before) + secret + secret + "\n"))
		close(log)
		for line := range log {
			if strings.ContainsAny(line, "0123456789abcdef") || len(line) > maxLine+len(" ...") {
				t.Errorf("after %d characters the line of %d ends in %s", before, len(line), line[len(line)-20:])
			}
		}
	}
}

func TestSecretsInMetricsAreRefused(t *testing.T) {
	c := pipelinetest.Case{Kind: Kind(surroundings, NewSupervisor()),
		With: `{shell: 'echo "{\"$TOKEN\": 1}" > outputs/m', outputs: {m: metrics}, secrets: [TOKEN]}`}
	_, err := pipelinetest.RunErr(t, c)
	if err == nil || !strings.Contains(err.Error(), "holds the value of a secret") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}
