// Package drift measures how far the values of a column have moved between two
// tables, by sizes of effects that do not grow with the number of rows.
package drift

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/exact"
	"pipe/data/order"
	"pipe/data/source/block"
	"pipe/data/table"
)

// Means are what may be worked with. Beyond a bound numbers are in a file of the
// folder that Scratch gives.
type Means struct {
	Threads int
	Scratch func() (string, error)
}

// A Move says how far a column has moved from a reference. Missing values are a
// category, and a bin, of their own.
type Move struct {
	Numbers bool // of numbers or times, and not of categories
	// PSI is the population stability index, the sum over bins of (p - q) ln(p / q), where p
	// and q are the shares of the two tables. Numbers have ten bins, between tenths of the
	// reference. A share has half a row more than there are, so that an empty bin is no
	// infinity.
	PSI float64
	// JS is the Jensen-Shannon distance over the same bins: the square root of the
	// divergence in bits, from 0 to 1.
	JS float64
	// KS is the largest distance of the two distribution functions, exactly; of
	// categories it is 0.
	KS float64
	// Unseen is the share of values whose category the reference does not have; of
	// numbers it is 0.
	Unseen float64
	// Why is an example for a message, such as `; "gold" was not there`. It may be empty.
	Why string
}

const (
	bins          = 10
	maxCategories = 100_000
	maxHeld       = 64 << 20
)

// Incomparable is the error of a column whose values are not compared: lists, texts
// most of which are different, columns of different kinds, or no values.
type Incomparable struct {
	Why string // such as "it is string, and int64 in the reference"
}

func (e *Incomparable) Error() string { return e.Why }

func incomparable(format string, args ...any) error {
	return &Incomparable{fmt.Sprintf(format, args...)}
}

// Between compares a column of two tables. An error is one of reading, or an
// *Incomparable.
func Between(ctx context.Context, with Means, reference, current *table.Reader, column string) (Move, error) {
	was, err := reference.Select(column)
	if err != nil {
		return Move{}, err
	}
	is, err := current.Select(column)
	if err != nil {
		return Move{}, err
	}
	typeWas, typeIs := was.Schema().Field(0).Type, is.Schema().Field(0).Type
	a, b := kindOf(typeWas), kindOf(typeIs)
	switch {
	case a != b, (temporal(typeWas) || temporal(typeIs)) && !arrow.TypeEqual(typeWas, typeIs): // whose numbers count other units
		return Move{}, incomparable("it is %s, and %s in the reference", table.TypeName(typeIs), table.TypeName(typeWas))
	case a == other:
		return Move{}, incomparable("it is %s, of which there is no measure", table.TypeName(typeIs))
	case is.NumRows() == 0:
		return Move{}, incomparable("the table has no rows")
	case was.NumRows() == 0:
		return Move{}, incomparable("the reference has no rows")
	case a == numbers:
		return ofNumbers(ctx, with, was, is)
	}
	return ofCategories(ctx, was, is)
}

type kind int

const (
	other kind = iota
	numbers
	categories
)

func kindOf(t arrow.DataType) kind {
	switch table.ClassOf(t) {
	case table.ClassWhole, table.ClassReal, table.ClassDate, table.ClassTimestamp, table.ClassTime:
		return numbers
	case table.ClassText, table.ClassBool:
		return categories
	}
	return other
}

func temporal(t arrow.DataType) bool {
	switch table.ClassOf(t) {
	case table.ClassDate, table.ClassTimestamp, table.ClassTime:
		return true
	}
	return false
}

// A sorted column has its numbers in order, and how many are missing.
type sorted struct {
	*order.Column
	rows int64
}

func sort(ctx context.Context, with Means, store *order.Store, r *table.Reader) (sorted, error) {
	s := sorted{store.NewColumn(), r.NumRows()}
	work := func(p table.Piece) (order.Run, error) {
		defer p.Rows.Release()
		values, shared, err := table.FloatsOrNaN(p.Rows.Column(0), nil)
		if shared {
			values = slices.Clone(values)
		}
		return order.Sort(values), err
	}
	err := block.Ordered(ctx, max(1, with.Threads), r.Pieces(math.MaxInt64/2), work, s.Add)
	return s, err
}

func ofNumbers(ctx context.Context, with Means, was, is *table.Reader) (Move, error) {
	m := Move{Numbers: true}
	store := order.NewStore(maxHeld, with.Scratch)
	defer store.Close()
	a, err := sort(ctx, with, store, was)
	if err != nil {
		return m, err
	}
	b, err := sort(ctx, with, store, is)
	if err != nil {
		return m, err
	}
	var edges []float64 // the greatest number of each bin but the last, each once
	for i := int64(1); i < bins && a.Len() > 0; i++ {
		edge, err := a.At(max(0, (a.Len()*i+bins-1)/bins-1))
		if err != nil {
			return m, err
		}
		if len(edges) == 0 || edge > edges[len(edges)-1] {
			edges = append(edges, edge)
		}
	}
	p, err := a.shares(edges)
	if err != nil {
		return m, err
	}
	q, err := b.shares(edges)
	if err != nil {
		return m, err
	}
	m.PSI, m.JS = psi(p, q), jensenShannon(p, q)
	m.KS, err = kolmogorov(a.Column, b.Column)
	return m, err
}

