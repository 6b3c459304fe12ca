package relation

import (
	"cmp"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/exact"
	"pipe/data/table"
)

// framed are the rows of some series in memory. A position is a place among all rows
// that are at a step, series by series, in the order of time.
type framed struct {
	*Framer
	rec    arrow.RecordBatch // the needed columns
	lacks  []Lack            // of each row by itself
	times  []int64           // of each row
	order  []int32           // of each position, its row
	rank   []int32           // of each row, its position; -1 if it has none
	starts []int32           // of each position, where its series begins
	ends   []int32           // and ends
	steps  []int64           // and the number of its step; nil if each row is one
	values [][]float64       // of each needed column its numbers by row, NaN where missing; nil if not asked for
	rolled []any             // of each frame, what its statistic is given
	known  [][]int32         // of each needed column and position, that of the last value up to it, -1: none; nil if not asked for
}

// framedBytes is what is held for each row beside its values.
const framedBytes = 2 + 8 + 4*4 + 8 + 4

// frame puts rows into series.
func (f *Framer) frame(records []arrow.RecordBatch) (added, error) {
	rec, err := f.gathered(records)
	if err != nil {
		return nil, err
	}
	m := &framed{Framer: f, rec: rec, times: instants(rec.Column(f.time), f.nanos), lacks: make([]Lack, rec.NumRows())}
	m.inOrder()
	m.values, m.known = make([][]float64, len(f.names)), make([][]int32, len(f.names))
	for i := range f.names {
		if f.numbers[i] {
			if m.values[i], _, err = table.FloatsOrNaN(rec.Column(i), nil); err != nil {
				return nil, err
			}
		}
		if f.fills[i] {
			m.known[i] = m.lastKnown(rec.Column(i))
		}
	}
	m.rolled = make([]any, len(f.frames))
	for i := range f.frames {
		if g := f.frames[i].measuring; g != nil {
			m.rolled[i] = g.prepare(rec, f.hasher)
		}
	}
	return m, nil
}

func (m *framed) release() { m.rec.Release() }

// inOrder puts rows that have a time at their positions.
func (m *framed) inOrder() {
	n := int(m.rec.NumRows())
	ids := m.groups(m.rec)
	col := m.rec.Column(m.time)
	var bounds []int32 // of each series, where it begins; they come as they are met
	for _, id := range ids {
		for int(id)+1 >= len(bounds) {
			bounds = append(bounds, 0)
		}
	}
	for row := range n {
		if col.IsNull(row) {
			m.lacks[row] = NoTime
			continue
		}
		bounds[ids[row]+1]++
	}
	for i := 1; i < len(bounds); i++ {
		bounds[i] += bounds[i-1]
	}
	next := slices.Clone(bounds)
	order := make([]int32, n)
	for row := range n {
		if m.lacks[row] == 0 {
			order[next[ids[row]]] = int32(row)
			next[ids[row]]++
		}
	}
	m.rank = make([]int32, n)
	for row := range m.rank {
		m.rank[row] = -1
	}
	m.order = order[:0]
	earlier := func(a, b int32) int { return cmp.Compare(m.times[a], m.times[b]) }
	for i := range len(bounds) - 1 {
		rows := order[bounds[i]:bounds[i+1]]
		if !slices.IsSortedFunc(rows, earlier) {
			slices.SortStableFunc(rows, earlier)
		}
		m.series(rows)
	}
}

// series gives the rows of a series, in the order of time, their positions. They come
// no earlier in the order than where they are.
func (m *framed) series(rows []int32) {
	start := len(m.order)
	var first int64
	for _, row := range rows {
		at, ok := m.stepOf(m.times[row], &first, len(m.order) == start)
		if !ok {
			m.lacks[row] = OffStep
			continue
		}
		if last := len(m.order) - 1; last >= start {
			switch {
			case m.spec.Step == "" && m.times[row] == m.times[m.order[last]], m.spec.Step != "" && at == m.steps[last]:
				m.lacks[row] = Twice
			case m.spec.Step != "" && at != m.steps[last]+1:
				m.lacks[row] = AfterGap
			}
		}
		m.rank[row] = int32(len(m.order))
		m.order = append(m.order, row)
		if m.spec.Step != "" {
			m.steps = append(m.steps, at)
		}
	}
	if slices.ContainsFunc(m.order[start:], func(row int32) bool { return m.lacks[row] == Twice }) {
		for _, row := range m.order[start:] { // nobody knows what is before what
			m.rank[row] = -1
			if m.lacks[row] != Twice {
				m.lacks[row] = Unclear
			}
		}
		m.order = m.order[:start]
		m.steps = m.steps[:min(start, len(m.steps))]
		return
	}
	for range len(m.order) - start {
		m.starts, m.ends = append(m.starts, int32(start)), append(m.ends, int32(len(m.order)))
	}
}

