package feature

import (
	"slices"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/data/token"
)

// A TextInput is an input that a transform makes of a column of texts: ids of words or
// other pieces, or how much of each is in it.
type TextInput struct{ column column }

// TextInput finds the input of that name.
func (t *Transform) TextInput(name string) (*TextInput, bool) {
	for _, c := range t.columns {
		text := table.ClassNamed(c.Type) == table.ClassText && c.form == Texts && c.of == nil && c.beside == ""
		if _, is := c.pieces(); is && text && c.Name == name {
			return &TextInput{c}, true
		}
	}
	return nil, false
}

// pieces is what the column becomes, if that is pieces of texts.
func (c *column) pieces() (piecer, bool) {
	p, is := c.whole.(piecer)
	return p, is
}

// A piecer knows the pieces of texts that it makes an input of.
type piecer interface {
	Whole
	// piece is the text of an id, or of an element of a sparse vector; false: it is none.
	piece(id int) (string, bool)
	apart() bool // see TextInput
}

// Rows are what the input holds of texts, each a row.
func (x *TextInput) Rows(texts []string) tensor.Rows {
	c := &x.column
	v := &Values{Texts: slices.Clone(texts), rows: len(texts)}
	out := &Out{column: c.Name, rows: len(texts), brief: c.brief}
	for _, s := range c.steps[:len(c.steps)-1] {
		s.run(v, out)
	}
	return c.whole.Rows(v, out)
}

// Input is what the data set has.
func (x *TextInput) Input() table.Input { return x.column.whole.Input() }

// Apart says that pieces are words, or several with a space between them, and that blanks
// are in none.
func (x *TextInput) Apart() bool {
	p, _ := x.column.pieces()
	return p.apart()
}

// Piece is the text of an id, or of an element of a sparse vector. It is false of
// padding, of what stands for all that training did not have, and of no id at all.
func (x *TextInput) Piece(id int) (string, bool) {
	p, _ := x.column.pieces()
	return p.piece(id)
}

func (wordIDs) apart() bool    { return true }
func (pairIDs) apart() bool    { return false }
func (g gramList) apart() bool { return g.Analyzer == token.Word }

func (f wordIDs) piece(id int) (string, bool) {
	if id < firstID || id-firstID >= len(f.Words) {
		return "", false
	}
	return f.Words[id-firstID], true
}

func (f pairIDs) piece(id int) (string, bool) {
	return token.PieceOf(f.Merges, id)
}

func (f tfIdf) piece(id int) (string, bool) { return f.term(id) }
func (f bag) piece(id int) (string, bool)   { return f.term(id) }

func (g *gramList) term(at int) (string, bool) {
	if at < 0 || at >= len(g.Terms) {
		return "", false
	}
	return g.Terms[at], true
}
