package address

import (
	"strings"
	"testing"

	"pipe/base/diag"
)

const digits = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func TestParse(t *testing.T) {
	for text, want := range map[string]struct{ url, shown, name string }{
		"https://example.org/a/b.csv.gz":           {"https://example.org/a/b.csv.gz", "https://example.org/a/b.csv.gz", "b.csv.gz"},
		"http://localhost:80/":                     {"http://localhost:80/", "http://localhost:80/", "/"},
		"https://example.org":                      {"https://example.org", "https://example.org", "/"},
		"https://h/x%20y%2Fz.csv#sha256=" + digits: {"https://h/x%20y%2Fz.csv", "https://h/x%20y%2Fz.csv", "z.csv"},
		"https://h/x?id=7&format=csv":              {"https://h/x?id=7&format=csv", "https://h/x?id=7&format=csv", "x"},
		"https://h/x.csv?sv=1&sig=se%2Fcret&sp":    {"https://h/x.csv?sv=1&sig=se%2Fcret&sp", "https://h/x.csv?sv=1&sig=***&sp", "x.csv"},
		"https://h/x?pw=a&my_sas=b&Bearer=c&ticket=d&hmac=e&private_id=f&disaster=g": {"https://h/x?pw=a&my_sas=b&Bearer=c&ticket=d&hmac=e&private_id=f&disaster=g",
			"https://h/x?pw=***&my_sas=***&Bearer=***&ticket=***&hmac=***&private_id=***&disaster=g", "x"},
		"https://h/x.csv?X-Amz-Signature=secret&a":         {"https://h/x.csv?X-Amz-Signature=secret&a", "https://h/x.csv?X-Amz-Signature=***&a", "x.csv"},
		"https://h/x.csv?eyJhbGciOiJIUzI1NiJ9eyJ&API_KEY=": {"https://h/x.csv?eyJhbGciOiJIUzI1NiJ9eyJ&API_KEY=", "https://h/x.csv?***&API_KEY=", "x.csv"},
	} {
		a, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if a.URL() != want.url || a.String() != want.shown || Shown(text) != want.shown || Name(text) != want.name || a.Server()+a.Path() != want.shown {
			t.Errorf("%s: %s, shown as %s, named %s", text, a.URL(), a.String(), Name(text))
		}
		if kept, err := Parse(a.Kept()); err != nil || kept.Sum != a.Sum || kept.String() != a.String() {
			t.Errorf("%s is kept as %s: %v", text, a.Kept(), err)
		}
		if a.IsPinned() != strings.Contains(text, "#") || a.HasSecret() != strings.Contains(want.shown, "***") {
			t.Errorf("%s: pinned %v, secret %v", text, a.IsPinned(), a.HasSecret())
		}
		// What is shown is an address that is shown as itself.
		if again, err := Parse(a.String()); err != nil || again.String() != a.String() {
			t.Errorf("%s: shown again as %s, %v", text, again.String(), err)
		}
	}
}

// A capital is a digit, too.
func TestPin(t *testing.T) {
	small, err := Parse("https://h/x" + Pin + digits)
	large, err2 := Parse("https://h/x" + Pin + strings.ToUpper(digits))
	if err != nil || err2 != nil || small.Sum != large.Sum || !small.IsPinned() {
		t.Error(err, err2, small.Sum, large.Sum)
	}
}

// No message repeats what may be secret.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"https://u:hidden@example.org/":              "user name or a password",
		"https://hidden@example.org/":                "user name or a password",
		"ftp://example.org/hidden":                   "neither https:// nor http://",
		"s3://bucket/hidden":                         "neither https:// nor http://",
		"https://":                                   "without a server",
		"https:///hidden":                            "without a server",
		"https://a/#hidden":                          "no SHA-256",
		"https://a/#sha256=hidden":                   "no SHA-256",
		"https://a/" + Pin + digits[:62]:             "no SHA-256",
		"https://a/#sha1=" + digits:                  "no SHA-256",
		"https://a/#sha256=" + digits + "#" + digits: "no SHA-256",
		"https://a/" + Pin + strings.Repeat("0", 64): "no SHA-256",
		"http://[hidden":                             "not a URL",
		"https://a b/":                               "not a URL",
	} {
		_, err := Parse(text)
		if !Is(text) || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error()+diag.HintOf(err)+Shown(text), "hidden") {
			t.Errorf("%s: %v, shown as %s", text, err, Shown(text))
		}
	}
	for _, text := range []string{"data.csv", "", "a/b://c", "//host/x", "https:/x", "C:/data.csv", "1a://b"} {
		if Is(text) || Shown(text) != text || Name(text) != text {
			t.Errorf("%q is no address", text)
		}
	}
}

// The place of a problem in a line is found by counting its characters.
func TestConceal(t *testing.T) {
	for line, want := range map[string]string{
		"path: https://h/ä.csv?v=1&token=äbc&x=2 # token=plain":   "path: https://h/ä.csv?v=1&token=***&x=2 # token=plain",
		"url: 'postgres://me:s3cret@h/db?password=abc'":           "url: 'postgres://me:******@h/db?password=***'",
		`a: ["https://h/?sig=ab%2Fc", "https://h/b#sha256=0"]`:    `a: ["https://h/?sig=******", "https://h/b#sha256=0"]`,
		"header_env: {Authorization: Bearer TOKEN}, x: a?token=b": "header_env: {Authorization: Bearer TOKEN}, x: a?token=b",
		"https://h/x?a=1&pw=abc&disaster=x https://h/?x_sas=abcd": "https://h/x?a=1&pw=***&disaster=x https://h/?x_sas=****",
		"https://me@h/ https://h:80/a@b":                          "https://me@h/ https://h:80/a@b",
	} {
		if got := Conceal(line); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// Whatever the text is: what is shown of it holds no user and no pin, and is shown as
// itself.
func FuzzShown(f *testing.F) {
	f.Add("https://u:p@h/x?token=y#sha256=" + digits)
	f.Add("http://h/%2f?&&=&a=b=c")
	f.Fuzz(func(t *testing.T, text string) {
		shown := Shown(text)
		a, err := Parse(text)
		if err != nil || !Is(text) {
			return
		}
		if strings.Contains(shown, "#") || Shown(shown) != shown || a.Server()+a.Path() != shown {
			t.Errorf("%q is shown as %q, and that as %q", text, shown, Shown(shown))
		}
	})
}
