package excel

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/archive"
)

// A Workbook is a file of the form that Excel has since 2007: an archive of XML.
type Workbook struct {
	name   string
	parts  map[string]*zip.File
	sheets []sheetRef
	shared texts
	styles []format // of cells, by their number
	epoch  int64    // days from 1970 to day 0
}

// A sheetRef is where a sheet of a name is.
type sheetRef struct{ name, part string }

// maxShared bounds the bytes of the texts that cells share, which are in memory.
const maxShared = 1 << 30

// openWorkbook reads all of a workbook but its sheets.
func openWorkbook(f *source.File) (*Workbook, error) {
	start, err := f.Begin()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(string(start), "\xd0\xcf\x11\xe0") {
		return nil, diag.WithHint(fmt.Errorf("%s is a workbook of the form before 2007, or has a password", f.Name),
			"save it in the spreadsheet program as .xlsx, without a password")
	}
	files, err := archive.Open(f, f.Size)
	if err != nil {
		return nil, diag.WithHint(fmt.Errorf("%s is no workbook: %w", f.Name, err), "a workbook is a file .xlsx or .xlsm; set format: if it is another one")
	}
	w := &Workbook{name: f.Name, parts: partsOf(files)}
	_, top, err := w.related("")
	if err != nil {
		return nil, err
	}
	book := top["officeDocument"]
	if book == "" || strings.HasSuffix(book, ".bin") {
		return nil, diag.WithHint(fmt.Errorf("%s is no workbook that can be read: it has no sheets in XML", f.Name), "save it in the spreadsheet program as .xlsx")
	}
	byID, byType, err := w.related(book)
	if err != nil {
		return nil, err
	}
	if err := w.readBook(book, byID); err != nil {
		return nil, err
	}
	if err := w.readStyles(byType["styles"]); err != nil {
		return nil, err
	}
	return w, w.readShared(byType["sharedStrings"])
}

func (w *Workbook) readBook(name string, byID map[string]string) error {
	p, err := w.open(name)
	if p == nil {
		return errors.Join(err, fmt.Errorf("%s: %s is not there", w.name, name))
	}
	defer p.Close()
	w.epoch = -25569 // day 1 is 1900-01-01, and there is a day too many
	err = p.elements(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			if v := attr(&e, "date1904"); v == "1" || v == "true" {
				w.epoch = -24107
			}
		case "sheet":
			id := ""
			for _, a := range e.Attr { // r:id, beside sheetId
				if a.Name.Local == "id" {
					id = a.Value
				}
			}
			if part := byID[id]; part != "" && w.parts[strings.ToLower(part)] != nil {
				w.sheets = append(w.sheets, sheetRef{attr(&e, "name"), part})
			}
		}
		return nil
	})
	if err == nil && len(w.sheets) == 0 {
		err = fmt.Errorf("%s has no sheets", w.name)
	}
	return err
}

// sheet finds a sheet, the first one if no name is given.
func (w *Workbook) sheet(name string) (*sheetRef, error) {
	var names []string
	for i := range w.sheets {
		if s := &w.sheets[i]; name == "" || strings.EqualFold(s.name, name) {
			return s, nil
		}
		names = append(names, w.sheets[i].name)
	}
	hint := fmt.Sprintf("the sheets are %q", names[:min(len(names), 20)])
	if near, ok := diag.Nearest(name, names); ok {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return nil, diag.WithHint(fmt.Errorf("%s has no sheet %q", w.name, name), hint)
}

func (w *Workbook) readStyles(name string) error {
	p, err := w.open(name)
	if p == nil || err != nil {
		return err
	}
	defer p.Close()
	custom := map[int]format{}
	cells := false
	return p.elements(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			if id, err := strconv.Atoi(attr(&e, "numFmtId")); err == nil && len(custom) < maxParts {
				custom[id] = formatOf(attr(&e, "formatCode"))
			}
		case "cellXfs":
			cells = true
		case "cellStyles", "dxfs":
			cells = false
		case "xf":
			if !cells {
				return nil
			}
			id, err := strconv.Atoi(attr(&e, "numFmtId"))
			f, ok := custom[id]
			if !ok && err == nil {
				f = builtin(id)
			}
			if len(w.styles) >= maxParts {
				return fmt.Errorf("%s: more than %d styles of cells", p.name, maxParts)
			}
			w.styles = append(w.styles, f)
		}
		return nil
	})
}

// texts are many short ones.
type texts struct {
	bytes []byte
	ends  []int
}

func (t *texts) add(b []byte) {
	t.bytes = append(t.bytes, b...)
	t.ends = append(t.ends, len(t.bytes))
}

func (t *texts) get(i int) ([]byte, bool) {
	switch {
	case i < 0 || i >= len(t.ends):
		return nil, false
	case i == 0:
		return t.bytes[:t.ends[0]], true
	}
	return t.bytes[t.ends[i-1]:t.ends[i]], true
}

func (w *Workbook) readShared(name string) error {
	p, err := w.open(name)
	if p == nil || err != nil {
		return err
	}
	defer p.Close()
	var text []byte
	for {
		t, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "si" {
			if text, err = p.richText(text[:0], "si"); err != nil {
				return err
			}
			if w.shared.add(text); len(w.shared.bytes)+8*len(w.shared.ends) > maxShared {
				return fmt.Errorf("%s: the texts of the workbook take more than 1 GiB", p.name)
			}
		}
	}
}

// richText appends the text of an element: of all its runs, but not how they are
// spoken.
func (p *part) richText(out []byte, element string) ([]byte, error) {
	inText, spoken := false, 0
	for {
		t, err := p.next()
		if err != nil {
			return nil, p.ended(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				inText = true
			case "rPh":
				spoken++
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				inText = false
			case "rPh":
				spoken--
			case element:
				return unescape(out), nil
			}
		case xml.CharData:
			if inText && spoken == 0 {
				if out = append(out, t...); len(out) > maxToken {
					return nil, fmt.Errorf("%s: %w", p.name, errToken)
				}
			}
		}
	}
}

// ended says that a part ends in the middle of something.
func (p *part) ended(err error) error {
	if err == io.EOF {
		return fmt.Errorf("%s: it ends in the middle", p.name)
	}
	return err
}

// unescape replaces _x000D_, as characters are written that XML does not have.
func unescape(b []byte) []byte {
	if !strings.Contains(string(b), "_x") {
		return b
	}
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if i+6 < len(b) && b[i] == '_' && b[i+1] == 'x' && b[i+6] == '_' {
			if r, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil && r < 0x80 {
				out = append(out, byte(r))
				i += 6
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}
