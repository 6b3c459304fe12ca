package artifacts

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
)

// Committed is what became of a Writer: an artifact, or an error.
type Committed struct {
	ID   ID
	Size int64
	Err  error
}

// CommitAll commits several artifacts and says of each in turn what Commit
// would have said. All are as durable as by Commit when it returns, but the
// disk is waited for only twice: once for all files, up to as many as may be
// open, and once for all directories, since a journal takes in at once what is
// synced at once. Each of them succeeds or fails on its own.
func (s *Store) CommitAll(writers []*Writer) []Committed {
	all := make([]Committed, len(writers))
	for i, w := range writers {
		defer w.Discard()
		all[i].Size = w.size
		all[i].ID, all[i].Err = w.seal()
	}
	if !slices.ContainsFunc(all, func(c Committed) bool { return c.Err == nil }) {
		return failed(all)
	}
	lock, err := s.lock(lockShared)
	if err != nil {
		for i := range all {
			all[i].Err = errors.Join(all[i].Err, err)
		}
		return failed(all)
	}
	defer lock.Close()
	for some := range slices.Chunk(s.missing(all), mostOpen) {
		publish(writers, all, some)
	}
	s.syncNames(all)
	return failed(all)
}

// mostOpen bounds the files that CommitAll has open at once.
const mostOpen = 128

// publish puts some of the writers into the store. Making and naming a file takes
// a few calls of the system that do not wait: spread over goroutines, these would
// wait for each other instead.
func publish(writers []*Writer, all []Committed, some []int) {
	made := make([]int, 0, len(some))
	for _, i := range some {
		if all[i].Err = writers[i].complete(); all[i].Err == nil {
			made = append(made, i)
		}
	}
	atOnce(len(made), func(k int) { all[made[k]].Err = writers[made[k]].sync() })
	for _, i := range made {
		if all[i].Err == nil {
			all[i].Err = writers[i].name(all[i].ID)
		}
	}
	for _, i := range some {
		if all[i].Err != nil {
			writers[i].Discard() // and close the file
		}
	}
}

// missing lists what the store does not have, or not sound.
func (s *Store) missing(all []Committed) []int {
	var there, missing []int
	for i, c := range all {
		if c.Err != nil {
			continue
		}
		if size, err := s.Stat(c.ID); err == nil && size == c.Size {
			there = append(there, i)
		} else {
			missing = append(missing, i)
		}
	}
	sound := make([]bool, len(there))
	atOnce(len(there), func(k int) { sound[k] = s.keep(all[there[k]].ID, all[there[k]].Size) })
	for k, i := range there {
		if !sound[k] {
			missing = append(missing, i)
		}
	}
	return missing
}

// failed leaves nothing but the error of what has one.
func failed(all []Committed) []Committed {
	for i := range all {
		if all[i].Err != nil {
			all[i] = Committed{Err: all[i].Err}
		}
	}
	return all
}

// syncNames makes the names of objects durable, also when another process gave
// them and may have died before it could. The entry of objects/ab in objects
// needs that only once in the life of a process.
func (s *Store) syncNames(all []Committed) {
	groups := map[byte][]int{} // by directory
	for i, c := range all {
		if c.Err == nil {
			groups[c.ID[0]] = append(groups[c.ID[0]], i)
		}
	}
	dirs := make([]byte, 0, len(groups))
	for d := range groups {
		dirs = append(dirs, d)
	}
	slices.Sort(dirs)
	errs := make([]error, len(dirs))
	atOnce(len(dirs), func(k int) {
		dir := filepath.Dir(s.path(all[groups[dirs[k]][0]].ID))
		errs[k] = storeError("sync", dir, s.fs.SyncDir(dir))
	})
	if slices.ContainsFunc(dirs, func(d byte) bool { return !s.synced[d].Load() }) {
		err := storeError("sync", s.objects(), s.fs.SyncDir(s.objects()))
		for k, d := range dirs {
			switch {
			case s.synced[d].Load():
			case err == nil:
				s.synced[d].Store(true)
			default:
				errs[k] = errors.Join(errs[k], err)
			}
		}
	}
	for k, d := range dirs {
		for _, i := range groups[d] {
			all[i].Err = errs[k]
		}
	}
}

// syncing is how many files are synced at once. Beyond 32 nothing is gained on
// ext4: one takes 0.4 ms, 32 at once take 0.08 ms each.
const syncing = 32

// atOnce calls f for 0 to n-1, on several goroutines unless there is only one
// thing to do, and waits for all.
func atOnce(n int, f func(int)) {
	if n == 1 {
		f(0)
		return
	}
	var wg sync.WaitGroup
	for g := range min(n, syncing) {
		wg.Go(func() {
			for i := g; i < n; i += syncing {
				f(i)
			}
		})
	}
	wg.Wait()
}
