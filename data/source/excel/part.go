package excel

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"pipe/data/source/archive"
)

const (
	// maxToken bounds the bytes of a text or a tag, which are in memory at once.
	maxToken = 16 << 20
	// maxParts bounds the sheets of a workbook, which are files in it.
	maxParts = archive.Most
)

var errToken = errors.New("a text or a tag of more than 16 MiB")

// A part is a file of XML in a workbook, which is read token by token.
type part struct {
	name   string
	file   io.ReadCloser
	xml    *xml.Decoder
	budget int // bytes that the token may still take
}

// open opens a part. It is nil if there is none of the name.
func (w *Workbook) open(name string) (*part, error) {
	f := w.parts[strings.ToLower(name)]
	if f == nil {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", w.name, name, err)
	}
	p := &part{name: w.name + ": " + name, file: r}
	p.xml = xml.NewDecoder(p)
	p.xml.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the encoding %s, where UTF-8 is expected", charset)
	}
	return p, nil
}

// Read implements io.Reader, for the decoder.
func (p *part) Read(b []byte) (int, error) {
	if p.budget <= 0 {
		return 0, errToken
	}
	n, err := p.file.Read(b[:min(len(b), p.budget)])
	p.budget -= n
	return n, err
}

// next reads a token, io.EOF at the end. It is valid until the next one.
func (p *part) next() (xml.Token, error) {
	p.budget = maxToken
	t, err := p.xml.RawToken()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return t, err
}

// elements calls f with each element that starts, in the order of the part.
func (p *part) elements(f func(e xml.StartElement) error) error {
	for {
		t, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			if err := f(e); err != nil {
				return err
			}
		}
	}
}

func (p *part) Close() error { return p.file.Close() }

// attr gives an attribute of an element, whatever namespace it is in.
func attr(e *xml.StartElement, name string) string {
	for i := range e.Attr {
		if e.Attr[i].Name.Local == name {
			return e.Attr[i].Value
		}
	}
	return ""
}

// related gives the targets of the relations of a part by their names, and those
// of each type by the last word of it.
func (w *Workbook) related(of string) (byID, byType map[string]string, err error) {
	dir, base := path.Split(of)
	p, err := w.open(dir + "_rels/" + base + ".rels")
	if p == nil || err != nil {
		return nil, nil, err
	}
	defer p.Close()
	byID, byType = map[string]string{}, map[string]string{}
	err = p.elements(func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" || attr(&e, "TargetMode") == "External" {
			return nil
		}
		target := attr(&e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		target = strings.TrimPrefix(target, "/")
		byID[attr(&e, "Id")] = target
		if kind := path.Base(attr(&e, "Type")); byType[kind] == "" {
			byType[kind] = target
		}
		return nil
	})
	return byID, byType, err
}

// partsOf lists the files of an archive. Names in it mean nothing outside of it:
// nothing is unpacked to a disk.
func partsOf(files []*zip.File) map[string]*zip.File {
	parts := make(map[string]*zip.File, len(files))
	for _, f := range files {
		parts[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	return parts
}
