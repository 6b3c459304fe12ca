package jsonl

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"pipe/base/diag"
	"pipe/data/source"
)

// ListKind describes JSON that is one list of objects.
func ListKind() source.Kind {
	return source.Kind{
		Name:    "json",
		Version: 1,
		Title:   "JSON",
		Doc: `One list of objects, written in any way: [{"a": 1}, {"a": 2}]. The objects become rows as those of JSON Lines do, which
such a file may hold as well.`,
		Endings: []string{".json"},
		Detect:  detectList,
		New:     func() source.Reader { return new(List) },
	}
}

// List reads a file that is one list of objects, or JSON Lines.
type List struct{ Reader }

// Open does the first pass.
func (in *List) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	return in.open(ctx, from, true)
}

// detectList knows a list by its first object.
func detectList(start []byte) bool {
	start, ok := bytes.CutPrefix(trimStart(start), []byte("["))
	return ok && detect(bytes.TrimPrefix(start, source.BOM))
}

func trimStart(start []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(start, source.BOM), blanks)
}

// blanks are those of JSON.
const blanks = " \t\r\n"

// bounds makes the file end where the list does, and start where its first
// element does.
func (r *reading) bounds(start []byte) error {
	at := len(start) - len(trimStart(start))
	if at == len(start) || start[at] != '[' {
		if at == len(start) && int64(at) == r.file.Size {
			return nil // blank lines
		}
		return diag.WithHint(fmt.Errorf("%s is no list of objects", r.file.Name),
			"the format json is [{...}, {...}]; if the list is within an object, take it out, for example with: jq .name FILE")
	}
	r.list, r.offset = true, int64(at)+1
	end, last, err := r.lastByte(r.file.Size)
	if err != nil {
		return err
	}
	if last != ']' || end < r.offset {
		return diag.WithHint(fmt.Errorf("%s: the list is never closed: the file does not end with ]", r.file.Name), "it may have been cut off")
	}
	before, last, err := r.lastByte(end)
	if err != nil {
		return err
	}
	if before >= r.offset && last == ',' {
		return fmt.Errorf("%s: a comma before the end of the list, at byte %d of the file", r.file.Name, before)
	}
	if before < r.offset {
		end = r.offset // it has no elements
	}
	file := *r.file
	file.Size = end
	r.file = &file
	return nil
}

// lastByte finds the last byte before end that is no blank, with its place.
func (r *reading) lastByte(end int64) (at int64, last byte, err error) {
	buf := make([]byte, source.Start)
	for end > 0 {
		n := min(int64(len(buf)), end)
		if err := r.file.ReadFull(buf[:n], end-n); err != nil {
			return 0, 0, err
		}
		if rest := bytes.TrimRight(buf[:n], blanks); len(rest) > 0 {
			return end - n + int64(len(rest)) - 1, rest[len(rest)-1], nil
		}
		end -= n
	}
	return -1, 0, nil
}

// records yields the lines of a piece of the file or, of a list, what stands
// between its commas.
func (r *reading) records(data []byte) iter.Seq[[]byte] {
	if !r.list {
		return bytes.Lines(data)
	}
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			end := comma(data)
			element, rest := data, []byte(nil)
			if end >= 0 {
				element, rest = data[:end], data[end+1:]
			}
			if !yield(element) {
				return
			}
			data = rest
		}
	}
}

// size is how many bytes of a piece, which ends somewhere, a record takes that
// starts somewhere.
func (r *reading) size(record []byte, start, end int64) int64 {
	if n := int64(len(record)); !r.list || start+n == end {
		return n
	}
	return int64(len(record)) + 1 // and a comma
}

// comma finds the first comma outside of texts, objects and lists, or -1.
func comma(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			n := textEnd(data[i+1:])
			if n < 0 {
				return -1
			}
			i += n
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth <= 0 {
				return i
			}
		}
	}
	return -1
}

// textEnd is the length of a text with its closing quote, or -1.
func textEnd(b []byte) int {
	for n := 0; ; {
		i := bytes.IndexByte(b[n:], '"')
		if i < 0 {
			return -1
		}
		slashes := 0
		for i > slashes && b[n+i-1-slashes] == '\\' {
			slashes++
		}
		if n += i + 1; slashes%2 == 0 {
			return n
		}
	}
}

// lastComma is the position behind the last comma between the elements of a
// list, 0 if there is none.
func lastComma(data []byte) int {
	last := 0
	for {
		i := comma(data[last:])
		if i < 0 {
			return last
		}
		last += i + 1
	}
}
