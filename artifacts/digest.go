package artifacts

import (
	"crypto/sha256"
	"hash"
)

// A digest hashes the chunks of a stream, those of a long one in a goroutine of
// its own, so that the hash is made while the bytes are written or copied.
type digest struct {
	hash hash.Hash
	size int64         // of what was hashed in place
	todo chan []byte   // nil as long as chunks are hashed in place
	free chan []byte   // hashed
	done chan struct{} // closed when all of todo is hashed
}

const (
	// chunkSize is how much is written, and hashed, in one go. Calls of the system
	// no longer show beside the hash, and a chunk stays in the cache of a core.
	chunkSize = 256 << 10
	// inPlace is how much is hashed before a goroutine is worth it.
	inPlace = 512 << 10
	// chunksAhead is how many chunks may wait for the hash.
	chunksAhead = 3
)

func newDigest() *digest { return &digest{hash: sha256.New()} }

// add takes the next chunk, which is not to be changed until next gives it back.
func (d *digest) add(chunk []byte) {
	if d.todo == nil && d.size < inPlace {
		d.hash.Write(chunk)
		d.size += int64(len(chunk))
		return
	}
	if d.todo == nil {
		d.todo, d.free, d.done = make(chan []byte, chunksAhead), make(chan []byte, chunksAhead+1), make(chan struct{})
		for range chunksAhead {
			d.free <- make([]byte, 0, chunkSize)
		}
		go func() {
			defer close(d.done)
			for chunk := range d.todo {
				d.hash.Write(chunk)
				d.free <- chunk[:0]
			}
		}()
	}
	d.todo <- chunk
}

// next gives memory for a chunk after the last one, which add has got.
func (d *digest) next(last []byte) []byte {
	if d.todo == nil {
		return last[:0]
	}
	return <-d.free
}

// sum ends the stream. It may be called again.
func (d *digest) sum() (id ID) {
	d.end()
	d.hash.Sum(id[:0])
	return id
}

// end gives back the goroutine.
func (d *digest) end() {
	if d.todo == nil {
		return
	}
	close(d.todo)
	<-d.done
	d.todo, d.free = nil, nil
}
