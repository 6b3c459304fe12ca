package table

import (
	"encoding/json"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/tensor"
)

// ShapeKey is the field metadata key that holds the shape of the rows of a column of
// lists, such as [28,28], if they have more than one dimension.
const ShapeKey = "pipe.shape"

// WithShape gives the field with the shape of its rows.
func WithShape(f arrow.Field, shape []int) arrow.Field {
	text, err := json.Marshal(shape)
	if err != nil {
		panic(err) // of integers it has no reason to
	}
	return WithMetadata(f, ShapeKey, string(text))
}

// ShowsKey is the field metadata key that says what a column of lists shows, where the
// shape does not tell, as that of pictures does not from that of series.
const ShowsKey = "pipe.shows"

// WithShown gives the field with what its lists show.
func WithShown(f arrow.Field, kind InputKind) arrow.Field {
	return WithMetadata(f, ShowsKey, string(kind))
}

// ShownBy is what the lists of a column show, empty if nobody has said it.
func ShownBy(f arrow.Field) InputKind {
	kind, _ := f.Metadata.GetValue(ShowsKey)
	return InputKind(kind)
}

// ShapeOf gives the type of the elements of a column of lists and the shape of its
// rows: their number, tensor.Ragged if they have different ones, where nobody has
// said more. ok is false for columns that are none of lists.
func ShapeOf(f arrow.Field) (of tensor.Type, shape []int, ok bool) {
	of, width, ok := ListOf(f.Type)
	if !ok {
		return "", nil, false
	}
	if text, said := f.Metadata.GetValue(ShapeKey); said && width != tensor.Ragged {
		if json.Unmarshal([]byte(text), &shape) == nil && holds(shape, width) {
			return of, shape, true
		}
	}
	return of, []int{width}, true
}

// holds says whether rows of a width have a shape.
func holds(shape []int, width int) bool {
	n := 1
	for _, d := range shape {
		if d < 1 || d > width {
			return false
		}
		if n *= d; n > width {
			return false
		}
	}
	return n == width
}
