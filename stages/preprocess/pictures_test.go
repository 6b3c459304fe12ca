package preprocess

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"testing"
	"testing/fstest"
	"time"

	"pipe/data/source"
	"pipe/data/source/idx"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
	"pipe/stages/ingest"
	"pipe/stages/train"
)

// idxOf is an IDX file of bytes.
func idxOf(name string, levels []uint8, shape ...uint32) *source.File {
	var b bytes.Buffer
	b.Write([]byte{0, 0, 8, byte(len(shape))})
	binary.Write(&b, binary.BigEndian, shape)
	b.Write(levels)
	return &source.File{ReaderAt: bytes.NewReader(b.Bytes()), Size: int64(b.Len()), Name: name}
}

// stripes are n noisy pictures of side by side levels, with a light stripe that lies
// in one of three places or directions, and which of them it is.
func stripes(n, side int) (levels, labels []uint8) {
	levels, labels = make([]uint8, n*side*side), make([]uint8, n)
	x := uint32(1)
	for i := range labels {
		labels[i] = uint8(i % 3)
		for y := range side {
			for z := range side {
				x = x*1664525 + 1013904223
				v := uint8(x >> 24 & 63)
				if along := [3]int{y, z, side - 1 - y}[labels[i]]; along >= 1 && along <= 2 {
					v += 120
				}
				levels[i*side*side+y*side+z] = v
			}
		}
	}
	return levels, labels
}

// pictureTable is the table of pictures and labels as MNIST has them: in two files, here
// in a folder with others, that are compressed.
func pictureTable(t testing.TB, n, side int) []byte {
	t.Helper()
	levels, labels := stripes(n, side)
	files := fstest.MapFS{}
	for _, f := range []*source.File{idxOf("train-images-idx3-ubyte.gz", levels, uint32(n), uint32(side), uint32(side)), idxOf("train-labels-idx1-ubyte.gz", labels, uint32(n))} {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := io.Copy(w, io.NewSectionReader(f, 0, f.Size)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		files[f.Name] = &fstest.MapFile{Data: packed.Bytes()}
	}
	c := pipelinetest.Case{Kind: ingest.Kind(nil), With: `path: "mnist/train-*"`, Dirs: map[string]fstest.MapFS{"path": files}}
	return pipelinetest.Run(t, c).Outputs["table"]
}

const asPictures = `{target: {column: label, task: classification}, features: {image: {}}}`

// Pictures go from an IDX file through split and preprocess to a network, a byte a
// level, and the network learns them.
func TestNetworkLearnsPictures(t *testing.T) {
	parts := pipelinetest.Run(t, splitCase("{parts: {train: 0.8, test: 0.2}, stratify: label}", pictureTable(t, 300, 8)))
	data := pipelinetest.Run(t, pipelinetest.Case{Kind: preprocessKind(), With: asPictures, Inputs: parts.Outputs})
	d, err := table.OpenDataset(bytes.NewReader(data.Outputs["train"]), int64(len(data.Outputs["train"])))
	if err != nil {
		t.Fatal(err)
	}
	if in := d.Info.Inputs[0]; in.Kind != table.Image || in.Type != tensor.U8 || fmt.Sprint(in.Shape) != "[1 8 8]" {
		t.Errorf("the input is %+v", in)
	}
	model := pipelinetest.Run(t, pipelinetest.Case{Kind: train.Kind(nil), Seed: 3, With: `
branches: {image: [{conv2d: {filters: 4, kernel: 3, activation: relu}}, {max_pool: 2}, {flatten: {}}]}
network: []
optimizer: {adam: {learning_rate: 0.01}}
epochs: 5
`, Inputs: map[string][]byte{"train": data.Outputs["train"]}})
	score := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: "{}",
		Inputs: map[string][]byte{"model": model.Outputs["model"], "data": data.Outputs["test"]}})
	if got := score.Metrics["accuracy"]; got < 0.95 {
		t.Errorf("accuracy %v of %v", got, score.Metrics)
	}
}

// BenchmarkPictures reads 60,000 pictures from an IDX file, makes data sets of them, and
// gathers batches for training in shuffled order.
func BenchmarkPictures(b *testing.B) {
	const n, side = 60_000, 28
	levels, labels := stripes(n, side)
	for b.Loop() {
		began := time.Now()
		rows, err := new(idx.Reader).Open(b.Context(), source.Inputs{Threads: 2, Files: []*source.File{idxOf("i", levels, n, side, side), idxOf("l", labels, n)}})
		if err != nil {
			b.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := source.Write(b.Context(), &out, rows); err != nil {
			b.Fatal(err)
		}
		read := time.Now()
		data := pipelinetest.Run(b, pipelinetest.Case{Kind: preprocessKind(), With: asPictures, Inputs: map[string][]byte{"train": out.Bytes()}}).Outputs["train"]
		made := time.Now()
		d, err := table.OpenDataset(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			b.Fatal(err)
		}
		input, err := d.InputRows(0)
		if err != nil {
			b.Fatal(err)
		}
		var batch tensor.Rows
		order := make([]int, 64)
		for i := range n / 64 {
			for k := range order {
				order[k] = (i*64 + k) * 48271 % n
			}
			batch.Reset(tensor.U8, 0)
			if err := input.Gather(order, &batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(read.Sub(began).Seconds(), "s-read")
		b.ReportMetric(made.Sub(read).Seconds(), "s-preprocess")
		b.ReportMetric(time.Since(made).Seconds(), "s-gather")
		b.ReportMetric(float64(len(data)), "bytes")
	}
}
