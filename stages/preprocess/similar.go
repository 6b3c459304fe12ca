package preprocess

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/table"
)

// A nearWatch looks for rows that are nearly rows of train: the same in all features but
// for less than a cell of a grid. What is near by chance, since there are few features, is
// so in a coarser grid far more often; what was copied and changed a little is as often.
// Features of whole numbers, and those with a few huge values beside which all others are
// near, are alike by chance in any grid: but then the targets of such rows are about as
// different as those of any others, while copies have the same.
//
// Of a large table it looks at some rows, and always at their neighbours, so that memory
// is bounded.
type nearWatch struct {
	every    uint64             // one of so many drawers of neighbours is looked at
	fine     map[uint64]nearRow // cells that rows of train are in, with the first row
	coarse   map[uint64]bool    // likewise, of the coarser grid
	same     map[uint64]bool    // features of rows of train to the last bit
	rows     int64              // of train that were looked at
	learning bool               // the table at hand is train
	off      bool               // there are no vectors

	targets   []float64 // of rows of train that were looked at
	tolerance float64   // how far equal targets may be apart
	differ    float64   // the share of pairs of rows of train whose targets are not equal

	row      int64 // of the table at hand
	looked   int64 // rows of it
	nearly   int64 // those in a cell of train that are the same as no row in it
	coarsely int64 // likewise, of the coarser grid
	compared int64 // of these, with a target, as the row of train has
	unequal  int64 // and another one
	example  [2]int64
}

// A nearRow is a row of train.
type nearRow struct {
	at     int64
	target float64 // or the index of its class; NaN if it has none
}

const (
	nearCells = 1 << 14 // rows that are looked at, about
	nearFew   = 12      // features that say which are neighbours, about
	nearMost  = 64      // features that are compared, about
	leastNear = 3       // features: of two, rows are near by chance in any grid
	nearFine  = 64      // cells in a unit of a feature, which mostly is a standard deviation
	nearShift = 2       // the coarser grid has cells of four by four
	nearShare = 0.05    // of rows is worth a warning
	minNear   = 20      // rows of which something can be said
	nearOther = 0.1     // of the unequal targets that rows near by chance have, which copies do not have
	minOther  = 3       // unequal targets from which on something can be said by them
)

func newNearWatch(train int64) *nearWatch {
	return &nearWatch{every: uint64(train/nearCells) + 1, learning: true,
		fine: map[uint64]nearRow{}, coarse: map[uint64]bool{}, same: map[uint64]bool{}}
}

// begin starts another table than train.
func (w *nearWatch) begin() {
	if w.learning {
		w.learned()
	}
	w.learning, w.row, w.looked, w.nearly, w.coarsely, w.compared, w.unequal = false, 0, 0, 0, 0, 0, 0
}

// learned finds out how often targets are equal by chance.
func (w *nearWatch) learned() {
	n := float64(len(w.targets))
	if n == 0 {
		return
	}
	if w.tolerance < 0 { // numbers
		var mean, spread float64
		for _, y := range w.targets {
			mean += y / n
		}
		for _, y := range w.targets {
			spread += float64((y - mean) * (y - mean) / n)
		}
		w.tolerance = math.Sqrt(spread) / nearFine
	}
	slices.Sort(w.targets)
	var equal float64 // pairs
	for first, i := 0, 1; i <= len(w.targets); i++ {
		if i == len(w.targets) || w.targets[i]-w.targets[first] > w.tolerance {
			equal += float64(float64(i-first) * float64(i-first))
			first = i
		}
	}
	w.differ, w.targets = 1-equal/n/n, nil
}

// targetsOf gives the targets of rows, the first of several, nil if there are none. It says
// whether they are classes.
func targetsOf(rec arrow.RecordBatch) (list []float64, classes bool) {
	for i, f := range rec.Schema().Fields() {
		if f.Name != table.TargetColumn && !strings.HasPrefix(f.Name, table.TargetColumn+".") {
			continue
		}
		list = make([]float64, rec.NumRows())
		column := rec.Column(i)
		for row := range list {
			list[row] = math.NaN()
			if column.IsNull(row) {
				continue
			}
			switch values := column.(type) {
			case *array.Float64:
				list[row] = values.Value(row)
			case *array.Int32:
				list[row], classes = float64(values.Value(row)), true
			}
		}
		return list, classes
	}
	return nil, false
}

