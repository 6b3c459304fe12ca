// Package repair finds what is damaged or missing in a store and its lineage
// database, names the runs that are touched, and makes again what the lineage
// says how to make.
package repair

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"pipe/artifacts"
	"pipe/lineage"
)

// A Report is what Check found.
type Report struct {
	Objects   int   // artifacts in the store
	Bytes     int64 // their size
	Findings  []*Finding
	Database  []string // what is wrong with the database
	Strangers []string // files among the objects that are no artifacts
	Leftovers []string // what dead processes left in tmp; no damage
}

// Damage reports whether something is left that is not as it must be.
func (r *Report) Damage() bool {
	return len(r.Database) > 0 || len(r.Strangers) > 0 ||
		slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.Repaired == "" && !f.Outside })
}

// A Finding is an artifact whose bytes are not there, or not right.
type Finding struct {
	ID       artifacts.ID
	Missing  bool   // else damaged
	Outside  bool   // it was never copied into the store, and its file has changed or is gone: no damage of the store
	Reason   string // what is wrong with it
	Touched  []lineage.Touch
	More     bool           // Touched is not all
	ListedBy []artifacts.ID // directory manifests that list it
	Needed   bool           // some row or manifest points at it

	Quarantine string // where Repair put the damaged bytes
	Repaired   string // how it was repaired; empty if it was not
	Lost       string // why it could not be
}

// touchLimit bounds the runs that are listed for one artifact.
const touchLimit = 50

// Check reads every object and the whole database. A database that cannot be
// read is a finding, and db is then nil with its error in dbErr.
func Check(ctx context.Context, store *artifacts.Store, db *lineage.DB, dbErr error) (*Report, error) {
	rep := &Report{}
	found := map[artifacts.ID]*Finding{}
	// What rows point at is read first: what is committed later is no concern.
	needed := map[artifacts.ID]bool{}
	listed := map[artifacts.ID][]artifacts.ID{}
	if dbErr != nil {
		rep.Database = append(rep.Database, dbErr.Error())
	} else if err := checkDatabase(ctx, store, db, rep, needed, listed); err != nil {
		return nil, err
	}
	if err := checkObjects(ctx, store, rep, found); err != nil {
		return nil, err
	}
	for id := range needed {
		if found[id] == nil {
			if err := lookFor(store, id, found); err != nil {
				return nil, err
			}
		}
	}
	for id, f := range found {
		f.Needed, f.ListedBy = needed[id], listed[id]
		if db == nil {
			continue
		}
		touched, err := db.Touched(ctx, id, touchLimit+1)
		if err != nil {
			return nil, err
		}
		f.More = len(touched) > touchLimit
		f.Touched = touched[:min(len(touched), touchLimit)]
		for _, tree := range f.ListedBy {
			touched, err := db.Touched(ctx, tree, touchLimit)
			if err != nil {
				return nil, err
			}
			f.Touched = append(f.Touched, touched...)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(found), compareIDs) {
		rep.Findings = append(rep.Findings, found[id])
	}
	var err, err2 error
	rep.Strangers, err = store.Strangers()
	rep.Leftovers, err2 = store.Leftovers()
	return rep, errors.Join(err, err2)
}

func compareIDs(a, b artifacts.ID) int { return slices.Compare(a[:], b[:]) }

// checkDatabase fills in what is needed: what rows point at, and what the
// manifests among that list.
func checkDatabase(ctx context.Context, store *artifacts.Store, db *lineage.DB, rep *Report,
	needed map[artifacts.ID]bool, listed map[artifacts.ID][]artifacts.ID) error {
	problems, err := db.Check(ctx)
	if lineage.IsDamaged(err) {
		problems, err = []string{err.Error()}, nil
	}
	if err != nil {
		return err
	}
	rep.Database = append(rep.Database, problems...)
	referenced, err := db.Referenced(ctx)
	if err == nil {
		maps.Copy(needed, referenced)
		var trees []artifacts.ID
		if trees, err = db.Directories(ctx); err == nil {
			err = listEntries(ctx, store, trees, needed, listed)
		}
	}
	if len(rep.Database) > 0 && err != nil {
		rep.Database = append(rep.Database, err.Error())
		return nil // the rest of a damaged database cannot be read
	}
	return err
}

func listEntries(ctx context.Context, store *artifacts.Store, trees []artifacts.ID, needed map[artifacts.ID]bool, listed map[artifacts.ID][]artifacts.ID) error {
	for _, id := range trees {
		files, err := store.Listed(ctx, id)
		var damaged *artifacts.DamagedError
		if errors.As(err, &damaged) || errors.Is(err, fs.ErrNotExist) {
			continue // found as an object
		}
		var bad *artifacts.TreeError
		if errors.As(err, &bad) {
			continue // a file of that type that lists nothing
		}
		if err != nil {
			return err
		}
		for _, e := range files {
			needed[e.ID] = true
			if !slices.Contains(listed[e.ID], id) {
				listed[e.ID] = append(listed[e.ID], id)
			}
		}
	}
	return nil
}

// checkObjects hashes every object, several at once.
func checkObjects(ctx context.Context, store *artifacts.Store, rep *Report, found map[artifacts.ID]*Finding) error {
	const readers = 4
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan artifacts.Info)
	var mu sync.Mutex
	var failed error
	note := func(id artifacts.ID, err error) {
		mu.Lock()
		defer mu.Unlock()
		var damaged *artifacts.DamagedError
		var outside *artifacts.OutsideError
		switch {
		case errors.As(err, &outside):
			found[id] = &Finding{ID: id, Missing: true, Outside: true, Reason: fmt.Sprintf("the file %s, which was not copied, %s", outside.Path, outside.Reason)}
		case err == nil, errors.Is(err, fs.ErrNotExist): // swept meanwhile
		case errors.As(err, &damaged):
			found[id] = &Finding{ID: id, Reason: damaged.Path + " " + damaged.Reason}
		case isReadError(err):
			found[id] = &Finding{ID: id, Reason: err.Error()}
		case failed == nil:
			failed = err
			cancel()
		}
	}
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for info := range work {
				note(info.ID, store.Check(ctx, info.ID))
			}
		})
	}
	for info, err := range store.All() {
		if err != nil && info.ID.IsZero() {
			note(info.ID, err)
			break
		}
		rep.Objects++
		rep.Bytes += info.Size
		if err != nil {
			note(info.ID, err)
			continue
		}
		work <- info
	}
	for info, err := range store.References() {
		if err != nil {
			note(info.ID, err)
			break
		}
		if store.Holds(info.ID) {
			continue // its file is of no interest any more
		}
		rep.Objects++
		if size, err := store.Stat(info.ID); err == nil {
			rep.Bytes += size
		}
		work <- info
	}
	close(work)
	wg.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// isReadError says that the file system could not give the bytes.
func isReadError(err error) bool {
	var e *artifacts.StoreError
	return errors.As(err, &e)
}

// lookFor adds an artifact that is not there.
func lookFor(store *artifacts.Store, id artifacts.ID, found map[artifacts.ID]*Finding) error {
	_, err := store.Stat(id)
	var missing *artifacts.NotFoundError
	switch {
	case err == nil, errors.As(err, new(*artifacts.OutsideError)): // looked at above
		return nil
	case errors.As(err, &missing):
		found[id] = &Finding{ID: id, Missing: true, Reason: fmt.Sprintf("there is no file %s", missing.Path)}
		return nil
	}
	return err
}
