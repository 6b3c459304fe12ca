package pipeline

import (
	"bytes"

	"gopkg.in/yaml.v3"
)

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

// DecodeRecorded makes a stage of a kind from Step.Settings of an earlier time,
// in which what was not set is null, and a Scalar is a value whose text is the
// shortest one. The error is a diag.List.
func DecodeRecorded(k Kind, settings []byte) (Stage, error) {
	p := newProblems("settings", settings)
	n, _ := parseYAML(settings, p) // JSON is YAML
	if n == nil {
		return nil, p.err()
	}
	dropNulls(n)
	stage := k.New()
	decodeInto(n, position(1, 1), stage, p)
	if err := p.err(); err != nil {
		return nil, err
	}
	return stage, nil
}

// dropNulls takes keys without a value out of mappings.
func dropNulls(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		kept := n.Content[:0]
		for i := 0; i+1 < len(n.Content); i += 2 {
			if v := n.Content[i+1]; v.Kind != yaml.ScalarNode || v.Tag != "!!null" {
				kept = append(kept, n.Content[i], v)
			}
		}
		n.Content = kept
	}
	for _, c := range n.Content {
		dropNulls(c)
	}
}
