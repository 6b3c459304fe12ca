package pipeline

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// mergeTag is the tag of a plain `<<`.
const mergeTag = "!!merge"

// A resolver replaces aliases, and later parameters, by copies of what they
// stand for.
type resolver struct {
	p      *problems
	limit  int                 // characters that the file may expand to
	left   int                 // of them
	open   map[*yaml.Node]bool // anchored nodes being resolved: they may not occur in themselves
	broken bool                // a limit was hit; the tree is of no use

	// spoiled has the places of spoiled values, and how many problems there
	// were at the time: later ones at the same place only follow from it.
	spoiled map[place]int
}

// A place is a line and a column.
type place [2]int

// spoiledTag marks a value that is wrong in itself, which was reported.
const spoiledTag = "!spoiled"

// spoil turns n into a spoiled value.
func (r *resolver) spoil(n *yaml.Node) {
	n.Kind, n.Tag, n.Style, n.Content = yaml.ScalarNode, spoiledTag, 0, nil
	r.markSpoiled(n)
}

func (r *resolver) markSpoiled(n *yaml.Node) {
	if at := (place{n.Line, n.Column}); r.spoiled[at] == 0 {
		r.spoiled[at] = len(r.p.list)
	}
}

// dropFollowUps drops the problems that only follow from a spoiled value.
func (r *resolver) dropFollowUps() {
	kept := r.p.list[:0]
	for i, d := range r.p.list {
		if n, ok := r.spoiled[place{d.Pos.Line, d.Pos.Column}]; !ok || i < n {
			kept = append(kept, d)
		}
	}
	r.p.list = kept
}

// move gives all nodes below n one position.
func (r *resolver) move(n *yaml.Node, line, column int) {
	n.Line, n.Column = line, column
	if n.Tag == spoiledTag {
		r.markSpoiled(n)
	}
	for _, c := range n.Content {
		r.move(c, line, column)
	}
}

// resolve returns n with everything below resolved. Anchors come before their
// aliases in a file, so the target of an alias has been resolved already.
func (r *resolver) resolve(n *yaml.Node, depth int) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return r.alias(n, depth)
	}
	if !r.enter(n, depth) {
		return null(n)
	}
	if n.Anchor != "" {
		r.open[n] = true
		defer delete(r.open, n)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		r.scalar(n)
	case yaml.SequenceNode:
		r.tag(n, "!!seq")
		for i, c := range n.Content {
			n.Content[i] = r.resolve(c, depth+1)
		}
	case yaml.MappingNode:
		r.tag(n, "!!map")
		r.mapping(n, depth)
	}
	return n
}

// enter accounts for one more value; it fails if a limit is hit.
func (r *resolver) enter(n *yaml.Node, depth int) bool {
	if depth > maxDepth && !r.broken {
		r.p.at(n, "", "nested deeper than %d levels", maxDepth)
		r.broken = true
	}
	return r.spend(n, 1+len(n.Value))
}

// spend accounts for characters at n.
func (r *resolver) spend(n *yaml.Node, characters int) bool {
	if r.left -= characters; r.left < 0 && !r.broken {
		r.p.at(n, "use fewer aliases and parameters", "the file expands to more than %d characters", r.limit)
		r.broken = true
	}
	return !r.broken
}

func (r *resolver) alias(n *yaml.Node, depth int) *yaml.Node {
	if r.open[n.Alias] {
		r.p.at(n, "", "the value of &%s contains itself", shorten(n.Value))
		n = null(n)
		r.spoil(n)
		return n
	}
	return r.copy(n.Alias, depth)
}

func (r *resolver) copy(n *yaml.Node, depth int) *yaml.Node {
	if !r.enter(n, depth) {
		return null(n)
	}
	c := *n
	c.Anchor = ""
	if len(n.Content) > 0 {
		c.Content = make([]*yaml.Node, len(n.Content))
		for i := range n.Content {
			c.Content[i] = r.copy(n.Content[i], depth+1)
		}
	}
	return &c
}

