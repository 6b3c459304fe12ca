package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/pipeline"
)

// External inputs are files, and directories of files. They are hashed before
// the look-up. If the stage has to run, they are copied into the store, and the
// stage reads the copy: what was hashed is what was read, also if a file changes
// in the middle, and the bytes are still there when the file is gone. A file that
// is new is hashed while it is copied; what the store has by what is remembered of
// a file is read again beside the stage, see rereading.

// An externalFile is a file of an external input.
type externalFile struct {
	path       string // where it is
	name       string // within the directory; empty if it is the input itself
	executable bool   // of a directory
}

// eachFile calls visit for the files of an external input. Those of a directory
// come in any order.
func eachFile(ctx context.Context, f pipeline.FileInput, visit func(externalFile) error) error {
	if f.Type != pipeline.Directory {
		return visit(externalFile{path: f.Resolved})
	}
	root, err := os.OpenRoot(f.Resolved) // nothing leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	count := 0
	each := func(name string, d fs.DirEntry) error {
		info, err := d.Info()
		if err == nil {
			err = regular(info)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, reason(err))
		}
		count++
		return visit(externalFile{filepath.Join(f.Resolved, filepath.FromSlash(name)), name, info.Mode()&0o100 != 0})
	}
	if f.Pattern != nil {
		err = f.Pattern.Walk(ctx, root.FS(), each)
	} else {
		err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == storeName:
				return diag.WithHint(fmt.Errorf("it holds %s, which each run changes", name), "name a folder inside of it")
			case d.IsDir():
				return nil
			}
			return each(name, d)
		})
	}
	if err == nil && count == 0 {
		err = errNoFiles
	}
	return err
}

// storeName is what the folder with a store is called. A folder that holds one
// would be another input each time.
const storeName = ".pipe"

// errNoFiles: a pattern selects nothing, or a folder is empty.
var errNoFiles = errors.New("there are no files")

// regular refuses what is no file.
func regular(info fs.FileInfo) error {
	hint := "a directory is read as files only: remove it, or keep it elsewhere"
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.Mode()&fs.ModeSymlink != 0:
		hint = "replace the link by a copy of what it points to, for example with cp -rL"
	}
	return diag.WithHint(&infile.TypeError{Mode: info.Mode()}, hint)
}

// reason is what an error of the file system is about, without the path.
func reason(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
