package nn

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"pipe/nn/optim"
)

// checkpointFormat is the first bytes of a checkpoint. It changes when what
// follows does: what another version of pipe wrote is no checkpoint.
const checkpointFormat = "pipe training 1\n"

// A progress is where training is, beside the numbers of the network.
type progress struct {
	Work    string  // what is trained, see trainer.work
	Epoch   int     // from 1
	Row     int     // place of the next batch in the order of the epoch
	Step    int     // optimizer steps done
	Last    float64 // loss of the batch before
	Run     int     // epochs that were measured
	Best    int     // the best of them, 0 if none is kept
	Stopped bool    // early
	Curves  []Curve
	Norms   [][]Value // of each measured epoch, and of the one that goes on
	Rates   []float64 // of the last step of each measured epoch

	BestValue float64
	Reference float64 // the value that patience compares with
	Waited    int     // epochs since reference

	Plateau optim.PlateauState
}

// save writes everything that training needs to go on from here.
func (t *trainer) save(w io.Writer) error {
	if err := t.settle(); err != nil {
		return err
	}
	if err := t.pull(); err != nil {
		return err
	}
	t.at.Work = t.work
	head, err := json.Marshal(&t.at)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, checkpointFormat); err != nil {
		return err
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(head)))); err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, part := range t.parts(t.at.Best > 0) {
		if err := writeFloats(w, part); err != nil {
			return err
		}
	}
	return nil
}

// pull brings all memories up to date that a checkpoint holds, push takes them to
// where training computes.
func (t *trainer) pull() error {
	err := errors.Join(t.numbers.read(), t.update.read())
	if t.update.average != nil {
		err = errors.Join(err, t.update.average.read())
	}
	return err
}

func (t *trainer) push() error {
	err := errors.Join(t.numbers.write(), t.update.write())
	if t.update.average != nil {
		err = errors.Join(err, t.update.average.write())
	}
	return err
}

// parts are the memories that a checkpoint holds, in its order.
func (t *trainer) parts(best bool) [][]float32 {
	parts := append([][]float32{t.numbers.flat}, t.update.memory...)
	if t.update.average != nil {
		parts = append(parts, t.update.average.flat)
	}
	if best {
		parts = append(parts, t.best.flat)
	}
	return parts
}

// load goes on from a checkpoint. If it makes no sense, the error says why and
// nothing has changed.
func (t *trainer) load(r io.Reader) error {
	format := make([]byte, len(checkpointFormat)+4)
	if _, err := io.ReadFull(r, format); err != nil {
		return err
	}
	if string(format[:len(checkpointFormat)]) != checkpointFormat {
		return errors.New("it was written by another version of pipe")
	}
	size := binary.LittleEndian.Uint32(format[len(checkpointFormat):])
	head, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err != nil {
		return err
	}
	var at progress
	if err := json.Unmarshal(head, &at); err != nil {
		return err
	}
	if err := t.possible(&at); err != nil {
		return err
	}
	var parts [][]float32
	into := t.parts(at.Best > 0)
	for _, part := range into {
		data := make([]float32, len(part))
		if err := readFloats(r, data); err != nil {
			return err
		}
		parts = append(parts, data)
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n > 0 || err != io.EOF {
		return fmt.Errorf("there is more after its end (%v)", err)
	}
	for i, part := range into {
		copy(part, parts[i])
	}
	t.at = at
	return t.push()
}

// possible checks that a progress is one of this training.
func (t *trainer) possible(at *progress) error {
	ok := at.Work == t.work && at.Epoch >= 1 && at.Epoch <= t.cfg.Epochs+1 && at.Row >= 0 && at.Row <= t.train.rows && at.Step >= 0 &&
		at.Run >= 0 && at.Run <= t.cfg.Epochs && at.Best >= 0 && at.Best <= at.Run &&
		len(at.Curves) == len(t.at.Curves) && len(at.Norms) >= at.Run && len(at.Rates) == at.Run
	if !ok {
		return errors.New("it is of other work")
	}
	for i, c := range at.Curves {
		if c.Name != t.at.Curves[i].Name || len(c.Values) != at.Run {
			return errors.New("its curves are others")
		}
	}
	return nil
}

// writeFloats writes numbers, little-endian.
func writeFloats(w io.Writer, data []float32) error {
	buf := make([]byte, 0, 64<<10)
	for len(data) > 0 {
		n := min(len(data), cap(buf)/4)
		buf = buf[:0]
		for _, v := range data[:n] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

func readFloats(r io.Reader, data []float32) error {
	buf := make([]byte, 64<<10)
	for len(data) > 0 {
		n := min(len(data), len(buf)/4)
		if _, err := io.ReadFull(r, buf[:4*n]); err != nil {
			return err
		}
		for i := range n {
			data[i] = math.Float32frombits(binary.LittleEndian.Uint32(buf[4*i:]))
		}
		data = data[n:]
	}
	return nil
}
