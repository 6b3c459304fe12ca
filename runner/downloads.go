package runner

import (
	"context"
	"errors"
	"sync"

	"pipe/lineage"
	"pipe/pipeline"
)

// downloadsAtOnce is how many files of a stage come at the same time.
const downloadsAtOnce = 4

// downloadAll brings the files of a stage that servers have into the store. The error is
// that of the first file that has one.
func (im *importer) downloadAll(ctx context.Context, files []pipeline.FileInput, inputs map[string]*lineage.Input) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	together := &together{to: im.says}
	slots := make(chan struct{}, downloadsAtOnce)
	errs := make([]error, len(files))
	var running sync.WaitGroup
	for i, f := range files {
		if f.Address == nil {
			continue
		}
		one := *im
		one.says = together.part()
		select { // in the order of the files, so that the first ones come first
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() { <-slots }()
			if errs[i] = one.download(ctx, f, inputs[f.Port]); errs[i] != nil {
				cancel(errOther)
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, errOther) {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// errOther ends the downloads beside one that has failed.
var errOther = errors.New("another download has failed")

// together adds up the progress of what goes on beside each other.
type together struct {
	to    Events
	mu    sync.Mutex
	parts []*part
}

// part is one of those. Its total is 0 as long as nobody knows it.
type part struct {
	Events
	all         *together
	done, total int64
}

func (t *together) part() Events {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &part{Events: t.to, all: t}
	t.parts = append(t.parts, p)
	return p
}

// Log implements Events.
func (p *part) Log(m Message) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	p.Events.Log(m)
}

// Progress implements Events.
func (p *part) Progress(done, total int64) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	p.done, p.total = done, total
	done, total = 0, 0
	known := true
	for _, one := range p.all.parts {
		done, total = done+one.done, total+one.total
		known = known && one.total > 0
	}
	if !known {
		total = 0
	}
	p.Events.Progress(done, total)
}
