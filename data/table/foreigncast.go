package table

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/float16"

	"pipe/base/diag"
)

// A foreignField is a column of a foreign file.
type foreignField struct {
	name  string
	cast  cast
	coded bool // holds indices into a dictionary
	index cast // of the indices
	dict  int64
	lost  int64 // values that the cast has changed

	out *flatTable // its type, if the column is left out
}

// A layout says which buffers an array has.
type layout int

const (
	noBytes   layout = iota // every value is null
	bits                    // one for each value
	fixed                   // size bytes for each
	texts                   // offsets of size bytes, and the text
	textViews               // 16 bytes for each, and texts in further buffers
	vectors                 // a fixed number of elements in a child
	ragged                  // offsets of size bytes, and elements in a child
)

// A cast makes values of a type that a table has.
type cast struct {
	name   string // of the foreign type
	to     arrow.DataType
	layout layout
	size   int  // bytes of a value, of an offset, or of a vector
	child  int  // bytes of an element of a list
	local  bool // timestamps in no zone

	// convert makes a value of fixed size, nil if the bytes stay the same. kept false
	// means that something of it is lost.
	convert func(to, from []byte) (kept bool, err error)
	format  func(to, from []byte) []byte // adds text to to, in place of convert
	loss    string                       // of what convert did not keep, after a number
}

var little = binary.LittleEndian

// The types of Arrow, by their numbers in a schema.
const (
	typeNull            = 1
	typeInt             = 2
	typeFloat           = 3
	typeBinary          = 4
	typeUtf8            = 5
	typeBool            = 6
	typeDecimal         = 7
	typeDate            = 8
	typeTime            = 9
	typeTimestamp       = 10
	typeFixedSizeBinary = 15
	typeList            = 12
	typeFixedSizeList   = 16
	typeLargeList       = 21
	typeDuration        = 18
	typeLargeBinary     = 19
	typeLargeUtf8       = 20
	typeBinaryView      = 23
	typeUtf8View        = 24
)

// tableTypes are those that a table is stored with.
var tableTypes = map[byte]bool{
	typeInt: true, typeFloat: true, typeBool: true, typeUtf8: true, typeDate: true, typeTime: true, typeTimestamp: true, typeFixedSizeList: true, typeList: true,
}

// foreignName names a type by its number in a schema.
func foreignName(number byte) string {
	if name := foreignNames[number]; name != "" {
		return name
	}
	return fmt.Sprintf("number %d of Arrow", number)
}

// foreignNames are the types whose names need no parameters.
var foreignNames = map[byte]string{
	typeNull: "null", typeBinary: "binary", typeUtf8: "utf8", typeBool: "bool", typeDecimal: "decimal", typeFixedSizeBinary: "fixed_size_binary",
	typeDuration: "duration", typeLargeBinary: "large_binary", typeLargeUtf8: "large_utf8", typeBinaryView: "binary_view", typeUtf8View: "utf8_view",
	11: "interval", typeList: "list", 13: "struct", 14: "union", typeFixedSizeList: "fixed_size_list", 17: "map", typeLargeList: "large_list",
	22: "run_end_encoded", 25: "list_view", 26: "large_list_view",
}

// newForeignField finds what becomes of a column. Those of a data set can be
// inputs and targets, which no other table has.
func newForeignField(name string, t flatTable, dataset bool) (*foreignField, error) {
	f := &foreignField{name: name}
	def, _ := t.table(3) // types without parameters may have none
	var err error
	switch number := t.byte(2); {
	case number == typeFixedSizeList || number == typeList || number == typeLargeList:
		f.cast, err = listCast(number, def, t, dataset)
	default:
		f.cast, err = castOf(number, def)
	}
	if err != nil {
		return nil, err
	}
	if dataset && (name == TargetColumn || strings.HasPrefix(name, TargetColumn+".")) {
		f.cast = targetCast(f.cast)
	}
	encoding, coded := t.table(4)
	if !coded {
		return f, nil
	}
	f.coded, f.dict = true, encoding.int64(0)
	if f.cast.layout == vectors || f.cast.layout == ragged || f.cast.layout == bits || f.cast.layout == noBytes {
		return nil, diag.WithHint(fmt.Errorf("a dictionary of type %s cannot be taken", f.cast.name), "write the values themselves")
	}
	if index, ok := encoding.table(1); ok {
		f.index, err = intCast(index)
	} else {
		f.index, err = castFrom("int32", fixed, 4)
	}
	return f, err
}

