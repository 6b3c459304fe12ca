package trees

import (
	"bytes"
	"io"
	"math"
	"reflect"
	"testing"

	"pipe/nn"
)

// Training that was interrupted goes on to the same bits, from any round, and from nothing that
// is no checkpoint of it.
func TestTreesGoOn(t *testing.T) {
	class := func(x []float32, noise float64) float64 { return min(max(math.Floor(number(x, noise)), 0), 2) }
	for name, c := range map[string]struct {
		sig nn.Signature
		of  func([]float32, float64) float64
	}{"number": {numbers, number}, "three": {three, class}} {
		train, validation := some(1, 900, c.of), some(2, 400, c.of)
		cfg := usual()
		cfg.Rounds, cfg.RowShare, cfg.ColumnShare, cfg.Patience, cfg.Categories, cfg.LearningRate = 60, .7, .6, 4, []string{"kind"}, .4
		var saved [][]byte
		cfg.Checkpoint = func(save func(io.Writer) error) {
			var b bytes.Buffer
			if err := save(&b); err != nil {
				t.Fatal(err)
			}
			saved = append(saved, b.Bytes())
		}
		var points []nn.Epoch
		cfg.OnRound = func(e nn.Epoch) { points = append(points, e) }
		want := written(t, trained(t, c.sig, train, validation, cfg))
		before := points
		cfg.Checkpoint = nil
		why := error(nil)
		cfg.OnAnew = func(err error) { why = err }
		for _, at := range []int{0, len(saved) / 2, len(saved) - 1} {
			points, cfg.Threads, cfg.Resume = nil, 1+at%3, bytes.NewReader(saved[at])
			if got := written(t, trained(t, c.sig, train, validation, cfg)); !bytes.Equal(got, want) || why != nil || !reflect.DeepEqual(points, before) {
				t.Errorf("%s: going on behind round %d of %d makes another model, or tells other losses (%v)", name, at+1, len(saved), why)
			}
		}
		other := cfg
		other.Resume, other.OnRound = nil, nil
		other.Checkpoint = func(save func(io.Writer) error) {
			var b bytes.Buffer
			_ = save(&b)
			saved = append(saved, b.Bytes())
		}
		trained(t, c.sig, some(9, 900, c.of), validation, other) // of other rows
		damaged := bytes.Replace(saved[1], []byte(`"value":`), []byte(`"value":1`), 1)
		for _, bad := range [][]byte{nil, []byte("{}"), saved[0][:len(saved[0])/2], damaged, saved[len(saved)-1]} {
			points, why, cfg.Resume = nil, nil, bytes.NewReader(bad)
			if got := written(t, trained(t, c.sig, train, validation, cfg)); !bytes.Equal(got, want) || why == nil || !reflect.DeepEqual(points, before) {
				t.Errorf("%s: a checkpoint of %d bytes that is none makes another model, or is not told (%v)", name, len(bad), why)
			}
		}
	}
}
