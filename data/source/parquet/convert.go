package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/float16"

	"pipe/data/table"
)

var little = binary.LittleEndian

// each converts values one by one.
func each(from, to int, one func(dst, src []byte) error) func(dst, src []byte) error {
	return func(dst, src []byte) error {
		for len(src) >= from {
			if err := one(dst[:to], src[:from]); err != nil {
				return err
			}
			dst, src = dst[to:], src[from:]
		}
		return nil
	}
}

// narrow makes int32 shorter.
func narrow[T int8 | int16 | uint8 | uint16](dst, src []byte) error {
	n := len(src) / 4
	if n == 0 {
		return nil
	}
	out := unsafe.Slice((*T)(unsafe.Pointer(&dst[0])), n)
	for i := range out {
		v := int32(little.Uint32(src[4*i:]))
		out[i] = T(v)
		if int32(out[i]) != v {
			return fmt.Errorf("%d does not fit in the type that the column is said to have", v)
		}
	}
	return nil
}

func thousandfold(dst, src []byte) error {
	v := int64(little.Uint64(src))
	if v > math.MaxInt64/1000 || v < math.MinInt64/1000 {
		return fmt.Errorf("%d ms is outside of the years that a timestamp can hold", v)
	}
	little.PutUint64(dst, uint64(v*1000))
	return nil
}

// timeOfDay multiplies times of which a second has per.
func timeOfDay(per, factor int64) func(dst, src []byte) error {
	return func(dst, src []byte) error {
		v := whole(src)
		if v < 0 || v >= 24*60*60*per {
			return fmt.Errorf("%d is no time of a day", v)
		}
		little.PutUint64(dst, uint64(v*factor))
		return nil
	}
}

func whole(src []byte) int64 {
	if len(src) == 4 {
		return int64(int32(little.Uint32(src)))
	}
	return int64(little.Uint64(src))
}

// int96 makes nanoseconds of a Julian day and the nanoseconds in it.
func int96(dst, src []byte) error {
	const julian1970, nanosOfDay = 2440588, 24 * 60 * 60 * 1_000_000_000
	days, rest := int64(little.Uint32(src[8:]))-julian1970, int64(little.Uint64(src))
	const most = math.MaxInt64/nanosOfDay - 1
	if days > most || days < -most || rest < -nanosOfDay || rest > nanosOfDay {
		return fmt.Errorf("a timestamp outside of the years 1678 to 2262, which are all that nanoseconds can hold")
	}
	little.PutUint64(dst, uint64(days*nanosOfDay+rest))
	return nil
}

func half(dst, src []byte) error {
	little.PutUint32(dst, math.Float32bits(float16.FromBits(little.Uint16(src)).Float32()))
	return nil
}

func uuid(dst, src []byte) ([]byte, error) {
	for i, n := range []int{4, 2, 2, 2, 6} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, src[:n])
		src = src[n:]
	}
	return dst, nil
}

// maxDigits is how many digits a decimal number can have.
const maxDigits = 76

// decimalCast is that of numbers with a fixed number of digits after the point.
func decimalCast(l *leaf, digits, scale int) (cast, error) {
	if digits < 1 || digits > maxDigits || scale < 0 || scale > digits {
		return cast{}, fmt.Errorf("damaged Parquet file: decimal numbers of %d digits, %d of them after the point", digits, scale)
	}
	if l.physical != typeInt32 && l.physical != typeInt64 && l.physical != typeBytes && l.physical != typeFixedBytes {
		return cast{}, fmt.Errorf("damaged Parquet file: decimal numbers of type %d", l.physical)
	}
	binary := l.physical == typeBytes || l.physical == typeFixedBytes
	fixed := func(dst, src []byte, put func(v int64) uint64) error {
		var v int64
		ok := true
		if binary {
			v, ok = bigEndian(src)
		} else {
			v = whole(src)
		}
		if !ok {
			return errors.New("a decimal number with more digits than the column is said to have")
		}
		little.PutUint64(dst, put(v))
		return nil
	}
	c := cast{size: 8}
	var one func(dst, src []byte) error
	c.to = table.DecimalType(digits, scale)
	switch c.to.ID() {
	case arrow.INT64:
		one = func(dst, src []byte) error { return fixed(dst, src, func(v int64) uint64 { return uint64(v) }) }
	case arrow.FLOAT64:
		power := math.Pow10(scale)
		one = func(dst, src []byte) error {
			return fixed(dst, src, func(v int64) uint64 { return math.Float64bits(float64(v) / power) })
		}
	default:
		c.size = 0
		c.format = func(dst, src []byte) ([]byte, error) {
			v := new(big.Int)
			switch {
			case !binary:
				v.SetInt64(whole(src))
			case len(src) > 64:
				return nil, fmt.Errorf("a decimal number of %d bytes", len(src))
			default:
				if v.SetBytes(src); len(src) > 0 && src[0] >= 1<<7 {
					v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(src))))
				}
			}
			return appendDecimal(dst, v, scale), nil
		}
		return c, nil
	}
	if c.convert = one; l.size > 0 {
		c.convert = each(l.size, 8, one)
	}
	return c, nil
}

// bigEndian reads a number in two's complement, the greatest byte first.
func bigEndian(src []byte) (v int64, ok bool) {
	if len(src) == 0 {
		return 0, false
	}
	v = int64(int8(src[0])) >> 7 // its sign
	for len(src) > 8 {
		if int64(int8(src[0])) != v {
			return 0, false
		}
		src = src[1:]
	}
	if int64(int8(src[0]))>>7 != v {
		return 0, false
	}
	for _, b := range src {
		v = v<<8 | int64(b)
	}
	return v, true
}

// appendDecimal writes a number as people do, with all digits after its point.
func appendDecimal(dst []byte, v *big.Int, scale int) []byte {
	if v.Sign() < 0 {
		dst = append(dst, '-')
	}
	digits := new(big.Int).Abs(v).Append(nil, 10)
	for len(digits) <= scale {
		digits = append([]byte{'0'}, digits...)
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[len(digits)-scale:]...)
	}
	return dst
}
