package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Format and Version say what a document is. Version is raised when a member
// changes its meaning; members may be added.
const (
	Format  = "pipe.report"
	Version = 1
)

type document struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	*Page
}

// WriteJSON writes the page as one JSON document, which Read reads and
// docs/report.md describes.
func (p *Page) WriteJSON(w io.Writer) error {
	if err := p.check(); err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(document{Format, Version, p})
}

// Read reads a page that was written as JSON. What it does not know of the
// version is left out; a page that it returns can be written.
func Read(data []byte) (*Page, error) {
	d := document{Page: new(Page)}
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if d.Format != Format {
		return nil, fmt.Errorf("report: the format is %.40q, not %q", d.Format, Format)
	}
	if d.Version != Version {
		return nil, fmt.Errorf("report: version %d is not known, only %d", d.Version, Version)
	}
	if err := d.Page.check(); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return d.Page, nil
}

// A blockDocument is a block in JSON: an object with one member, whose name
// says what the block is.
type blockDocument struct {
	Figure *Figure `json:"figure,omitempty"`
	Table  *Table  `json:"table,omitempty"`
	Facts  *Facts  `json:"facts,omitempty"`
	Tags   *Tags   `json:"tags,omitempty"`
	Group  *Group  `json:"group,omitempty"`
	Fold   *Fold   `json:"fold,omitempty"`

	Pictures *Pictures `json:"pictures,omitempty"`
	Passages *Passages `json:"passages,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (b Blocks) MarshalJSON() ([]byte, error) {
	list := make([]blockDocument, len(b))
	for i, block := range b {
		switch block := block.(type) {
		case Figure:
			list[i].Figure = &block
		case Table:
			list[i].Table = &block
		case Facts:
			list[i].Facts = &block
		case Tags:
			list[i].Tags = &block
		case Group:
			list[i].Group = &block
		case Fold:
			list[i].Fold = &block
		case Pictures:
			list[i].Pictures = &block
		case Passages:
			list[i].Passages = &block
		}
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements json.Unmarshaler.
func (b *Blocks) UnmarshalJSON(data []byte) error {
	var list []blockDocument
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*b = make(Blocks, 0, len(list))
	for i, d := range list {
		switch {
		case d.Figure != nil:
			*b = append(*b, *d.Figure)
		case d.Table != nil:
			*b = append(*b, *d.Table)
		case d.Facts != nil:
			*b = append(*b, *d.Facts)
		case d.Tags != nil:
			*b = append(*b, *d.Tags)
		case d.Group != nil:
			*b = append(*b, *d.Group)
		case d.Fold != nil:
			*b = append(*b, *d.Fold)
		case d.Pictures != nil:
			*b = append(*b, *d.Pictures)
		case d.Passages != nil:
			*b = append(*b, *d.Passages)
		default:
			return fmt.Errorf("block %d is none of figure, table, facts, tags, group, fold, pictures and passages", i+1)
		}
	}
	return nil
}

// check says why the page cannot be written.
func (p *Page) check() error {
	for _, s := range p.Sections {
		if s.Table != nil {
			if err := s.Table.check(); err != nil {
				return fmt.Errorf("section %q: %w", s.Title, err)
			}
		}
		for _, b := range s.Blocks {
			if err := b.check(); err != nil {
				return fmt.Errorf("section %q: %w", s.Title, err)
			}
		}
	}
	return nil
}

func (f Figure) check() (err error) {
	switch {
	case (f.Plot == nil) == (f.Matrix == nil):
		err = errors.New("want a plot or a matrix")
	case f.Plot != nil:
		err = f.Plot.Check()
	default:
		err = f.Matrix.Check()
	}
	if err != nil {
		return fmt.Errorf("figure %q: %w", f.Title, err)
	}
	return nil
}

func (t Table) check() error {
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %q: row %d has %d cells in %d columns", t.Title, i+1, len(row), len(t.Columns))
		}
		for _, c := range row {
			if c.Tone != Normal && c.Tone != Strong && c.Tone != Quiet {
				return fmt.Errorf("table %q: %.40q is no tone: strong or quiet", t.Title, c.Tone)
			}
			if c.Spark != nil {
				if err := c.Spark.Check(); err != nil {
					return fmt.Errorf("table %q: %w", t.Title, err)
				}
			}
		}
	}
	return nil
}

func (Facts) check() error { return nil }
func (Tags) check() error  { return nil }

func (g Group) check() error { return g.Blocks.checkParts("group") }

func (f Fold) check() error { return f.Blocks.checkParts("fold") }

// checkParts says why blocks cannot be parts of another.
func (b Blocks) checkParts(of string) error {
	for _, part := range b {
		switch part.(type) {
		case Figure, Group, Fold, Pictures, Passages:
			return fmt.Errorf("a %s holds no %s", of, part.kind())
		}
		if err := part.check(); err != nil {
			return err
		}
	}
	return nil
}