// castOf finds the cast of a type. Its definition may be absent.
func castOf(number byte, def flatTable) (cast, error) {
	if def.buf == nil {
		def = flatTable{buf: make([]byte, 8), pos: 4} // a table without fields
		little.PutUint32(def.buf[4:], 4)
		def.buf[0] = 4
	}
	switch number {
	case typeNull:
		return castFrom("null", noBytes, 0)
	case typeInt:
		return intCast(def)
	case typeFloat:
		return floatCast(def)
	case typeBool:
		return castFrom("bool", bits, 0)
	case typeUtf8:
		return castFrom("utf8", texts, 4)
	case typeLargeUtf8:
		return castFrom("large_utf8", texts, 8)
	case typeUtf8View:
		return castFrom("utf8_view", textViews, 16)
	case typeDate:
		return dateCast(def.shortOr(0, 1))
	case typeTimestamp:
		c, err := timestampCast(def.short(0))
		c.local = def.text(1) == ""
		return c, err
	case typeTime:
		return timeCast(def.shortOr(0, 1), def.int32Or(1, 32))
	case typeDecimal:
		return decimalCast(def.int32Or(0, 0), def.int32Or(1, 0), def.int32Or(2, 128))
	}
	return castFrom(foreignName(number), fixed, 0)
}

// castFrom is the cast of a type to the one that the table of casts has for it.
func castFrom(name string, kind layout, size int) (cast, error) {
	to, err := castTo(name)
	return cast{name: name, to: to, layout: kind, size: size}, err
}

func intCast(def flatTable) (cast, error) {
	width, signed := def.int32Or(0, 0), def.byte(1) != 0
	name := fmt.Sprintf("int%d", width)
	if !signed {
		name = "u" + name
	}
	return castFrom(name, fixed, width/8)
}

func floatCast(def flatTable) (cast, error) {
	switch def.short(0) {
	case 0:
		c, err := castFrom("float16", fixed, 2)
		c.convert = func(to, from []byte) (bool, error) {
			little.PutUint32(to, math.Float32bits(float16.FromBits(little.Uint16(from)).Float32()))
			return true, nil
		}
		return c, err
	case 1:
		return castFrom("float32", fixed, 4)
	case 2:
		return castFrom("float64", fixed, 8)
	}
	return cast{}, damage("numbers of an unknown precision")
}

// targetCast makes what a target of a data set may be of numbers that are as good.
func targetCast(c cast) cast {
	switch c.to.ID() {
	case arrow.INT8, arrow.INT16, arrow.UINT8, arrow.UINT16:
		signed := arrow.IsSignedInteger(c.to.ID())
		c.to, c.convert = arrow.PrimitiveTypes.Int32, func(to, from []byte) (bool, error) {
			little.PutUint32(to, uint32(wholeOf(from, signed)))
			return true, nil
		}
	case arrow.FLOAT32:
		narrow := c.convert
		c.to, c.convert = arrow.PrimitiveTypes.Float64, func(to, from []byte) (bool, error) {
			if narrow != nil {
				var short [4]byte
				if _, err := narrow(short[:], from); err != nil {
					return false, err
				}
				from = short[:]
			}
			little.PutUint64(to, math.Float64bits(float64(math.Float32frombits(little.Uint32(from)))))
			return true, nil
		}
	}
	return c
}

// wholeOf reads a whole number that takes all of the bytes, 8 at most.
func wholeOf(from []byte, signed bool) int64 {
	var padded [8]byte
	copy(padded[:], from)
	v, shift := little.Uint64(padded[:]), 64-8*len(from)
	if signed {
		return int64(v<<shift) >> shift
	}
	return int64(v)
}

func dateCast(unit int) (cast, error) {
	if unit == 0 {
		return castFrom("date32", fixed, 4)
	}
	c, err := castFrom("date64", fixed, 8)
	c.loss = "the time of day is lost, which a date does not have; write a timestamp to keep it"
	c.convert = func(to, from []byte) (bool, error) {
		const perDay = 24 * 60 * 60 * 1000
		days, rest := divide(int64(little.Uint64(from)), perDay)
		if int64(int32(days)) != days {
			return false, fmt.Errorf("a date that is %d days from 1970", days)
		}
		little.PutUint32(to, uint32(days))
		return rest == 0, nil
	}
	return c, err
}

