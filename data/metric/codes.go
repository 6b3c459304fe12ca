package metric

// codes are a small number for each row, such as its class. They take a byte each
// where that is enough.
type codes struct {
	small []uint8
	large []int32
	all   int32 // of every row, if there is no list
}

// newCodes has room for the codes of rows, all below a limit.
func newCodes(rows, limit int) codes {
	if limit <= 1<<8 {
		return codes{small: make([]uint8, 0, rows)}
	}
	return codes{large: make([]int32, 0, rows)}
}

func (c *codes) add(code int32) {
	if c.large != nil {
		c.large = append(c.large, code)
		return
	}
	c.small = append(c.small, uint8(code))
}

// since is the codes of the rows from one on.
func (c codes) since(first int) codes {
	switch {
	case c.small != nil:
		c.small = c.small[first:]
	case c.large != nil:
		c.large = c.large[first:]
	}
	return c
}

// set changes the code of a row that has one.
func (c *codes) set(i int, code int32) {
	if c.large != nil {
		c.large[i] = code
		return
	}
	c.small[i] = uint8(code)
}

func (c *codes) at(i int) int32 {
	switch {
	case c.small != nil:
		return int32(c.small[i])
	case c.large != nil:
		return c.large[i]
	}
	return c.all
}

// equal tells whether the codes of two equally long lists are the same up to a row,
// and at which row they are not.
func (c *codes) equal(o *codes, rows int) (row int, same bool) {
	for i := range rows {
		if c.at(i) != o.at(i) {
			return i, false
		}
	}
	return 0, true
}
