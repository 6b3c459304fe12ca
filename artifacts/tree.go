package artifacts

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"iter"
	"path"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Tree is the manifest of a directory: its files, sorted by path. Empty
// directories, times and owners are not part of it. It is an artifact itself;
// the text form, one line for each file, ends every line with a newline:
//
//	pipe-tree 1 2
//	f 11 9f86d0...(64 digits) docs/read me.txt
//	x 40 60303a...(64 digits) run.sh
//
// The header has the version of the format and the number of files, a line has
// "x" for an executable file or "f", the size in bytes, the ID and the path.
// Each Tree has exactly one text form.
type Tree struct {
	Entries []TreeEntry
}

// A TreeEntry is a file of a directory.
type TreeEntry struct {
	Path       string // relative, slash-separated, valid UTF-8 without control characters
	Size       int64
	ID         ID
	Executable bool
}

// Bounds of a manifest, so that a hostile one cannot exhaust memory.
const (
	treeMagic      = "pipe-tree "
	treeHeader     = treeMagic + "1 "
	maxTreeBytes   = 1 << 30
	maxTreeEntries = 1 << 23
	maxTreePath    = 4096
	maxTreeName    = 255
	maxTreeDepth   = 256
	maxTreeSize    = 1 << 60 // of all files together
)

// A TreeError says that bytes are not a directory manifest.
type TreeError struct {
	Line int // 1 is the header; 0 means the manifest as a whole
	Msg  string
}

func (e *TreeError) Error() string {
	if e.Line == 0 {
		return "directory manifest: " + e.Msg
	}
	return fmt.Sprintf("directory manifest: line %d: %s", e.Line, e.Msg)
}

// NewTree makes a manifest of files in any order. The error is a *TreeError.
func NewTree(entries []TreeEntry) (*Tree, error) {
	t := &Tree{Entries: entries}
	t.sort()
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, nil
}

// ID is that of the artifact which the manifest is.
func (t *Tree) ID() ID { return Sum(t.text()) }

// Size returns the sum of the sizes of the files.
func (t *Tree) Size() int64 {
	var n int64
	for _, e := range t.Entries {
		n += e.Size
	}
	return n
}

// WriteTo writes the text form. Entries that ParseTree would refuse are an
// error, before anything is written.
func (t *Tree) WriteTo(w io.Writer) (int64, error) {
	if err := t.check(); err != nil {
		return 0, err
	}
	n, err := w.Write(t.text())
	return int64(n), err
}

func (t *Tree) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%d\n", treeHeader, len(t.Entries))
	for _, e := range t.Entries {
		kind := 'f'
		if e.Executable {
			kind = 'x'
		}
		fmt.Fprintf(&b, "%c %d %s %s\n", kind, e.Size, e.ID, e.Path)
	}
	return b.Bytes()
}

// ParseTree reads the text form and refuses whatever WriteTo would not write.
// The error is a *TreeError, or that of r.
func ParseTree(r io.Reader) (*Tree, error) {
	br := bufio.NewReaderSize(io.LimitReader(r, maxTreeBytes+1), 64<<10)
	header, err := readLine(br, 1)
	if err != nil {
		return nil, err
	}
	count, ok := strings.CutPrefix(header, treeHeader)
	if !ok {
		return nil, &TreeError{1, fmt.Sprintf("want %q and the number of files, have %q", treeHeader, clip(header))}
	}
	n, err := parseSize(count)
	if err != nil || n > maxTreeEntries {
		return nil, &TreeError{1, fmt.Sprintf("bad number of files %q", clip(count))}
	}
	t := &Tree{}
	total := int64(len(header)) + 1
	for line := 2; int64(line-2) < n; line++ {
		text, err := readLine(br, line)
		if err != nil {
			return nil, err
		}
		if total += int64(len(text)) + 1; total > maxTreeBytes {
			return nil, &TreeError{line, fmt.Sprintf("the manifest has more than %d bytes", maxTreeBytes)}
		}
		e, err := parseEntry(text)
		if err != nil {
			return nil, &TreeError{line, err.Error()}
		}
		t.Entries = append(t.Entries, e)
	}
	switch _, err := br.ReadByte(); {
	case err == nil:
		return nil, &TreeError{0, fmt.Sprintf("more follows the %d files that the header announces", n)}
	case err != io.EOF:
		return nil, err
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, nil
}

// readLine returns a line without its newline, which it insists on.
func readLine(br *bufio.Reader, line int) (string, error) {
	text, err := br.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return "", &TreeError{line, "line is too long"}
	case err == io.EOF:
		return "", &TreeError{line, "the manifest ends too early"}
	case err != nil:
		return "", err
	}
	return string(text[:len(text)-1]), nil
}

