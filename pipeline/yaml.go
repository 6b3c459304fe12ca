package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits of a pipeline file. They are far above what people write, and keep
// the work that a hostile file can cause linear in its size.
const (
	maxFileSize  = 64 << 20  // bytes
	maxDepth     = 100       // lists and mappings in each other, after aliases
	minExpansion = 1_000_000 // characters that a file may always expand to
	expansion    = 10        // times its size that a longer file may expand to
)

const largeHint = "generate several pipelines in place of one"

// parseYAML reads the one YAML document of a source, and gives the resolver
// that accounts for its size. In the tree that it returns all aliases and merge
// keys are resolved (each node is reached once, at the position where it was
// written), mappings have distinct text keys, and scalars have the tag !!str,
// !!int, !!float, !!bool or !!null, or else spoiledTag. It returns nil if the
// text is not YAML or breaks a limit; p then says why. Other problems, say a
// duplicate key, are reported and repaired, so that the rest can be checked.
func parseYAML(source []byte, p *problems) (*yaml.Node, *resolver) {
	if len(source) > maxFileSize {
		p.at(position(1, 1), largeHint, "the file has more than %d MiB", maxFileSize>>20)
		return nil, nil
	}
	if !checkText(source, p) {
		return nil, nil
	}
	reader := &lineReader{rest: source}
	decoder := yaml.NewDecoder(reader)
	var doc yaml.Node
	switch err := decodeYAML(decoder, &doc); {
	case errors.Is(err, io.EOF):
		p.at(position(1, 1), "a pipeline begins with `pipeline: NAME` and has `stages:`", "the file is empty")
		return nil, nil
	case err != nil:
		reportSyntax(source[:len(source)-len(reader.rest)], err, p)
		return nil, nil
	}
	var next yaml.Node
	switch err := decodeYAML(decoder, &next); {
	case err == nil:
		p.at(&next, "move it into a file of its own", "a second YAML document begins here")
		return nil, nil
	case !errors.Is(err, io.EOF):
		reportSyntax(source[:len(source)-len(reader.rest)], err, p)
		return nil, nil
	}
	r := &resolver{p: p, open: make(map[*yaml.Node]bool), spoiled: make(map[place]int)}
	r.limit = max(minExpansion, expansion*len(source))
	r.left = r.limit
	root := r.resolve(doc.Content[0], 0)
	if r.broken {
		return nil, nil
	}
	return root, r
}

// decodeYAML turns a panic of the YAML library, should there be one, into an
// error: what it reads is not ours.
func decodeYAML(d *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("yaml: %v", v)
		}
	}()
	return d.Decode(n)
}

// checkText reports what is not text at all: other encodings, control
// characters, and the marks that a failed merge leaves behind.
func checkText(source []byte, p *problems) bool {
	line, start := 1, 0
	for i := 0; i < len(source); {
		r, size := rune(source[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(source[i:])
		}
		at := func() *yaml.Node { return position(line, 1+utf8.RuneCount(source[start:i])) }
		switch {
		case r == utf8.RuneError && size == 1:
			p.at(at(), "save the file as UTF-8", "the byte 0x%02x is not UTF-8", source[i])
			return false
		case isControl(r) && !(r == '\uFEFF' && i == 0):
			p.at(at(), `write it as an escape in double quotes, for example "\x1b"`,
				"the control character U+%04X is not allowed", r)
			return false
		case r == '<' && i == start && bytes.HasPrefix(source[i:], []byte("<<<<<<< ")):
			p.at(at(), "choose one of the two versions and remove the marks", "a merge conflict is not resolved")
			return false
		case r == '\n':
			line, start = line+1, i+1
		}
		i += size
	}
	return true
}

// isControl says whether YAML forbids r.
func isControl(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == '\u0085':
		return false
	case r < ' ', 0x7F <= r && r < 0xA0, r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
		return true
	}
	return false
}

// A lineReader hands out at most one line at a time, so that the place where the YAML
// parser stopped reading says about where it failed.
type lineReader struct{ rest []byte }

func (r *lineReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.rest) // and no more is looked at: a line may be very long
	if end := bytes.IndexByte(b[:n], '\n'); end >= 0 {
		n = end + 1
	}
	r.rest = r.rest[n:]
	return n, nil
}

// position makes a node that is only a place.
func position(line, column int) *yaml.Node {
	return &yaml.Node{Line: line, Column: column}
}

// nounOf names what people see in a node.
func nounOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	}
	switch n.Tag {
	case "!!int":
		return "whole number"
	case "!!float":
		return "number"
	case "!!bool":
		return "boolean"
	case "!!null":
		return "null"
	}
	return "text"
}

// scalarTag is the tag that YAML gives to a plain scalar.
func scalarTag(text string) string {
	n := yaml.Node{Kind: yaml.ScalarNode, Value: text}
	switch tag := n.ShortTag(); tag {
	case "!!int", "!!float", "!!bool", "!!null":
		return tag
	}
	return "!!str"
}
