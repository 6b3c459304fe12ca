package leak

import (
	"cmp"
	"slices"
)

// auc is the area under the ROC curve of the class that a feature tells worst: what
// the classes are in a half of the rows by ranges of the feature, measured on the other
// half, and the other way round.
func auc(classes []int, n int, f *Column) float64 {
	if some := f.first(); some != nil {
		if early := auc(classes[:some.len()], n, some); early < doubtful {
			return early
		}
	}
	bins, width := f.bins()
	worst := 1.0
	for fold := range 2 {
		told := make([]float64, width)    // rows of the half that is learned from
		of := make([]float64, width*n)    // likewise, by class
		met := make([]float64, width)     // of the other half
		metOf := make([]float64, width*n) //
		total := make([]float64, n)       // rows of each class that are measured
		for i, class := range classes {
			if i%2 == fold {
				told[bins[i]]++
				of[bins[i]*n+class]++
			} else {
				met[bins[i]]++
				metOf[bins[i]*n+class]++
				total[class]++
			}
		}
		learned := (len(classes) + 1 - fold) / 2
		for class := range n {
			others := float64(len(classes)-learned) - total[class]
			if total[class] == 0 || others == 0 {
				continue
			}
			share := 0.0
			for b := range width {
				share += of[b*n+class]
			}
			share /= float64(learned)
			type bin struct{ score, yes, no float64 }
			list := make([]bin, 0, width)
			for b := range width {
				if met[b] == 0 {
					continue
				}
				score := share // of a value that was not there
				if told[b] > 0 {
					score = of[b*n+class] / told[b]
				}
				list = append(list, bin{score, metOf[b*n+class], met[b] - metOf[b*n+class]})
			}
			slices.SortFunc(list, func(a, b bin) int { return cmp.Compare(a.score, b.score) })
			area, below := 0.0, 0.0
			for i := 0; i < len(list); {
				yes, no := 0.0, 0.0
				j := i
				for ; j < len(list) && list[j].score == list[i].score; j++ {
					yes += list[j].yes
					no += list[j].no
				}
				area += float64(yes * (below + no/2))
				below += no
				i = j
			}
			worst = min(worst, area/total[class]/others)
			if worst < doubtful {
				return worst
			}
		}
	}
	return worst
}

// A line is what a range tells of a target: its mean or, of numbers, a straight line.
type line struct {
	n, x, y, xx, xy float64
	from            float64 // the first x, from which others are counted
}

func (l *line) add(x, y float64) {
	if l.n == 0 {
		l.from = x
	}
	x -= l.from
	l.n++
	l.x += x
	l.y += y
	l.xx += float64(x * x)
	l.xy += float64(x * y)
}

func (l *line) at(x float64) float64 {
	mean := l.y / l.n
	spread := l.xx - float64(l.x*l.x)/l.n
	if l.n < 4 || !(spread > 1e-12*l.xx) {
		return mean
	}
	slope := (l.xy - float64(l.x*l.y)/l.n) / spread
	return mean + float64(slope*(x-l.from-l.x/l.n))
}

// r2 is how much of the spread of a target ranges of a feature tell by a straight line
// each, measured as auc is.
func r2(target []float64, f *Column) float64 {
	if some := f.first(); some != nil {
		if early := r2(target[:some.len()], some); early < doubtful {
			return early
		}
	}
	bins, width := f.bins()
	at := func(i int) float64 {
		if f.Numbers == nil || bins[i] == 0 {
			return 0
		}
		return f.Numbers[i]
	}
	worst := 1.0
	for fold := range 2 {
		lines := make([]line, width)
		all, mean := 0.0, 0.0
		for i, y := range target {
			if i%2 == fold {
				lines[bins[i]].add(at(i), y)
				all++
				mean += y
			}
		}
		mean /= all
		var wrong, spread float64
		for i, y := range target {
			if i%2 == fold {
				continue
			}
			guess := mean
			if l := &lines[bins[i]]; l.n > 0 {
				guess = l.at(at(i))
			}
			wrong += float64((y - guess) * (y - guess))
			spread += float64((y - mean) * (y - mean))
		}
		if !(spread > 0) {
			return 0
		}
		worst = min(worst, 1-wrong/spread)
	}
	return worst
}
