package cleanup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"pipe/lineage"
)

// Of the folder of logs nothing is touched but what pipe has made: it may be that
// of several stores, or hold what somebody has put there.

// planLogs lists the logs of the runs that are to be forgotten, and those of runs
// that were forgotten when a crash kept their logs.
func (p *Plan) planLogs(ctx context.Context) error {
	forgotten := map[string]bool{}
	for _, r := range p.Runs {
		forgotten[r.ID] = true
	}
	return p.eachLogFolder(ctx, func(root *os.Root, run string, known, linked bool) error {
		// Behind a link there may be the logs of other stores.
		if !forgotten[run] && (known || linked) {
			return nil
		}
		files, err := logFiles(root, run)
		if err != nil || len(files) == 0 {
			return err
		}
		p.logs = append(p.logs, run)
		p.Logs++
		for _, f := range files {
			p.LogBytes += f.Size()
		}
		return nil
	})
}

// sweepLogs deletes what planLogs has listed, but for runs that are known all
// the same.
func (p *Plan) sweepLogs(ctx context.Context) error {
	planned := map[string]bool{}
	for _, run := range p.logs {
		planned[run] = true
	}
	p.Logs, p.LogBytes = 0, 0 // what is in fact deleted
	return p.eachLogFolder(ctx, func(root *os.Root, run string, known, _ bool) error {
		if known || !planned[run] {
			return nil
		}
		files, err := logFiles(root, run)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := root.Remove(run + "/" + f.Name()); err != nil {
				return err
			}
			p.LogBytes += f.Size()
		}
		p.Logs++
		_ = root.Remove(run) // it stays if there is something else in it
		return nil
	})
}

// eachLogFolder visits the folders that are named after a run. known says that the
// database has the run; linked is true if the folder of logs itself is a symbolic
// link.
func (p *Plan) eachLogFolder(ctx context.Context, visit func(root *os.Root, run string, known, linked bool) error) error {
	info, err := os.Lstat(p.w.Logs())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(p.w.Logs())
	if err != nil {
		return err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && lineage.IsRunID(e.Name()) {
			names = append(names, e.Name())
		}
	}
	known, err := p.w.DB.KnownRuns(ctx, names)
	if err != nil {
		return err
	}
	for _, run := range names {
		if err := visit(root, run, known[run], info.Mode()&fs.ModeSymlink != 0); err != nil {
			return err
		}
	}
	return nil
}

// logFiles lists the files of a run that pipe has made.
func logFiles(root *os.Root, run string) ([]fs.FileInfo, error) {
	entries, err := fs.ReadDir(root.FS(), run)
	if err != nil {
		return nil, err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".log") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		files = append(files, info)
	}
	return files, nil
}
