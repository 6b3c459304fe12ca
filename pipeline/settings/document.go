package settings

import (
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"pipe/base/diag"
)

// mergeTag is the tag of a plain `<<`.
const mergeTag = "!!merge"

// A Document is one YAML file in which aliases and merge keys are resolved: each
// node is reached once, at the position where it was written. Values can be
// replaced by others, say by those of parameters, within the size to which the
// file may expand.
type Document struct {
	Root     *Node // nil if the file is empty
	Problems *Problems

	limit  int  // characters that the file may expand to
	left   int  // of them
	broken bool // a limit was hit; the tree is of no use

	// anchored has the nodes that aliases stand for, nil while one is being
	// resolved: it may not occur in itself.
	anchored map[*yaml.Node]*Node

	// spoiled has the places of spoiled values, and how many problems there
	// were at the time: later ones at the same place only follow from it.
	spoiled map[place]int
}

// A place is a line and a column.
type place [2]int

// Broken reports whether the document has expanded beyond its limit, which was
// reported. The tree is of no use then.
func (d *Document) Broken() bool { return d.broken }

// Spoil turns n into a value that is wrong in itself, which was reported.
func (d *Document) Spoil(n *Node) {
	*n = Node{Type: Spoiled, Value: n.Value, Line: n.Line, Column: n.Column}
	d.markSpoiled(n)
}

func (d *Document) markSpoiled(n *Node) {
	if at := (place{n.Line, n.Column}); d.spoiled[at] == 0 {
		d.spoiled[at] = len(d.Problems.List)
	}
}

// DropFollowUps drops the problems that only follow from a spoiled value.
func (d *Document) DropFollowUps() {
	kept := d.Problems.List[:0]
	for i, diagnostic := range d.Problems.List {
		if n, ok := d.spoiled[place{diagnostic.Pos.Line, diagnostic.Pos.Column}]; !ok || i < n {
			kept = append(kept, diagnostic)
		}
	}
	d.Problems.List = kept
}

// Move gives all nodes below n one position.
func (d *Document) Move(n *Node, line, column int) {
	n.Line, n.Column = line, column
	if n.Type == Spoiled {
		d.markSpoiled(n)
	}
	for _, c := range n.Content {
		d.Move(c, line, column)
	}
}

// Copy is n with everything below, to be changed.
func (d *Document) Copy(n *Node) *Node { return d.copy(n, 0) }

// Replace puts a copy of a value in the place of n, which refers to it. A number
// or boolean in it may stand where a text is wanted.
func (d *Document) Replace(n, value *Node) {
	line, column := n.Line, n.Column
	*n = *d.copy(value, 0)
	d.Move(n, line, column)
	markReplaced(n)
}

func markReplaced(n *Node) {
	n.replaced = true
	for _, c := range n.Content {
		markReplaced(c)
	}
}

// resolve is n with everything below. Anchors come before their aliases in a
// file, so the target of an alias has been resolved already.
func (d *Document) resolve(y *yaml.Node, depth int) *Node {
	if y.Kind == yaml.AliasNode {
		return d.alias(y, depth)
	}
	n := &Node{Value: y.Value, Line: y.Line, Column: y.Column, inline: y.Style&yaml.FlowStyle != 0}
	if !d.enter(n, depth) {
		return n
	}
	if y.Anchor != "" {
		d.anchored[y] = nil
	}
	switch y.Kind {
	case yaml.ScalarNode:
		d.scalar(y, n)
	case yaml.SequenceNode:
		n.Type = List
		d.tag(y, n, "!!seq")
		n.Content = make([]*Node, len(y.Content))
		for i, c := range y.Content {
			n.Content[i] = d.resolve(c, depth+1)
		}
	case yaml.MappingNode:
		n.Type = Mapping
		d.tag(y, n, "!!map")
		d.mapping(y, n, depth)
	}
	if y.Anchor != "" {
		d.anchored[y] = n
	}
	return n
}

// enter accounts for one more value; it fails if a limit is hit.
func (d *Document) enter(n *Node, depth int) bool {
	if depth > maxDepth && !d.broken {
		d.Problems.At(n, "", "nested deeper than %d levels", maxDepth)
		d.broken = true
	}
	return d.Spend(n, 1+len(n.Value))
}

// Spend accounts for characters that a replaced part of the text n adds. It
// fails if the document is too large with them, which is reported.
func (d *Document) Spend(n *Node, characters int) bool {
	if d.left -= characters; d.left < 0 && !d.broken {
		d.Problems.At(n, "use fewer aliases, parameters and cases", "the file expands to more than %d characters", d.limit)
		d.broken = true
	}
	return !d.broken
}

// Grow lets the document expand to so many more characters, for copies whose number has
// a limit of its own.
func (d *Document) Grow(characters int) { d.limit, d.left = d.limit+characters, d.left+characters }