// mapping resolves keys and values, merges `<<`, and drops keys that are not
// texts or are there already.
func (r *resolver) mapping(n *yaml.Node, depth int) {
	written := n.Content
	explicit := make(map[string]*yaml.Node, len(written)/2)
	var merge *yaml.Node
	kept := written[:0:0]
	for i := 0; i+1 < len(written); i += 2 {
		key, value := written[i], written[i+1]
		isMerge := key.Kind == yaml.ScalarNode && key.Tag == mergeTag
		if !isMerge {
			key = r.resolve(key, depth+1)
		}
		value = r.resolve(value, depth+1)
		if r.broken {
			return
		}
		switch first := explicit[key.Value]; {
		case isMerge && merge != nil:
			r.p.at(key, "merge several with `<<: [*a, *b]`", "duplicate key <<, first used on line %d", merge.Line)
		case isMerge:
			merge = key
			kept = append(kept, key, value)
		case !r.isText(key):
		case first != nil:
			r.p.at(key, "", "duplicate key %s, first used on line %d", quote(key.Value), first.Line)
		default:
			explicit[key.Value] = key
			kept = append(kept, key, value)
		}
	}
	n.Content = kept
	if merge != nil {
		r.merge(n, explicit, depth)
	}
}

// isText reports a key that is not a text.
func (r *resolver) isText(key *yaml.Node) bool {
	switch {
	case key.Kind != yaml.ScalarNode:
		r.p.at(key, "", "a key must be a text, this is a %s", nounOf(key))
		return false
	case key.Tag != "!!str":
		r.p.at(key, fmt.Sprintf("put it in quotes: %q", shorten(key.Value)), "the key %s is a %s, keys are texts", shorten(key.Value), nounOf(key))
		return false
	}
	return true
}

// merge puts the entries behind `<<` in its place. Keys written in the mapping
// itself win, then those of the mapping that is named first.
func (r *resolver) merge(n *yaml.Node, have map[string]*yaml.Node, depth int) {
	written := n.Content
	n.Content = make([]*yaml.Node, 0, len(written))
	for i := 0; i < len(written); i += 2 {
		key, value := written[i], written[i+1]
		if key.Tag != mergeTag {
			n.Content = append(n.Content, key, value)
			continue
		}
		sources := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			sources = value.Content
		}
		for _, s := range sources {
			if s.Kind != yaml.MappingNode {
				r.p.at(s, "", "<< merges mappings, this is a %s", nounOf(s))
				continue
			}
			for j := 0; j < len(s.Content); j += 2 {
				if k := s.Content[j]; have[k.Value] == nil {
					have[k.Value] = k
					n.Content = append(n.Content, k, s.Content[j+1])
				}
			}
		}
	}
}

// scalar gives a scalar one of the tags !!str, !!int, !!float, !!bool, !!null.
func (r *resolver) scalar(n *yaml.Node) {
	switch n.Tag {
	case "!!str":
	case "!!timestamp", mergeTag: // dates are texts here, as they are in JSON
		n.Tag = "!!str"
	case "!!int", "!!float", "!!bool", "!!null":
		if found := scalarTag(n.Value); n.Style&yaml.TaggedStyle != 0 && found != n.Tag && (found != "!!int" || n.Tag != "!!float") {
			r.p.at(n, "", "%q cannot have the tag %s", shorten(n.Value), n.Tag)
			r.spoil(n)
		}
	default:
		r.p.at(n, "remove it", "the YAML tag %s is not supported", shorten(n.Tag))
		r.spoil(n)
	}
	n.Style &^= yaml.TaggedStyle
}

// tag insists on the usual tag of a list or mapping.
func (r *resolver) tag(n *yaml.Node, want string) {
	if n.Tag != want {
		r.p.at(n, "remove it", "the YAML tag %s is not supported", shorten(n.Tag))
		n.Tag = want
	}
	n.Style &^= yaml.TaggedStyle
}

// null stands in for a value that could not be resolved.
func null(n *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line, Column: n.Column}
}
