package stablehlo

import (
	"strconv"
	"strings"
)

// A Common finds operations that are the same, on operands that are: XLA computes
// them once, and keeps the result until the last of them. Nil finds nothing.
type Common struct {
	// Products are those that there are twice.
	Products []Twice

	numbers map[string]int    // of operations, by what they say
	names   map[string]string // of results, by those that are the same
}

// A Twice is a product that is made at two places, which are counted as Func.Position
// does.
type Twice struct {
	First, Again int
	Bytes        int64 // of the result
}

// NewCommon is a Common for a function.
func NewCommon() *Common { return &Common{numbers: map[string]int{}, names: map[string]string{}} }

// Position is the number of the last operation.
func (f *Func) Position() int { return f.n }

// add takes note of an operation.
func (c *Common) add(number int, name, text string) {
	if c == nil {
		return
	}
	text = c.plain(text)
	if first, ok := c.numbers[text]; ok {
		c.names[name] = "%" + strconv.Itoa(first)
		return
	}
	c.numbers[text] = number
}

// plain is the text with one name for all values that are the same.
func (c *Common) plain(text string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(text, '%')
		if at < 0 {
			return b.String() + text
		}
		end := at + 1
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		name := text[at:end]
		if same, ok := c.names[name]; ok {
			name = same
		}
		b.WriteString(text[:at])
		b.WriteString(name)
		text = text[end:]
	}
}

// again says whether the product v, the operation with a number, was made before.
func (c *Common) again(number int, v Value) bool {
	if c == nil {
		return false
	}
	same, ok := c.names[v.name]
	if !ok {
		return false
	}
	first, err := strconv.Atoi(strings.TrimPrefix(same, "%"))
	if err != nil {
		return false
	}
	c.Products = append(c.Products, Twice{first, number, int64(v.Size()) * int64(v.Type.Bytes())})
	return true
}