func (d *Document) alias(y *yaml.Node, depth int) *Node {
	if target := d.anchored[y.Alias]; target != nil {
		return d.copy(target, depth)
	}
	n := &Node{Line: y.Line, Column: y.Column}
	d.Problems.At(n, "", "the value of &%s contains itself", diag.Shorten(y.Value))
	d.Spoil(n)
	return n
}

func (d *Document) copy(n *Node, depth int) *Node {
	if !d.enter(n, depth) {
		return &Node{Type: Null, Line: n.Line, Column: n.Column}
	}
	c := *n
	if len(n.Content) > 0 {
		c.Content = make([]*Node, len(n.Content))
		for i := range n.Content {
			c.Content[i] = d.copy(n.Content[i], depth+1)
		}
	}
	return &c
}

// mapping resolves keys and values, merges `<<`, and drops keys that are not
// texts or are there already.
func (d *Document) mapping(y *yaml.Node, n *Node, depth int) {
	explicit := make(map[string]*Node, len(y.Content)/2)
	var merge *Node
	n.Content = make([]*Node, 0, len(y.Content))
	for i := 0; i+1 < len(y.Content); i += 2 {
		isMerge := y.Content[i].Kind == yaml.ScalarNode && y.Content[i].Tag == mergeTag
		key := At(y.Content[i].Line, y.Content[i].Column)
		if !isMerge {
			key = d.resolve(y.Content[i], depth+1)
		}
		value := d.resolve(y.Content[i+1], depth+1)
		if d.broken {
			return
		}
		if n.inline {
			if cut := cutShort(y.Content, i); cut > 0 {
				d.Problems.At(value, flowHint, "the text %s ends at a comma", diag.Quote(value.Value))
				d.Spoil(value)
				i += 2 * cut
			}
		}
		switch first := explicit[key.Value]; {
		case isMerge && merge != nil:
			d.Problems.At(key, "merge several with `<<: [*a, *b]`", "duplicate key <<, first used on line %d", merge.Line)
		case isMerge:
			merge = key
			n.Content = append(n.Content, key, value)
		case !d.isText(key):
		case first != nil:
			d.Problems.At(key, "", "duplicate key %s, first used on line %d", diag.Quote(key.Value), first.Line)
		default:
			explicit[key.Value] = key
			n.Content = append(n.Content, key, value)
		}
	}
	if merge != nil {
		d.merge(n, merge, explicit)
	}
}

// isText reports a key that is not a text.
func (d *Document) isText(key *Node) bool {
	switch {
	case !key.IsScalar():
		d.Problems.At(key, "", "a key must be a text, this is a %s", key.Noun())
		return false
	case key.Type != Text:
		text := diag.Shorten(key.Value)
		d.Problems.At(key, "put it in quotes: "+strconv.Quote(text), "the key %s is a %s, keys are texts", text, key.Noun())
		return false
	}
	return true
}

// merge puts the entries behind `<<` in its place. Keys written in the mapping
// itself win, then those of the mapping that is named first.
func (d *Document) merge(n, merge *Node, have map[string]*Node) {
	written := n.Content
	n.Content = make([]*Node, 0, len(written))
	for i := 0; i < len(written); i += 2 {
		key, value := written[i], written[i+1]
		if key != merge {
			n.Content = append(n.Content, key, value)
			continue
		}
		sources := []*Node{value}
		if value.Type == List {
			sources = value.Content
		}
		for _, s := range sources {
			if s.Type != Mapping {
				d.Problems.At(s, "", "<< merges mappings, this is a %s", s.Noun())
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

// scalar finds the type of a scalar.
func (d *Document) scalar(y *yaml.Node, n *Node) {
	n.quoted = y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	switch y.Tag {
	case "!!str", "!!timestamp", mergeTag: // dates are texts here, as they are in JSON
		n.Type = Text
	case "!!int", "!!float", "!!bool", "!!null":
		n.Type = Type(slices.Index(tags[:], y.Tag))
		if found := plainType(y.Value); y.Style&yaml.TaggedStyle != 0 && found != n.Type && (found != Int || n.Type != Float) {
			d.Problems.At(n, "", "%q cannot have the tag %s", diag.Shorten(y.Value), y.Tag)
			d.Spoil(n)
		}
	default:
		d.Problems.At(n, "remove it", "the YAML tag %s is not supported", diag.Shorten(y.Tag))
		d.Spoil(n)
	}
}

// tag insists on the usual tag of a list or mapping.
func (d *Document) tag(y *yaml.Node, n *Node, want string) {
	if y.Tag != want {
		d.Problems.At(n, "remove it", "the YAML tag %s is not supported", diag.Shorten(y.Tag))
	}
}

// plainType is what YAML takes a plain scalar for.
func plainType(text string) Type {
	y := yaml.Node{Kind: yaml.ScalarNode, Value: text}
	if i := slices.Index(tags[:], y.ShortTag()); i > 0 {
		return Type(i)
	}
	return Text
}
