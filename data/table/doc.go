// Package table owns what pipe adds to Arrow: which column types a table may
// have, the roles of columns, files whose bytes depend on nothing but their
// values, and data sets that are ready to train on. It knows no stage.
//
// # Tables
//
// A table is an Arrow IPC file. Its columns are utf8, bool, whole numbers of 8 to
// 64 bits with or without a sign, float32, float64, date32, and timestamps in UTC
// and times of day, both in microseconds or nanoseconds. Each may hold nulls. There
// are also lists without nulls of float32, uint8 or int32, of a fixed size or of any:
// pictures, ids, embeddings, and the inputs of data sets. Who asks what a column is asks for its Class.
//
// A batch of a table ends when it has 65536 rows, or when the next row would make
// it hold more than 16 MiB of values; a single row may be larger. So the memory
// that a table takes is bounded, and its batches depend on its rows alone, whatever
// batches it was handed in. Null slots hold zeros; a validity bitmap is there
// exactly if the batch has a null in the column; metadata is sorted by key; nothing
// is compressed, so that single rows can be read where they lie.
// Equal values therefore mean equal bytes, and equal artifact IDs.
//
// # Ownership
//
// Functions that return an arrow.Record or an arrow.Array hand over a
// reference: the caller releases it. A record that an iterator yields is
// released by the iterator when the loop asks for the next one.
//
// # Data sets
//
// A data set (port type dataset) is a table with the columns
//
//	inputs     lists, one for each Input under its name: features, tokens,
//	           an image, a series
//	targets    int32 (classification: index into Classes) or float64
//	           (regression: original units); optional, may hold nulls
//	...        columns that were kept, unchanged
//
// and a DatasetInfo in its metadata that describes them. See docs/datasets.md.
package table
