package pipeline

import "bytes"

// DecodeSettings fills a struct whose fields are tagged like those of a stage
// (see Kind) from a YAML file of its own, which has neither parameters nor
// stages. An empty file gives the defaults. The error is a diag.List with
// everything that is wrong.
func DecodeSettings(name string, source []byte, dst any) error {
	p := newProblems(name, source)
	if onlyComments(source) {
		decodeInto(nil, position(1, 1), dst, p)
		return p.err()
	}
	n, _ := parseYAML(source, p)
	if n != nil {
		decodeInto(n, nil, dst, p)
	}
	return p.err()
}

func onlyComments(source []byte) bool {
	for line := range bytes.Lines(source) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}