// divide rounds down.
func divide(a, b int64) (quotient, rest int64) {
	quotient, rest = a/b, a%b
	if rest < 0 {
		quotient, rest = quotient-1, rest+b
	}
	return quotient, rest
}

// perSecond gives the units of Arrow's enumeration.
var perSecond = [...]int64{1, 1e3, 1e6, 1e9}
var unitNames = [...]string{"s", "ms", "us", "ns"}

func timestampCast(unit int) (cast, error) {
	if unit < 0 || unit >= len(perSecond) {
		return cast{}, damage("a time in an unknown unit")
	}
	c, err := castFrom("timestamp["+unitNames[unit]+"]", fixed, 8)
	if unit < int(arrow.Microsecond) {
		factor := perSecond[arrow.Microsecond] / perSecond[unit]
		c.convert = func(to, from []byte) (bool, error) {
			v := int64(little.Uint64(from))
			if v > math.MaxInt64/factor || v < math.MinInt64/factor {
				return false, fmt.Errorf("a time that is %d %s from 1970", v, unitNames[unit])
			}
			little.PutUint64(to, uint64(v*factor))
			return true, nil
		}
	}
	return c, err
}

// timeCast is that of times of day.
func timeCast(unit, width int) (cast, error) {
	if unit < 0 || unit >= len(perSecond) || width != 32 && width != 64 {
		return cast{}, damage("a time in an unknown unit")
	}
	c, err := castFrom(fmt.Sprintf("time%d[%s]", width, unitNames[unit]), fixed, width/8)
	factor := max(1, perSecond[arrow.Microsecond]/perSecond[unit]) // of nanoseconds, 1
	c.convert = func(to, from []byte) (bool, error) {
		v := wholeOf(from, true)
		if v < 0 || v >= 24*60*60*perSecond[unit] {
			return false, fmt.Errorf("%d %s is no time of a day", v, unitNames[unit])
		}
		little.PutUint64(to, uint64(v*factor))
		return true, nil
	}
	return c, err
}

// decimalCast makes numbers of decimals where that loses nothing, and else text.
func decimalCast(precision, scale, width int) (cast, error) {
	if width != 32 && width != 64 && width != 128 && width != 256 || precision < 1 || precision > 76 || scale < -76 || scale > 76 {
		return cast{}, damage("a decimal of an unknown form")
	}
	name := longDecimal
	switch DecimalType(precision, scale).ID() {
	case arrow.INT64:
		name = wholeDecimal
	case arrow.FLOAT64:
		name = shortDecimal
	}
	c, err := castFrom(name, fixed, width/8)
	switch name {
	case wholeDecimal:
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-scale)), nil)
		c.convert = func(to, from []byte) (bool, error) {
			v := bigInt(from)
			if v.Mul(v, power); !v.IsInt64() {
				return false, fmt.Errorf("%s has more digits than its type", v)
			}
			little.PutUint64(to, uint64(v.Int64()))
			return true, nil
		}
	case shortDecimal:
		power := math.Pow10(scale)
		c.convert = func(to, from []byte) (bool, error) {
			v := bigInt(from)
			if !v.IsInt64() || v.Int64() < -1e15 || v.Int64() > 1e15 {
				return false, fmt.Errorf("%s e-%d has more digits than its type", v, scale)
			}
			little.PutUint64(to, math.Float64bits(float64(v.Int64())/power))
			return true, nil
		}
	default:
		c.format = func(to, from []byte) []byte { return appendDecimal(to, bigInt(from), scale) }
	}
	return c, err
}

// appendDecimal writes a number with all digits after its point.
func appendDecimal(to []byte, v *big.Int, scale int) []byte {
	if v.Sign() < 0 {
		to = append(to, '-')
	}
	digits := new(big.Int).Abs(v).String()
	if scale <= 0 {
		if digits != "0" {
			digits += strings.Repeat("0", -scale)
		}
		return append(to, digits...)
	}
	if short := scale + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	at := len(digits) - scale
	to = append(to, digits[:at]...)
	to = append(to, '.')
	return append(to, digits[at:]...)
}

// bigInt reads a number in two's complement.
func bigInt(from []byte) *big.Int {
	b := make([]byte, len(from))
	for i, v := range from {
		b[len(b)-1-i] = v
	}
	v := new(big.Int).SetBytes(b)
	if b[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return v
}