func parseEntry(text string) (TreeEntry, error) {
	var e TreeEntry
	fields := strings.SplitN(text, " ", 4)
	if len(fields) != 4 {
		return e, fmt.Errorf("want kind, size, ID and path, have %q", clip(text))
	}
	switch fields[0] {
	case "f":
	case "x":
		e.Executable = true
	default:
		return e, fmt.Errorf("kind %q is neither f nor x", clip(fields[0]))
	}
	var err error
	if e.Size, err = parseSize(fields[1]); err != nil {
		return e, err
	}
	if e.ID, err = ParseID(fields[2]); err != nil {
		return e, err
	}
	e.Path = fields[3]
	return e, nil
}

// parseSize reads a number in the one form that WriteTo gives it.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("bad number %q", clip(s))
	}
	return n, nil
}

// check refuses what could escape from a directory, overwrite itself there, or
// be written in two ways.
func (t *Tree) check() error {
	if len(t.Entries) > maxTreeEntries {
		return &TreeError{0, fmt.Sprintf("%d files, the most are %d", len(t.Entries), maxTreeEntries)}
	}
	dirs := map[string]bool{}
	left := int64(maxTreeSize)
	for i, e := range t.Entries {
		line := i + 2
		if err := checkPath(e.Path); err != nil {
			return &TreeError{line, err.Error()}
		}
		if e.Size < 0 || e.Size > left {
			return &TreeError{line, fmt.Sprintf("%q has the size %d", e.Path, e.Size)}
		}
		left -= e.Size
		if i > 0 && t.Entries[i-1].Path >= e.Path {
			if t.Entries[i-1].Path == e.Path {
				return &TreeError{line, fmt.Sprintf("%q is there twice", e.Path)}
			}
			return &TreeError{line, fmt.Sprintf("%q is not sorted", e.Path)}
		}
		for d := path.Dir(e.Path); d != "." && !dirs[d]; d = path.Dir(d) {
			dirs[d] = true
		}
	}
	for i, e := range t.Entries {
		if dirs[e.Path] {
			return &TreeError{i + 2, fmt.Sprintf("%q is both a file and a directory", e.Path)}
		}
	}
	return nil
}

func checkPath(p string) error {
	switch {
	case p == "":
		return fmt.Errorf("the path is empty")
	case len(p) > maxTreePath:
		return fmt.Errorf("path %q has %d bytes, the most are %d", clip(p), len(p), maxTreePath)
	case !utf8.ValidString(p):
		return fmt.Errorf("path %q is not valid UTF-8", clip(p))
	case p[0] == '/':
		return fmt.Errorf("path %q is absolute", clip(p))
	case strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("path %q has a control character", clip(p))
	case strings.ContainsAny(p, `\`):
		// A separator on Windows, where the path could then leave the directory.
		return fmt.Errorf("path %q has a backslash", clip(p))
	}
	if depth := strings.Count(p, "/") + 1; depth > maxTreeDepth {
		return fmt.Errorf("path %q is %d folders deep, the most are %d", clip(p), depth, maxTreeDepth)
	}
	for name := range strings.SplitSeq(p, "/") {
		switch {
		case name == "":
			return fmt.Errorf("path %q has an empty element", clip(p))
		case name == "." || name == "..":
			return fmt.Errorf("path %q has the element %q", clip(p), name)
		case len(name) > maxTreeName:
			return fmt.Errorf("path %q has an element of %d bytes, the most are %d", clip(p), len(name), maxTreeName)
		}
	}
	return nil
}

func (t *Tree) sort() {
	sort.Slice(t.Entries, func(i, j int) bool { return t.Entries[i].Path < t.Entries[j].Path })
}

// A TreeDifference is a file that two trees do not have in common.
type TreeDifference struct {
	Path     string
	Old, New int // its place in the trees, -1 where there is no such file
}

// Differences yields the files that are not the same in a newer tree, by path.
func (t *Tree) Differences(newer *Tree) iter.Seq[TreeDifference] {
	return func(yield func(TreeDifference) bool) {
		for i, j := 0, 0; i < len(t.Entries) || j < len(newer.Entries); {
			order := 0
			switch {
			case i == len(t.Entries):
				order = 1
			case j == len(newer.Entries):
				order = -1
			default:
				order = cmp.Compare(t.Entries[i].Path, newer.Entries[j].Path)
			}
			d := TreeDifference{Old: -1, New: -1}
			if order <= 0 {
				d.Path, d.Old = t.Entries[i].Path, i
				i++
			}
			if order >= 0 {
				d.Path, d.New = newer.Entries[j].Path, j
				j++
			}
			if order == 0 && t.Entries[d.Old] == newer.Entries[d.New] {
				continue
			}
			if !yield(d) {
				return
			}
		}
	}
}
