package source_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
)

// clocks reads a column of timestamps that are in no zone.
type clocks struct{ seconds []int64 }

func (c clocks) Open(_ context.Context, in source.Inputs) (source.Rows, error) {
	f := arrow.Field{Name: "at", Type: table.TimestampType(), Metadata: source.Local()}
	return source.Stream(&in, "t", arrow.NewSchema([]arrow.Field{f}, nil), func(yield func(...arrow.Array) bool) error {
		b := array.NewTimestampBuilder(memory.DefaultAllocator, table.TimestampType().(*arrow.TimestampType))
		for _, s := range c.seconds {
			b.Append(arrow.Timestamp(s * 1e6))
		}
		yield(b.NewArray())
		return nil
	})
}

// TestClocks: timestamps in no zone are those of timezone in formats with types, too.
func TestClocks(t *testing.T) {
	at := func(text string) int64 {
		v, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return v.Unix()
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	in := clocks{[]int64{at("2024-01-01 12:00:00"), at("2024-07-01 12:00:00"), at("2024-03-31 02:30:00"), at("2024-10-27 02:30:00"), at("1950-01-01 00:00:00")}}
	for _, c := range []struct {
		zone *time.Location
		want string
	}{
		{nil, "at\n2024-01-01T12:00:00Z\n2024-07-01T12:00:00Z\n2024-03-31T02:30:00Z\n2024-10-27T02:30:00Z\n1950-01-01T00:00:00Z\n"},
		{zone, "at\n2024-01-01T11:00:00Z\n2024-07-01T10:00:00Z\n\n2024-10-27T00:30:00Z\n1949-12-31T23:00:00Z\n"},
	} {
		made, err := sourcetest.Read(t, in, source.Inputs{Contract: cell.Contract{Rules: cell.Rules{Notation: &cell.Notation{Zone: c.zone}}}})
		if err != nil || made.CSV != c.want {
			t.Errorf("%v: %+v, %v", c.zone, made, err)
		}
		if told := strings.Contains(made.Said, "times that clocks leave out are missing"); told != (c.zone != nil) {
			t.Errorf("%v: said %s", c.zone, made.Said)
		}
	}
}