// shares counts the numbers up to each edge, those beyond the last one, and those
// that are missing.
func (s sorted) shares(edges []float64) ([]float64, error) {
	counts := make([]float64, 0, len(edges)+2)
	var before int64
	for _, e := range edges {
		upTo, err := s.Below(math.Nextafter(e, math.Inf(1)))
		if err != nil {
			return nil, err
		}
		counts = append(counts, float64(upTo-before))
		before = upTo
	}
	return append(counts, float64(s.Len()-before), float64(s.rows-s.Len())), nil
}

// kolmogorov is the largest distance of two distribution functions.
func kolmogorov(a, b *order.Column) (float64, error) {
	if a.Len() == 0 || b.Len() == 0 {
		return 0, nil
	}
	largest, seenA, seenB := 0.0, int64(0), int64(0)
	err := order.Both(a, b, func(_ uint64, inA, inB int64) {
		seenA, seenB = seenA+inA, seenB+inB
		largest = max(largest, math.Abs(float64(seenA)/float64(a.Len())-float64(seenB)/float64(b.Len())))
	})
	return largest, err
}

func ofCategories(ctx context.Context, was, is *table.Reader) (Move, error) {
	var m Move
	p, missingP, err := count(ctx, was)
	if err != nil {
		return m, err
	}
	q, missingQ, err := count(ctx, is)
	if err != nil {
		return m, err
	}
	names := slices.Sorted(maps.Keys(p))
	var unseen int64
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if _, ok := p[name]; !ok {
			names = append(names, name)
			if unseen += q[name]; m.Why == "" {
				m.Why = fmt.Sprintf("; %q was not there", name)
			}
		}
	}
	m.Unseen = float64(unseen) / float64(is.NumRows())
	a, b := make([]float64, len(names), len(names)+1), make([]float64, len(names), len(names)+1)
	for i, name := range names {
		a[i], b[i] = float64(p[name]), float64(q[name])
	}
	a, b = append(a, float64(missingP)), append(b, float64(missingQ))
	m.PSI, m.JS = psi(a, b), jensenShannon(a, b)
	return m, nil
}

// count counts the categories of a column. It is Incomparable if they are too many, or
// most of them are there once.
func count(ctx context.Context, r *table.Reader) (counts map[string]int64, missing int64, err error) {
	counts = make(map[string]int64)
	for rec, err := range r.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, 0, err
		}
		values, valid, err := table.Texts(rec.Column(0))
		if err != nil {
			return nil, 0, err
		}
		for i, v := range values {
			if valid != nil && !valid[i] {
				missing++
				continue
			}
			if _, there := counts[v]; there {
				counts[v]++
				continue
			}
			if len(counts) == maxCategories {
				return nil, 0, incomparable("it has more than %d different values", maxCategories)
			}
			counts[strings.Clone(v)] = 1
		}
	}
	if int64(len(counts)) > max(20, (r.NumRows()-missing)/2) {
		return nil, 0, incomparable("most of its values are different, as those of identifiers are")
	}
	return counts, missing, nil
}

// shares makes shares of counts, each with half a row more.
func shares(counts []float64) []float64 {
	sum := 0.0
	for _, n := range counts {
		sum += n + 0.5
	}
	out := make([]float64, len(counts))
	for i, n := range counts {
		out[i] = (n + 0.5) / sum
	}
	return out
}

func psi(a, b []float64) float64 {
	p, q := shares(a), shares(b)
	sum := 0.0
	for i := range p {
		sum += float64((q[i] - p[i]) * exact.Log(q[i]/p[i]))
	}
	return sum
}

// jensenShannon is the distance that scipy.spatial.distance.jensenshannon gives with
// base 2. Its shares have nothing added.
func jensenShannon(a, b []float64) float64 {
	total := func(x []float64) (sum float64) {
		for _, v := range x {
			sum += v
		}
		return sum
	}
	na, nb := total(a), total(b)
	sum := 0.0
	for i := range a {
		p, q := a[i]/na, b[i]/nb
		m := (p + q) / 2
		if p > 0 {
			sum += float64(p * exact.Log(p/m))
		}
		if q > 0 {
			sum += float64(q * exact.Log(q/m))
		}
	}
	return math.Sqrt(max(0, sum/(2*math.Ln2)))
}