// stepOf numbers the step of a time; that of the first row of a series is where its
// steps begin.
func (m *framed) stepOf(t int64, first *int64, begins bool) (step int64, ok bool) {
	switch {
	case m.spec.Step == "":
		return 0, true
	case m.step.Months > 0:
		return floorDiv(m.monthOf(t), m.step.Months), true
	}
	if begins {
		*first = t
	}
	d, length := distance(t, *first), uint64(m.step.Nanos/m.unit)
	return int64(min(d/length, math.MaxInt64)), d%length == 0
}

// lastKnown finds the last value up to each position.
func (m *framed) lastKnown(col arrow.Array) []int32 {
	known, none := make([]int32, len(m.order)), nanOf(col)
	last := int32(-1)
	for p, row := range m.order {
		if int(m.starts[p]) == p {
			last = -1
		}
		if col.IsValid(int(row)) && !none(int(row)) {
			last = int32(p)
		}
		known[p] = last
	}
	return known
}

// seek finds the position that is some steps away from one: the last before it, if no
// row is there.
func (m *framed) seek(p int32, away int) (at int32, there bool, lack Lack) {
	start, end := m.starts[p], m.ends[p]
	q := int64(p) + int64(away)
	if m.steps == nil {
		switch {
		case q < int64(start):
			return 0, false, Early
		case q >= int64(end):
			return 0, false, Late
		}
		return int32(q), true, 0
	}
	want := m.steps[p] + int64(away)
	switch {
	case away > 0 && want < m.steps[p] || want > m.steps[end-1]:
		return 0, false, Late
	case want < m.steps[start]:
		return 0, false, Early
	case q >= int64(start) && q < int64(end) && m.steps[q] == want:
		return int32(q), true, 0
	}
	from, to := max(int64(start), q), int64(p)+1 // steps are no closer than rows
	if away > 0 {
		from, to = int64(p), min(int64(end), q+1)
	}
	i, there := slices.BinarySearch(m.steps[from:to], want)
	if at = int32(from) + int32(i); !there {
		at--
	}
	return at, there, 0
}

// rows makes the frames beside some rows.
func (m *framed) rows(from, to int64) (arrow.RecordBatch, error) {
	n := int(to - from)
	lacks := slices.Clone(m.lacks[from:to])
	columns := make([]arrow.Array, 0, len(m.frames)+1)
	for i := range m.frames {
		f := &m.frames[i]
		var made arrow.Array
		var err error
		switch f.View {
		case Shift:
			made, err = m.shifted(f, from, lacks)
		case Change:
			made = m.change(f, from, lacks)
		case Listed:
			made = m.listed(f, from, lacks)
		case Rolled:
			made, err = m.measured(f, m.rolled[i], from, lacks)
		default:
			made = m.periodic(f, from, n)
		}
		if err != nil {
			return nil, err
		}
		columns = append(columns, made)
	}
	said := make([]uint16, n)
	for i, l := range lacks {
		said[i] = uint16(l)
	}
	return table.NewRecord(m.made, append(columns, table.NewArray(said, nil))...)
}

// find gives the position of the value of a column some steps away; -1 if there is none.
func (m *framed) find(column int, p int32, away int, lack *Lack) int32 {
	at, there, wrong := m.seek(p, away)
	switch {
	case wrong != 0:
		*lack |= wrong
		return -1
	case away <= 0 && m.known[column] != nil:
		return m.known[column][at]
	case there:
		return at
	case m.spec.Gaps == GapsWrong:
		*lack |= Gap
	}
	return -1
}

func (m *framed) shifted(f *frame, from int64, lacks []Lack) (arrow.Array, error) {
	places := make([]table.Place, len(lacks))
	for i, p := range m.rank[from:][:len(lacks)] {
		places[i] = table.Nowhere
		if p < 0 {
			continue
		}
		if at := m.find(f.columns[0], p, f.Steps, &lacks[i]); at >= 0 {
			places[i].Row = m.order[at]
		}
	}
	return taken(f.field, m.rec.Column(f.columns[0]), places)
}

// taken is a column of values of another one.
func taken(field arrow.Field, from arrow.Array, places []table.Place) (arrow.Array, error) {
	schema := arrow.NewSchema([]arrow.Field{field}, nil)
	one := array.NewRecordBatch(schema, []arrow.Array{from}, int64(from.Len()))
	defer one.Release()
	made, err := table.Combine(schema, []arrow.RecordBatch{one}, places)
	if err != nil {
		return nil, err
	}
	defer made.Release()
	column := made.Column(0)
	column.Retain()
	return column, nil
}

