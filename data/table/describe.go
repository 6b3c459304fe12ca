package table

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// Describe gives the table and its columns, which stay what they are, the metadata
// of another schema. It may be called until Close, so that a table can say what was
// found out while it was written. A file has its schema twice: readers of files
// use that of the footer, and that at the beginning is written with the first
// batch. So the metadata are in both if the table has less than a whole batch, and
// in the footer alone if it has more.
func (w *Writer) Describe(schema *arrow.Schema) error {
	s, err := canonical(schema)
	if err == nil {
		err = checkColumns(w.schema, s)
	}
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	if w.rows == int64(w.filling.rows) { // nothing is written yet
		w.schema = s
		w.out, err = w.newFile(s)
		return err
	}
	w.described = s
	return nil
}

// endOf is the end of a file whose batches are those of another end, and whose
// schema is s.
func endOf(s *arrow.Schema, end []byte) ([]byte, error) {
	var empty bytes.Buffer
	out, err := ipc.NewFileWriter(&empty, ipc.WithSchema(s))
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		return nil, err
	}
	footer := footerOf(empty.Bytes())
	batches, n := flatRoot(footerOf(end)).vector(3, batchSize)
	blocks := footerOf(end)[batches : batches+n*batchSize]

	// A flatbuffer is a tree of offsets, so that the list of the batches can be
	// put at its end: the number of them, and then the batches at a multiple of 8.
	for len(footer)%8 != 4 {
		footer = append(footer, 0)
	}
	field := flatRoot(footer).field(3)
	binary.LittleEndian.PutUint32(footer[field:], uint32(len(footer)-field))
	footer = binary.LittleEndian.AppendUint32(footer, uint32(n))
	footer = append(footer, blocks...)
	return append(binary.LittleEndian.AppendUint32(footer, uint32(len(footer))), magic...), nil
}

// batchSize is how many bytes a footer has for each batch.
const batchSize = 24

// footerOf is the footer in the last bytes of a file.
func footerOf(end []byte) []byte {
	after := len(end) - int(endSize)
	return end[after-int(binary.LittleEndian.Uint32(end[after:])) : after : after]
}
