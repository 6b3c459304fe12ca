package table

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// checkData says whether an array that was read can be used without further
// checks: nothing in it points outside of its buffers.
func checkData(d *array.Data) error {
	n := d.Len()
	if n < 0 || n > math.MaxInt32 {
		return fmt.Errorf("%d values", n)
	}
	if err := checkValidity(d); err != nil {
		return err
	}
	switch t := d.DataType().(type) {
	case *arrow.StringType:
		return checkText(d)
	case *arrow.BooleanType:
		return checkLen(d, int(bitutil.BytesForBits(int64(n))))
	case *arrow.FixedSizeListType:
		child := d.Children()[0].(*array.Data)
		if want := n * int(t.Len()); child.Len() != want {
			return fmt.Errorf("%d elements, want %d", child.Len(), want)
		}
		if d.NullN() > 0 || child.NullN() > 0 {
			return errListNulls
		}
		return checkData(child)
	case *arrow.ListType:
		return checkRagged(d)
	case arrow.FixedWidthDataType:
		return checkLen(d, n*t.Bytes())
	}
	return fmt.Errorf("type %v", d.DataType())
}

// checkLen wants n bytes in the second buffer of an array, its values.
func checkLen(d *array.Data, n int) error {
	if got := len(bytesIn(d.Buffers()[1])); got < n {
		return fmt.Errorf("%d bytes of values, want %d", got, n)
	}
	return nil
}

func bytesIn(b *memory.Buffer) []byte {
	if b == nil {
		return nil
	}
	return b.Bytes()
}

func checkValidity(d *array.Data) error {
	bitmap, nulls := bytesIn(d.Buffers()[0]), 0
	if len(bitmap) > 0 {
		if len(bitmap) < int(bitutil.BytesForBits(int64(d.Len()))) {
			return errors.New("the validity bitmap is too short")
		}
		nulls = d.Len() - bitutil.CountSetBits(bitmap, 0, d.Len())
	}
	if nulls != d.NullN() {
		return fmt.Errorf("says %d nulls but has %d", d.NullN(), nulls)
	}
	return nil
}

func checkRagged(d *array.Data) error {
	n := d.Len()
	if err := checkLen(d, 4*(n+1)); err != nil {
		return err
	}
	child := d.Children()[0].(*array.Data)
	if d.NullN() > 0 || child.NullN() > 0 {
		return errListNulls
	}
	offsets := arrow.Int32Traits.CastFromBytes(d.Buffers()[1].Bytes())[:n+1]
	if offsets[0] != 0 || int(offsets[n]) != child.Len() {
		return errOutside
	}
	for i := range n {
		if length := offsets[i+1] - offsets[i]; offsets[i] > offsets[i+1] || length > maxListed {
			return errOutside
		}
	}
	return checkData(child)
}

var errOutside = errors.New("elements outside of their buffer")

func checkText(d *array.Data) error {
	n := d.Len()
	if err := checkLen(d, 4*(n+1)); err != nil {
		return err
	}
	text := bytesIn(d.Buffers()[2])
	offsets := arrow.Int32Traits.CastFromBytes(d.Buffers()[1].Bytes())[:n+1]
	if offsets[0] != 0 || int(offsets[n]) > len(text) {
		return errors.New("text outside of its buffer")
	}
	for i := range n {
		if offsets[i] > offsets[i+1] {
			return errors.New("text outside of its buffer")
		}
	}
	// Each value is valid if all text is and no value ends inside a character.
	text = text[:offsets[n]]
	if !utf8.Valid(text) {
		return errors.New("text is not UTF-8")
	}
	for _, at := range offsets[:n] {
		if int(at) < len(text) && !utf8.RuneStart(text[at]) {
			return errors.New("text is not UTF-8")
		}
	}
	return nil
}