// add takes rows of the table at hand, whose only input is a vector of features.
func (w *nearWatch) add(rec arrow.RecordBatch) {
	at := rec.Schema().FieldIndices(table.FeaturesColumn)
	if w.off || len(at) == 0 {
		w.off = true
		return
	}
	rows := int(rec.NumRows())
	vectors := table.Vectors(rec.Column(at[0]))
	if rows == 0 || len(vectors) < rows {
		return
	}
	width := len(vectors) / rows
	if width < leastNear {
		w.off = true
		return
	}
	few, many := max(1, width/nearFew), max(1, width/nearMost)
	targets, classes := targetsOf(rec)
	if w.learning && !classes {
		w.tolerance = -1 // it is found out when all are known
	}
	for i := range rows {
		v := vectors[i*width : (i+1)*width]
		var drawer uint64
		for k := 0; k < width; k += few {
			drawer = (drawer ^ uint64(cellOf(v[k])>>nearShift)) * 0x9e3779b97f4a7c15
			drawer ^= drawer >> 29
		}
		if drawer%w.every == 0 {
			target := math.NaN()
			if targets != nil {
				target = targets[i]
			}
			w.take(v, many, target)
		}
		w.row++
	}
}

// cellOf is the cell of the fine grid that a number is in; of a huge one it is any.
func cellOf(x float32) int32 {
	if x != x {
		return math.MinInt32 // missing
	}
	return int32(x*nearFine + 1<<22)
}

// take looks at a row: neighbours of a row that is looked at are looked at, too.
func (w *nearWatch) take(v []float32, step int, target float64) {
	var fine, coarse, same uint64
	for k := 0; k < len(v); k += step {
		q := cellOf(v[k])
		fine = (fine ^ uint64(q)) * 0x9e3779b97f4a7c15
		coarse = (coarse ^ uint64(q>>nearShift)) * 0x9e3779b97f4a7c15
		same = (same ^ uint64(math.Float32bits(v[k]))) * 0xd6e8feb86659fd93
		fine ^= fine >> 29
		coarse ^= coarse >> 29
		same ^= same >> 29
	}
	w.looked++
	if w.learning {
		w.rows++
		w.same[same] = true
		w.coarse[coarse] = true
		if _, ok := w.fine[fine]; !ok {
			w.fine[fine] = nearRow{w.row, target}
		}
		if !math.IsNaN(target) && !math.IsInf(target, 0) {
			w.targets = append(w.targets, target)
		}
		return
	}
	if w.same[same] {
		return
	}
	if w.coarse[coarse] {
		w.coarsely++
	}
	if first, ok := w.fine[fine]; ok {
		if w.nearly == 0 {
			w.example = [2]int64{w.row, first.at}
		}
		w.nearly++
		if apart := math.Abs(target - first.target); !math.IsNaN(apart) {
			w.compared++
			if apart > w.tolerance {
				w.unequal++
			}
		}
	}
}

// told says how many rows of a table are nearly rows of train, if that is no chance.
func (w *nearWatch) told(port string) string {
	crowded := 2*int64(len(w.fine)) < w.rows // so that others are in its cells by chance
	if w.off || w.learning || crowded || w.looked < minNear || float64(w.nearly) < nearShare*float64(w.looked) || 2*w.nearly < w.coarsely {
		return ""
	}
	if byChance := w.differ * float64(w.compared); byChance >= minOther && float64(w.unequal) > nearOther*byChance {
		return ""
	}
	return fmt.Sprintf("%d of %d rows of %s that were looked at are nearly rows of train, with features that differ by less than a %dth of a unit, such as its row %d and row %d of train: what is measured on them says little",
		w.nearly, w.looked, port, nearFine, w.example[0]+1, w.example[1]+1)
}
