// Package all lists the formats of data that can be read, and does nothing else.
package all

import (
	"pipe/data/source"
	"pipe/data/source/arrow"
	"pipe/data/source/csv"
	"pipe/data/source/excel"
	"pipe/data/source/idx"
	"pipe/data/source/images"
	"pipe/data/source/jsonl"
	"pipe/data/source/npy"
	"pipe/data/source/parquet"
	"pipe/data/source/postgres"
	"pipe/data/source/sqlite"
	"pipe/data/source/text"
)

// Kinds lists the formats. A file of which nothing tells the format is taken
// for one of the first.
func Kinds() []source.Kind {
	return []source.Kind{
		csv.Kind(),
		jsonl.Kind(),
		jsonl.ListKind(),
		excel.Kind(),
		parquet.Kind(),
		arrow.Kind(),
		sqlite.Kind(),
		idx.Kind(),
		npy.Kind(),
		images.Kind(),
		text.Kind(),
		postgres.Kind(),
	}
}