// measured makes a statistic of the last steps of each row, which is missing beside a row
// that lacks one of them.
func (m *framed) measured(f *frame, values any, from int64, lacks []Lack) (arrow.Array, error) {
	state := f.measuring.begin(f.measuring)
	state.grow(len(lacks))
	places, order := make([]table.Place, len(lacks)), make([]int32, len(lacks))
	var rows []int
	var groups []int32
	flush := func() {
		state.add(values, rows, groups)
		rows, groups = rows[:0], groups[:0]
	}
	var known []int32
	if len(f.columns) > 0 {
		known = m.known[f.columns[0]]
	}
	last := 0
	if f.Before {
		last = -1
	}
	for i, p := range m.rank[from:][:len(lacks)] {
		order[i], places[i] = int32(i), table.Nowhere
		if p < 0 {
			continue
		}
		var lack Lack
		before := len(rows)
		for k := last - f.Steps + 1; k <= last && lack == 0; k++ {
			at, there, wrong := m.seek(p, k)
			switch lack = wrong; {
			case wrong != 0:
				continue
			case known != nil:
				if at, there = known[at], true; at < 0 {
					continue
				}
			case !there && m.spec.Gaps == GapsWrong:
				lack = Gap
			}
			if there {
				rows, groups = append(rows, int(m.order[at])), append(groups, int32(i))
			}
		}
		if lack != 0 {
			lacks[i] |= lack
			rows, groups = rows[:before], groups[:before]
			continue
		}
		places[i].Row = int32(i)
		if len(rows) >= chunkRows {
			flush()
		}
	}
	flush()
	column, _, err := state.result(order)
	if err != nil {
		return nil, err
	}
	defer column.Release()
	return taken(f.field, column, places)
}

func (m *framed) change(f *frame, from int64, lacks []Lack) arrow.Array {
	out, valid := make([]float64, len(lacks)), make([]bool, len(lacks))
	column := f.columns[0]
	values := m.values[column]
	for i, p := range m.rank[from:][:len(lacks)] {
		if p < 0 {
			continue
		}
		at := m.find(column, p, -f.Steps, &lacks[i])
		now := m.find(column, p, 0, &lacks[i])
		if at < 0 || now < 0 {
			continue
		}
		if d := values[m.order[now]] - values[m.order[at]]; d == d {
			out[i], valid[i] = d, true
		}
	}
	return table.NewArray(out, valid)
}

// listed makes lists of the values of the last steps. Beside a row that lacks one of
// them they are zeros.
func (m *framed) listed(f *frame, from int64, lacks []Lack) arrow.Array {
	width := f.Steps * len(f.columns)
	out := make([]float32, len(lacks)*width)
	last := 0
	if f.Before {
		last = -1
	}
	for i, p := range m.rank[from:][:len(lacks)] {
		if p < 0 {
			continue
		}
		list := out[i*width:][:width]
		var lack Lack
		if m.together(p, last-f.Steps+1, last) {
			lack = m.listRun(f, list, int(p)+last-f.Steps+1)
		} else {
			lack = m.listEach(f, list, p, last)
		}
		if lack != 0 {
			lacks[i] |= lack
			clear(list)
		}
	}
	return table.NewVectors(out, width)
}

// together says whether all steps from one to another are there, row after row.
func (m *framed) together(p int32, from, to int) bool {
	first := int(p) + from
	return first >= int(m.starts[p]) && (m.steps == nil || m.steps[p]-m.steps[first] == int64(-from)) && to <= 0
}

// listRun lists the values from a position on.
func (m *framed) listRun(f *frame, list []float32, first int) (lack Lack) {
	for c, column := range f.columns {
		values, known := m.values[column], m.known[column]
		for k := range f.Steps {
			at := int32(first + k)
			if known != nil {
				if at = known[at]; at < 0 {
					return Hole
				}
			}
			x := float32(values[m.order[at]])
			if x != x {
				return Hole
			}
			list[k*len(f.columns)+c] = x
		}
	}
	return 0
}

// listEach lists the values step by step.
func (m *framed) listEach(f *frame, list []float32, p int32, last int) (lack Lack) {
	for k := range f.Steps {
		for c, column := range f.columns {
			at := m.find(column, p, last-f.Steps+1+k, &lack)
			if lack != 0 {
				return lack
			}
			if at < 0 {
				return Hole
			}
			x := float32(m.values[column][m.order[at]])
			if x != x {
				return Hole
			}
			list[k*len(f.columns)+c] = x
		}
	}
	return 0
}

// periodic says where in a period the times of rows are.
func (m *framed) periodic(f *frame, from int64, n int) arrow.Array {
	col := m.rec.Column(m.time)
	valid := make([]bool, n)
	counts, waves := make([]int64, n), make([]float64, n)
	for i := range n {
		row := from + int64(i)
		if valid[i] = col.IsValid(int(row)); !valid[i] {
			continue
		}
		steps, share := m.phase(f.every, m.times[row])
		if f.View == Phase {
			counts[i] = steps
			continue
		}
		sin, cos := turned(float64(float64(f.Harmonic) * share))
		if waves[i] = sin; f.View == Cosine {
			waves[i] = cos
		}
	}
	if f.View == Phase {
		return table.NewArray(counts, valid)
	}
	return table.NewArray(waves, valid)
}

// turned is the sine and the cosine of a number of turns, which quarters have exactly.
func turned(turns float64) (sin, cos float64) {
	quarters := 4 * (turns - math.Floor(turns))
	whole := math.Floor(quarters)
	sin, cos = exact.SinCos(float64(math.Pi / 2 * (quarters - whole)))
	switch whole {
	case 1:
		return cos, 0 - sin
	case 2:
		return 0 - sin, 0 - cos
	case 3:
		return 0 - cos, sin
	}
	return sin, cos
}
