package settings

import (
	"bytes"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"pipe/base/diag"
)

// syntaxMessages translates the YAML library: what is wrong in the words of a
// person who sees the file and not the grammar, and what to do.
var syntaxMessages = []struct{ part, msg, hint string }{
	{"mapping values are not allowed", "a ':' is not expected here",
		"put a text that holds ': ' in quotes, or check the indentation of this line and the one above"},
	{"could not find expected ':'", "a ':' is missing after this key", "write `key: value`, with a space after the ':'"},
	{"did not find expected key", "the indentation fits nothing above",
		"begin all keys of one mapping in the same column"},
	{"did not find expected '-' indicator", "the indentation fits nothing above",
		"begin each item of the list with `- ` in the same column"},
	{endsEarly, endsEarly, flowHint},
	{"did not find expected ',' or ']'", "the list in [ ] is not closed, or a ',' is missing in it", ""},
	{"did not find expected ',' or '}'", "the mapping in { } is not closed, or a ',' is missing in it", ""},
	{"did not find expected node content", "a value is missing here", ""},
	{"block sequence entries are not allowed", "a list item is not expected here",
		"begin the list on a line of its own, below its key"},
	{"found unexpected end of stream", "the quote is not closed", ""},
	{"found unexpected document indicator", "the quote is not closed", ""},
	{"found unknown escape character", "unknown escape in a text in double quotes",
		`write \\ for a backslash, or use single quotes`},
	{"found character that cannot start any token", "a text cannot begin with this character", "put the text in quotes"},
	{"did not find expected <document start>", "this does not belong to the document above", ""},
	{"exceeded max depth", "nested too deeply", ""},
}

// unclosed begins what the YAML library says of a list or a mapping in brackets, and
// endsEarly is what is said where the bracket is closed.
const (
	unclosed  = "did not find expected ',' or "
	endsEarly = "a text in [ ] or { } ends before this"
)

// linePrefix is where the library says a problem is. It is the line of the
// enclosing block, one less than that, or nothing; so it is not used.
var linePrefix = regexp.MustCompile(`^yaml: (?:line \d+: )?`)

// syntaxText is the message of the YAML library without the position.
func syntaxText(err error) string {
	return linePrefix.ReplaceAllString(err.Error(), "")
}

// reportSyntax reports a syntax error. given is the part of the source that
// the parser had been given when it failed, up to the end of a line.
func reportSyntax(given []byte, err error, p *Problems) {
	msg := syntaxText(err)
	all := given
	given = given[:failure(given, msg)]
	if open := bytes.LastIndexAny(given, "[{"); open >= 0 && strings.HasPrefix(msg, unclosed) {
		if n := flowFailure(all[open:], msg); n > 0 {
			given, msg = all[:open+n+1], endsEarly
		}
	}
	begin := bytes.LastIndexByte(given, '\n') + 1
	at := At(bytes.Count(given, []byte("\n"))+1, max(utf8.RuneCount(given[begin:]), 1))

	line := p.Line(at.Line)
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	if tab := strings.IndexByte(line[:indent], '\t'); tab >= 0 {
		at.Column = tab + 1
		p.At(at, "indent with spaces", "a tab is used for indentation")
		return
	}
	if name, ok := strings.CutPrefix(msg, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		at.Column = max(at.Column-utf8.RuneCountInString(name), 1) // the *
		p.At(at, "define it above with &"+diag.Shorten(name)+", or put the text in quotes",
			"the alias *%s stands for nothing", diag.Shorten(name))
		return
	}
	for _, m := range syntaxMessages {
		if strings.Contains(msg, m.part) {
			p.At(at, m.hint, "%s", m.msg)
			return
		}
	}
	p.At(at, "", "%s", msg)
}

// maxSearch is the size of the text up to which the place of a syntax error is
// searched for; in a longer one it is the line at which the parser stopped.
const maxSearch = 1 << 20

// failure finds the shortest text that begins as given and fails alike: it
// ends with the character at fault, or with the quote or bracket that is not
// closed. The search goes back from the end, where the fault mostly is.
func failure(given []byte, msg string) int {
	end := len(bytes.TrimRight(given, "\r\n"))
	if len(given) > maxSearch {
		line := given[:end]
		begin := bytes.LastIndexByte(line, '\n') + 1
		return min(begin+len(line[begin:])-len(bytes.TrimLeft(line[begin:], " \t"))+1, end)
	}
	fails := func(n int) bool {
		for n > 0 && n < len(given) && !utf8.RuneStart(given[n]) {
			n++
		}
		decoder := yaml.NewDecoder(bytes.NewReader(given[:n]))
		for {
			if err := decodeYAML(decoder, new(yaml.Node)); err != nil {
				return syntaxText(err) == msg
			}
		}
	}
	if !fails(end) {
		return end
	}
	low, step := end, 1
	for low > 0 && fails(low) {
		end = low
		low = max(low-step, 0)
		step *= 2
	}
	end = low + sort.Search(end-low, func(i int) bool { return fails(low + i) })
	for end < len(given) && !utf8.RuneStart(given[end]) {
		end++
	}
	return end
}
