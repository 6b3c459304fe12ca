package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"pipe/data/leak"
	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/table"
	"pipe/pipeline"
)

// trainPort is the data set that the model has learned from, if it is connected.
const trainPort = "train"

// firstOfTrain is of how many rows of train it is found out how many differ.
const firstOfTrain = 1 << 16

// again is what of the rows of data is in train.
type again struct {
	leak.Repeats
	without []metric.Value // the metrics of the other rows; nil if there are none
}

// A hashedRow is what tells a row of the sample from others.
type hashedRow struct {
	hash uint64
	row  int32
}

// rowsAgain looks for rows of data that are rows of train, too: those with the same features
// and the same target. It is nil if train is not connected, or rows cannot be compared.
func (r *results) rowsAgain(ctx context.Context, from pipeline.Sources) (*again, error) {
	if r.part(trainPort) == nil {
		return nil, nil
	}
	p := r.data()
	hasher := table.NewRowHasher()
	list := make([]hashedRow, 0, p.sample.Rows())
	row, left := 0, p.without
	ok, err := eachHash(ctx, from, dataPort, hasher, func(hash uint64) {
		if len(left) > 0 && left[0] == row {
			left = left[1:]
		} else {
			list = append(list, hashedRow{hash, int32(len(list))})
		}
		row++
	})
	if !ok || err != nil || len(list) != p.sample.Rows() {
		return nil, err
	}
	slices.SortFunc(list, func(a, b hashedRow) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row)) })
	found := make([]bool, len(list)) // at the first of equal ones
	first := map[uint64]bool{}
	a := &again{Repeats: leak.Repeats{Rows: int64(len(list))}}
	ok, err = eachHash(ctx, from, trainPort, hasher, func(hash uint64) {
		if a.Train < firstOfTrain {
			a.Train++
			first[hash] = true
		}
		at, in := slices.BinarySearchFunc(list, hash, func(h hashedRow, hash uint64) int { return cmp.Compare(h.hash, hash) })
		if in {
			found[at] = true
		}
	})
	if !ok || err != nil {
		return nil, err
	}
	if a.Different = int64(len(first)); !a.Tell() {
		return nil, nil
	}
	count := make([]int32, len(list))
	for i, h := range list {
		if i > 0 && h.hash == list[i-1].hash {
			found[i] = found[i-1]
		}
		if found[i] {
			a.Again++
		} else {
			count[h.row] = 1
		}
	}
	if a.Again > 0 && a.Again < a.Rows {
		a.without = p.sample.Measure(r.metrics, count)
	}
	return a, nil
}

// eachHash visits what tells rows of a data set apart. ok is false if that is not known.
func eachHash(ctx context.Context, from pipeline.Sources, port string, hasher *table.RowHasher, visit func(hash uint64)) (ok bool, err error) {
	in, err := from.Open(port)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return false, fmt.Errorf("%s: %w", in.Name, err)
	}
	defer func() { err = errors.Join(err, ds.Close()) }()
	for rec, err := range ds.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", in.Name, err)
		}
		hashes, ok := hasher.Hashes(rec, func(name string) bool { return slices.Contains(ds.Info.Keep, name) })
		if !ok {
			return false, nil
		}
		for _, h := range hashes {
			visit(h)
		}
	}
	return true, nil
}

// sentence says how many rows are in train.
func (a *again) sentence() string {
	return fmt.Sprintf("%d of %d rows of data (%s) are rows of train, with the same features and target: what is measured on them says little of new rows",
		a.Again, a.Rows, chart.Percentage(a.Share(), 1))
}

// tell logs it: as a warning if they are many, and that is not meant.
func (a *again) tell(ctx context.Context, log *slog.Logger, allowed bool) {
	if a == nil || a.Again == 0 {
		return
	}
	level, hint := slog.LevelInfo, "the report has the metrics without them"
	if a.Many() && !allowed {
		level = slog.LevelWarn
	}
	if a.Again == a.Rows {
		hint = "connect as data rows that the model has not learned from, such as the part test of a stage `split`"
	}
	log.Log(ctx, level, a.sentence(), "hint", hint+"; `allow: [repeated_rows]` says that it is meant")
}

// againSection shows what the metrics are without the rows that are in train.
func (r *results) againSection() *report.Section {
	a := r.again
	if a == nil || a.Again == 0 {
		return nil
	}
	s := &report.Section{Title: "Rows that the model has learned from", Lead: capital(a.sentence()) + "."}
	if a.without == nil {
		s.Lead += " There are no others."
		return s
	}
	number := func(name string) report.Column { return report.Column{Name: name, Number: true} }
	s.Table = &report.Table{Columns: []report.Column{{Name: "metric"}, number("all rows"), number("without them")}}
	for i, v := range a.without {
		s.Table.Rows = append(s.Table.Rows, []report.Cell{{Text: v.Title, Doc: v.Doc}, {Text: shownValue(r.measured[0].values[i])}, {Text: shownValue(v), Tone: report.Strong}})
	}
	return s
}

type againDocument struct {
	Rows    int64              `json:"rows"`              // of data, that are in train
	Share   float64            `json:"share"`             // of all that have a target
	Without map[string]float64 `json:"without,omitempty"` // the metrics of the other rows, where they are defined
}

func (a *again) document() *againDocument {
	if a == nil {
		return nil
	}
	d := &againDocument{Rows: a.Again, Share: a.Share(), Without: map[string]float64{}}
	for _, v := range a.without {
		if v.Undefined == "" {
			d.Without[v.Name] = v.Value
		}
	}
	return d
}
