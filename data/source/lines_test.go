package source_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/data/table"
)

func linesKind() source.Kind {
	return source.Kind{
		Name: "lines", Version: 1, Title: "lines of text", Endings: []string{".txt"},
		Doc: "Each line of a text in UTF-8 is a row, with its number.",
		New: func() source.Reader { return new(lines) },
	}
}

// lines are the settings. Their tags say all that there is to say of them.
type lines struct {
	Comment string `yaml:"comment" doc:"What a line begins with that is left out."`
}

// Open says which columns there are, and how to read them.
func (s *lines) Open(_ context.Context, in source.Inputs) (source.Rows, error) {
	file, err := in.One()
	if err != nil {
		return nil, err
	}
	number := arrow.Field{Name: "line", Type: arrow.PrimitiveTypes.Int64}
	schema := arrow.NewSchema([]arrow.Field{number, {Name: "text", Type: arrow.BinaryTypes.String}}, nil)
	return source.Stream(&in, file.Name, schema, func(yield func(...arrow.Array) bool) error {
		text := bufio.NewScanner(io.NewSectionReader(file, 0, file.Size))
		numbers, texts, more := []int64{}, []string{}, true
		for line := int64(1); more && text.Scan(); line++ {
			if s.Comment == "" || !strings.HasPrefix(text.Text(), s.Comment) {
				numbers, texts = append(numbers, line), append(texts, text.Text())
			}
			if len(numbers) == 1000 {
				more = yield(table.NewArray(numbers, nil), table.NewArray(texts, nil))
				numbers, texts = nil, nil
			}
		}
		if err := text.Err(); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		if more && len(numbers) > 0 {
			yield(table.NewArray(numbers, nil), table.NewArray(texts, nil))
		}
		return nil
	})
}
