// Package glob selects files by patterns such as data/**/*.png.
//
// A pattern is a path with slashes. In an element, * stands for any characters,
// ? for one, and [a-z] for one of a class; the element ** stands for any number
// of folders. As in a shell, what begins with a dot is selected only by an
// element that does so itself. What is selected are regular files, whose order is
// that of their paths.
package glob

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxElements bounds the work for a name.
const maxElements = 64

// A Pattern is a pattern that was checked.
type Pattern struct {
	// Folder is what comes before the first element that is no plain name: the
	// folder to look in, "." if there is none.
	Folder string

	elements []string
}

// Parse checks a pattern.
func Parse(text string) (*Pattern, error) {
	folder, rest := ".", text
	if strings.HasPrefix(text, "/") {
		folder, rest = "/", strings.TrimLeft(text, "/")
	}
	elements := slices.DeleteFunc(strings.Split(rest, "/"), func(e string) bool { return e == "" || e == "." })
	if len(elements) == 0 || strings.HasSuffix(text, "/") {
		return nil, fmt.Errorf("the pattern ends with a folder; %s selects all files below it", path.Join(text, "**"))
	}
	if len(elements) > maxElements {
		return nil, fmt.Errorf("the pattern has %d elements, the most are %d", len(elements), maxElements)
	}
	for len(elements) > 1 && !strings.ContainsAny(elements[0], `*?[\`) {
		folder = path.Join(folder, elements[0])
		elements = elements[1:]
	}
	for _, e := range elements {
		_, err := path.Match(e, "")
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is no pattern: a [ is not closed, or nothing follows a \\", e)
		case e == "..":
			return nil, fmt.Errorf("%q comes behind what stands for many names", e)
		case e != "**" && strings.Contains(e, "**"):
			return nil, fmt.Errorf("%q: ** stands for folders and has to be an element of its own", e)
		}
	}
	return &Pattern{Folder: folder, elements: elements}, nil
}

// Match reports whether a path, relative to Folder, is one that is selected.
func (p *Pattern) Match(name string) bool {
	at := p.begin()
	for e := range strings.SplitSeq(name, "/") {
		at = p.step(at, e)
	}
	return at[len(p.elements)]
}

// Walk calls visit for each file that is selected, with its path relative to
// Folder, which is what fsys holds. A file that is selected and is not regular,
// such as a symbolic link, is visited too, so that it can be refused.
func (p *Pattern) Walk(ctx context.Context, fsys fs.FS, visit func(name string, d fs.DirEntry) error) error {
	within := map[string]progress{".": p.begin()}
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || name == "." {
			return err
		}
		at := p.step(within[path.Dir(name)], path.Base(name))
		switch {
		case d.IsDir() && !slices.Contains(at, true):
			return fs.SkipDir
		case d.IsDir():
			within[name] = at
			return nil
		case at[len(p.elements)]:
			return visit(name, d)
		}
		return nil
	})
}

// progress says which elements of a pattern may come next; the last is its end.
type progress []bool

func (p *Pattern) begin() progress {
	at := make(progress, len(p.elements)+1)
	at[0] = true
	return p.skip(at)
}

// step goes over a name.
func (p *Pattern) step(at progress, name string) progress {
	next := make(progress, len(at))
	for i, e := range p.elements {
		if !at[i] || strings.HasPrefix(name, ".") && !strings.HasPrefix(e, ".") {
			continue
		}
		if e == "**" {
			next[i] = true
			next[i+1] = next[i+1] || i == len(p.elements)-1 // at the end it stands for files, too
		} else if ok, _ := path.Match(e, name); ok {
			next[i+1] = true
		}
	}
	return p.skip(next)
}

// skip lets each ** stand for no folder.
func (p *Pattern) skip(at progress) progress {
	for i, e := range p.elements {
		if at[i] && e == "**" && i+1 < len(p.elements) {
			at[i+1] = true
		}
	}
	return at
}
