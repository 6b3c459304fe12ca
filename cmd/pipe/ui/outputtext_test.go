package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"
)

// rawPaint colours a text as a terminal sees it.
func rawPaint(code, text string) string {
	if code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func TestOutputLetsOwnColoursThrough(t *testing.T) {
	var b bytes.Buffer
	o := &Output{w: &b}
	fmt.Fprintf(o, "%s %s\tä\n", o.Paint(Red, "error: \x1b[2J"), "\x1b[31mred\x1b[0m\r\x00\u009b")
	fmt.Fprintf(o, "%s", o.control("\x1b[K"))
	want := "\x1b[31merror: \\x1b[2J\x1b[0m \\x1b[31mred\\x1b[0m\\r\\x00\\x9b\tä\n\x1b[K"
	if got := b.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A text that is written in pieces is that of one call, whatever it is cut at.
func TestOutputInPieces(t *testing.T) {
	text := "plain ä 名 \U0001F600 \x1b[2J \xff \xe5\x90 \u009b end \xf0\x9f"
	var whole bytes.Buffer
	o := &Output{w: &whole}
	if _, err := io.WriteString(o, text); err != nil || o.Failure() != nil {
		t.Fatal(err)
	}
	if want := "plain ä 名 \U0001F600 \\x1b[2J \\xff \\xe5\\x90 \\x9b end \\xf0\\x9f"; whole.String() != want {
		t.Fatalf("got  %q\nwant %q", whole.String(), want)
	}
	for n := 1; n < 5; n++ {
		var pieces bytes.Buffer
		o := &Output{w: &pieces}
		for rest := []byte(text); len(rest) > 0; rest = rest[min(n, len(rest)):] {
			if _, err := o.Write(rest[:min(n, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		if o.Failure() != nil || pieces.String() != whole.String() {
			t.Errorf("in pieces of %d bytes: %q", n, pieces.String())
		}
	}
}

func TestDataStaysAsItIs(t *testing.T) {
	var b bytes.Buffer
	o := &Output{w: &b}
	if _, err := io.WriteString(o.Data(), "\x1b[31m\xff\x00"); err != nil || b.String() != "\x1b[31m\xff\x00" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestJSONIsVisible(t *testing.T) {
	var b bytes.Buffer
	text := "ä\x1b[31m\u009b2J\x7f\u202e\U000E0041\u2028"
	if err := WriteJSON(&b, map[string]string{text: text}); err != nil {
		t.Fatal(err)
	}
	steers := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\u202e' }
	if at := strings.IndexFunc(b.String(), steers); at >= 0 {
		t.Errorf("%q", b.String())
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back[text] != text {
		t.Errorf("%q, %v", back, err)
	}
}
