package relation

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/source/block"
	"pipe/data/table"
)

// A Lookup is a right table, or a part of one, in memory. It may be used by several
// goroutines.
type Lookup struct {
	j       *Joiner
	index   index
	starts  []int32 // where the rows of each key begin, and the last ones end
	rows    []int32 // by key, in the order of the table or, as of a time, of times
	times   []int64 // of each row; only as of a time
	records []arrow.RecordBatch
	places  []table.Place // of each row, in records
	numbers []int64       // of each row in the table; nil: as in places
}

// Lookup reads a right table into memory.
func (j *Joiner) Lookup(ctx context.Context, threads int, right *table.Reader) (*Lookup, error) {
	need, err := j.rightReader(right)
	if err != nil {
		return nil, err
	}
	return j.load(ctx, threads, need.Pieces(wholeBatches), 0)
}

// rightReader reads what is needed of the right table.
func (j *Joiner) rightReader(right *table.Reader) (*table.Reader, error) {
	return right.Select(j.rightNames...)
}

// errTooLarge says that a right table does not fit into the budget.
var errTooLarge = errors.New("relation: the right table is too large")

// load reads rows of rightNames, after which there may be their numbers. With a
// budget it gives up where that is not enough.
func (j *Joiner) load(ctx context.Context, threads int, rows iter.Seq2[table.Piece, error], budget int64) (*Lookup, error) {
	type encoded struct {
		rec  arrow.RecordBatch
		keys *Encoded
	}
	l := &Lookup{j: j}
	var ids []int32 // of the key of each row, -1 if none can match it
	var held int64
	encode := func(p table.Piece) (encoded, error) { return encoded{p.Rows, j.rightKeys.Encode(p.Rows)}, nil }
	err := block.Ordered(ctx, max(1, threads), rows, encode, func(e encoded) error {
		n := int(e.rec.NumRows())
		if len(ids)+n > mostKeys {
			return errTooMany("rows of the right table have the same key, or nearly")
		}
		number := int32(len(l.records))
		l.records = append(l.records, e.rec)
		var absent arrow.Array // where a time is missing nothing matches
		if j.asOf != nil {
			absent = e.rec.Column(j.asOf.right)
			l.times = append(l.times, instants(absent, j.asOf.nanos)...)
		}
		for row := range n {
			l.places = append(l.places, table.Place{Record: number, Row: int32(row)})
			if e.keys.isMissing(row) || absent != nil && absent.IsNull(row) {
				ids = append(ids, -1)
				continue
			}
			key := e.keys.key(row)
			id, _ := l.index.add(key, j.hasher.hash(key))
			ids = append(ids, id)
		}
		if at := len(j.rightNames); int(e.rec.NumCols()) > at {
			l.numbers = append(l.numbers, e.rec.Column(at).(*array.Int64).Values()...)
		}
		held += table.Bytes(e.rec)
		if budget > 0 && held+l.index.size()+int64(len(ids))*rowBytes > budget {
			return errTooLarge
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.arrange(ids)
	return l, nil
}

// rowBytes is what a Lookup holds for each row beside the row and its key.
const rowBytes = 8 + 4 + 4 + 8

func errTooMany(what string) error {
	return fmt.Errorf("more than %d %s: more than a join can hold", mostKeys, what)
}

// arrange puts rows together that have one key.
func (l *Lookup) arrange(ids []int32) {
	l.starts = make([]int32, l.index.n+1)
	for _, id := range ids {
		if id >= 0 {
			l.starts[id+1]++
		}
	}
	for i := 1; i < len(l.starts); i++ {
		l.starts[i] += l.starts[i-1]
	}
	l.rows = make([]int32, l.starts[l.index.n])
	next := slices.Clone(l.starts)
	for row, id := range ids {
		if id >= 0 {
			l.rows[next[id]] = int32(row)
			next[id]++
		}
	}
	if l.times == nil {
		return
	}
	for id := range l.index.n {
		sortByTime(l.rows[l.starts[id]:l.starts[id+1]], l.times)
	}
}

// number is that of a row in the right table.
func (l *Lookup) number(row int32) int64 {
	if l.numbers == nil {
		return int64(row)
	}
	return l.numbers[row]
}

// matches are the rows of a batch that a join has.
type matches struct {
	left  []int   // for each of them the row of the batch; nil: all, each once
	right []int32 // the row of the Lookup, -1 if there is none; nil if nothing is added
	hit   []bool  // of each row of the batch, whether it matches

	// all are the rows that match each row of the batch, where these are too many to
	// be listed in left and right.
	all [][]int32

	// several are all matches of rows that have more than the one that is taken; only of
	// a FullJoin.
	several [][]int32
}

// manyRows is how many rows are made of a batch in one go, about.
const manyRows = 4 << 16

// each gives left and right in pieces, of at most manyRows where they are many.
func (m *matches) each(how How, piece func(left []int, right []int32) error) error {
	if m.all == nil {
		return piece(m.left, m.right)
	}
	left, right := make([]int, 0, manyRows), make([]int32, 0, manyRows)
	for i, found := range m.all {
		if len(found) == 0 && how != InnerJoin {
			found = []int32{-1}
		}
		for len(found) > 0 {
			n := min(len(found), manyRows-len(left))
			for _, row := range found[:n] {
				left, right = append(left, i), append(right, row)
			}
			if found = found[n:]; len(left) < manyRows {
				continue
			}
			if err := piece(left, right); err != nil {
				return err
			}
			left, right = left[:0], right[:0]
		}
	}
	if len(left) == 0 {
		return nil
	}
	return piece(left, right)
}

// list lists all in left and right, unless they are many.
func (m *matches) list(how How) {
	rows := m.rows()
	if rows > manyRows {
		return
	}
	m.left, m.right = make([]int, 0, rows), make([]int32, 0, rows)
	for i, found := range m.all {
		if len(found) == 0 && how != InnerJoin {
			m.left, m.right = append(m.left, i), append(m.right, -1)
		}
		for _, row := range found {
			m.left, m.right = append(m.left, i), append(m.right, row)
		}
	}
	m.all = nil
}

// rows is at least how many rows are made.
func (m *matches) rows() (n int) {
	for _, found := range m.all {
		n += max(1, len(found))
	}
	return n
}

// lefts are the rows of a batch of n rows, one for each of the matches.
func (m *matches) lefts(n int) []int {
	if m.left != nil {
		return m.left
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// A severalError says that a row has several matches.
type severalError struct {
	row int64 // of the left table
	error
}

func (e *severalError) Unwrap() error { return e.error }

// A finder finds the rows that belong to those of a record of leftNames.
type finder struct {
	*Lookup
	keys  *Encoded
	timed arrow.Array // as of a time; else nil
	times []int64
}

func (l *Lookup) finder(rec arrow.RecordBatch) *finder {
	f := &finder{Lookup: l, keys: l.j.leftKeys.Encode(rec)}
	if as := l.j.asOf; as != nil {
		f.timed = rec.Column(as.left)
		f.times = instants(f.timed, as.nanos)
	}
	return f
}

// at gives the rows that belong to one row.
func (f *finder) at(i int) (found []int32) {
	if f.keys.isMissing(i) || f.timed != nil && f.timed.IsNull(i) {
		return nil
	}
	key := f.keys.key(i)
	if id := f.index.find(key, f.j.hasher.hash(key)); id >= 0 {
		found = f.rows[f.starts[id]:f.starts[id+1]]
	}
	if f.timed != nil {
		found = f.j.asOf.near(found, f.Lookup.times, f.times[i])
	}
	return found
}

// match finds the rows that belong to those of a record of leftNames. number gives
// the number of a row in the left table.
func (l *Lookup) match(rec arrow.RecordBatch, number func(row int) int64) (*matches, error) {
	j := l.j
	find := l.finder(rec)
	n := int(rec.NumRows())
	m := &matches{left: make([]int, 0, n), hit: make([]bool, n)}
	how := j.join.How
	if !j.addsNothing() {
		m.right = make([]int32, 0, n)
	}
	for i := range n {
		found := find.at(i)
		m.hit[i] = len(found) > 0
		if len(found) > 1 && how == FullJoin && j.join.Multiple != AllOfSeveral {
			m.several = append(m.several, found)
		}
		switch {
		case j.join.Multiple == AllOfSeveral && !j.addsNothing():
			m.all = append(m.all, found)
		case j.addsNothing():
			if m.hit[i] == (how == SemiJoin) {
				m.left = append(m.left, i)
			}
		case len(found) == 0:
			if how != InnerJoin {
				m.left, m.right = append(m.left, i), append(m.right, -1)
			}
		case len(found) == 1 || j.join.Multiple == FirstOfThem:
			m.left, m.right = append(m.left, i), append(m.right, found[0])
		case j.join.Multiple == LastOfThem:
			m.left, m.right = append(m.left, i), append(m.right, found[len(found)-1])
		default:
			return nil, l.several(rec, i, number(i), found)
		}
	}
	if m.all != nil {
		m.list(how)
	}
	if m.all == nil && len(m.left) == n && (n == 0 || isCount(m.left)) {
		m.left = nil
	}
	return m, nil
}

// isCount says whether numbers are 0, 1, 2, ...
func isCount(numbers []int) bool {
	for i, v := range numbers {
		if v != i {
			return false
		}
	}
	return true
}

func (l *Lookup) several(rec arrow.RecordBatch, row int, number int64, found []int32) error {
	of := l.j.describe(rec, row)
	return &severalError{number, diag.WithHint(
		fmt.Errorf("row %d of the left table (%s) matches %d rows of the right one, such as its rows %d and %d",
			number+1, of, len(found), l.number(found[0])+1, l.number(found[1])+1),
		"write `multiple: first` or `last` to take one of them, or `multiple: all` for a row of each; a `dedupe` stage makes the right table have one row for each value")}
}

// Join emits the rows of the left table in a batch, whose first row has a number in
// the table, with the columns that are added. Rows of the right table that match
// none are not among them.
func (l *Lookup) Join(rec arrow.RecordBatch, first int64, emit func(arrow.RecordBatch) error) error {
	m, err := l.matchTable(rec, first)
	if err != nil {
		return err
	}
	return m.each(l.j.join.How, func(left []int, right []int32) error {
		made, err := l.assemble(rec, left, right)
		if err != nil {
			return err
		}
		defer made.Release()
		return emit(made)
	})
}

// Beside gives each row of a batch of the left table once, with the columns that are
// added, and how many rows of the right table it matches. Without any, or with several
// of which the join does not say which is meant, what is added is missing.
func (l *Lookup) Beside(rec arrow.RecordBatch) (made arrow.RecordBatch, matches []int, err error) {
	deciding, err := table.Select(rec, l.j.leftNames)
	if err != nil {
		return nil, nil, err
	}
	defer deciding.Release()
	find := l.finder(deciding)
	matches = make([]int, rec.NumRows())
	right := make([]int32, len(matches))
	for i := range matches {
		found := find.at(i)
		matches[i], right[i] = len(found), -1
		switch {
		case len(found) == 1 || len(found) > 1 && l.j.join.Multiple == FirstOfThem:
			right[i] = found[0]
		case len(found) > 1 && l.j.join.Multiple == LastOfThem:
			right[i] = found[len(found)-1]
		}
	}
	made, err = l.assemble(rec, nil, right)
	return made, matches, err
}

// matchTable matches rows of the left table.
func (l *Lookup) matchTable(rec arrow.RecordBatch, first int64) (*matches, error) {
	deciding, err := table.Select(rec, l.j.leftNames)
	if err != nil {
		return nil, err
	}
	defer deciding.Release()
	return l.match(deciding, func(row int) int64 { return first + int64(row) })
}

// assemble makes rows of matches.
func (l *Lookup) assemble(rec arrow.RecordBatch, left []int, right []int32) (arrow.RecordBatch, error) {
	return l.j.beside(rec, left, l.records, l.placesOf(right))
}

// placesOf are the places of rows, some of which may be none.
func (l *Lookup) placesOf(rows []int32) []table.Place {
	places := make([]table.Place, len(rows))
	for i, row := range rows {
		places[i] = table.Nowhere
		if row >= 0 {
			places[i] = l.places[row]
		}
	}
	return places
}

// beside puts rows of a batch of the left table and those of the right one side by
// side.
func (j *Joiner) beside(rec arrow.RecordBatch, left []int, records []arrow.RecordBatch, places []table.Place) (arrow.RecordBatch, error) {
	if left != nil {
		taken, err := table.Take(rec, left)
		if err != nil {
			return nil, err
		}
		defer taken.Release()
		rec = taken
	}
	columns := slices.Clone(rec.Columns())
	if j.added > 0 {
		added, err := j.addition(records, places)
		if err != nil {
			return nil, err
		}
		defer added.Release()
		columns = append(columns, added.Columns()...)
	}
	return array.NewRecordBatch(j.out, columns, rec.NumRows()), nil
}

// addition gives rows of the right table, some of which may be none.
func (j *Joiner) addition(records []arrow.RecordBatch, places []table.Place) (arrow.RecordBatch, error) {
	if err := checkLists(j.payload, places, "write `how: inner`, or leave the column out with `columns`"); err != nil {
		return nil, err
	}
	return table.Combine(j.payload, records, places)
}

// checkLists refuses columns of lists without a value, which no table holds.
func checkLists(schema *arrow.Schema, places []table.Place, hint string) error {
	for _, f := range schema.Fields() {
		if table.ClassOf(f.Type) == table.ClassOther && slices.ContainsFunc(places, func(p table.Place) bool { return p.Row < 0 }) {
			return diag.WithHint(fmt.Errorf("column %q holds lists, which cannot be missing, and there are rows without a match", f.Name), hint)
		}
	}
	return nil
}

// wholeBatches are pieces as large as the batches of a table.
const wholeBatches = math.MaxInt64 / 2

// pieceBytes is about what is worked on at a time.
const pieceBytes = 4 << 20

// pieces reads a table in pieces, which are for whoever gets them to release.
func (m Means) pieces(r *table.Reader) iter.Seq2[table.Piece, error] {
	return func(yield func(table.Piece, error) bool) {
		var base int64
		for rec, err := range r.Batches() {
			if err != nil {
				yield(table.Piece{}, err)
				return
			}
			n := rec.NumRows()
			step := max(1, n*pieceBytes/max(1, table.Bytes(rec)))
			if m.rows > 0 {
				step = m.rows
			}
			for from := int64(0); from < n; from += step {
				if !yield(table.Piece{Rows: rec.NewSlice(from, min(n, from+step)), At: base + from}, nil) {
					return
				}
			}
			base += n
		}
	}
}
