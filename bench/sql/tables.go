package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// makeTables writes the tables in the shape of those of TPC-H: four lines for an order,
// ten orders for a customer, and nothing in the order of what it belongs to.
func makeTables(dir string, rows int) error {
	orders := (rows + 3) / 4
	customers := max(orders/10, 1)
	pick := func(i int, list ...string) string { return list[mix(i)%uint64(len(list))] }
	day := func(i int) arrow.Date32 { return arrow.Date32(8035 + mix(i)%2400) } // from 1992 on
	whole := arrow.PrimitiveTypes.Int64
	text, date := arrow.BinaryTypes.String, arrow.FixedWidthTypes.Date32
	small := arrow.PrimitiveTypes.Int32
	return errors.Join(
		write(dir, "lines", rows, names("id", whole, "number", small, "quantity", small, "price", whole, "discount", small, "tax", small,
			"flag", text, "status", text, "shipped", date, "comment", text), func(from, n int) []arrow.Array {
			c := newColumns()
			for i := range n {
				k := from + i
				c.whole(0, int64(k/4*7919%orders)) // a prime, so that each order is met once
				c.small(0, int32(k%4))
				c.small(1, int32(1+mix(k*3)%50))
				c.whole(1, int64(90_000+mix(k*5)%10_000_000))
				c.small(2, int32(mix(k*7)%11))
				c.small(3, int32(mix(k*11)%9))
				c.text(0, pick(k*13, "A", "N", "R"))
				c.text(1, pick(k*17, "F", "O"))
				c.day(day(k * 19))
				c.text(2, fmt.Sprintf("line %d of an order, %s", k, pick(k*23, "carefully packed", "regular deposits", "furious requests")))
			}
			return c.arrays("w0 s0 s1 w1 s2 s3 t0 t1 d t2")
		}),
		write(dir, "orders", orders, names("id", whole, "customer", whole, "ordered", date, "priority", text), func(from, n int) []arrow.Array {
			c := newColumns()
			for i := range n {
				k := from + i
				c.whole(0, int64((k*7919)%orders))
				c.whole(1, int64(mix(k)%uint64(customers)))
				c.day(day(k * 29))
				c.text(0, pick(k*31, "1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"))
			}
			return c.arrays("w0 w1 d t0")
		}),
		write(dir, "customers", customers, names("customer", whole, "segment", text, "nation", text), func(from, n int) []arrow.Array {
			c := newColumns()
			for i := range n {
				k := from + i
				c.whole(0, int64(k))
				c.text(0, pick(k*37, "AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"))
				c.text(1, fmt.Sprintf("nation %02d", mix(k*41)%25))
			}
			return c.arrays("w0 t0 t1")
		}))
}

// mix makes of a number one that looks like chance (splitmix64).
func mix(i int) uint64 {
	z := uint64(i)*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func names(list ...any) *arrow.Schema {
	var fields []arrow.Field
	for i := 0; i < len(list); i += 2 {
		fields = append(fields, arrow.Field{Name: list[i].(string), Type: list[i+1].(arrow.DataType), Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

func write(dir, name string, rows int, schema *arrow.Schema, part func(from, n int) []arrow.Array) (err error) {
	f, err := os.Create(filepath.Join(dir, name+".arrow"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := table.NewWriter(f, schema)
	if err != nil {
		return err
	}
	defer w.Discard()
	const batch = 65536
	for from := 0; from < rows; from += batch {
		rec, err := table.NewRecord(schema, part(from, min(batch, rows-from))...)
		if err != nil {
			return err
		}
		err = w.Write(rec)
		rec.Release()
		if err != nil {
			return err
		}
	}
	return w.Close()
}

// columns are some of each type while they are filled.
type columns struct {
	wholes [2][]int64
	smalls [4][]int32
	texts  [3][]string
	days   []arrow.Date32
}

func newColumns() *columns               { return new(columns) }
func (c *columns) whole(at int, v int64) { c.wholes[at] = append(c.wholes[at], v) }
func (c *columns) small(at int, v int32) { c.smalls[at] = append(c.smalls[at], v) }
func (c *columns) text(at int, v string) { c.texts[at] = append(c.texts[at], v) }
func (c *columns) day(v arrow.Date32)    { c.days = append(c.days, v) }
func (c *columns) arrays(order string) (list []arrow.Array) {
	var kind rune
	for _, r := range order {
		switch {
		case r == 'd':
			list = append(list, table.NewArray(c.days, nil))
		case r == ' ':
		case r < '0' || r > '9':
			kind = r
		case kind == 'w':
			list = append(list, table.NewArray(c.wholes[r-'0'], nil))
		case kind == 's':
			list = append(list, table.NewArray(c.smalls[r-'0'], nil))
		default:
			list = append(list, table.NewArray(c.texts[r-'0'], nil))
		}
	}
	return list
}
