package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"pipe/base/diag"
)

// A project bounds what a pipeline file may read: what is below one folder, and
// what the person who owns the store allows besides. A pipeline that came from
// elsewhere does not reach other files, neither by its paths nor through
// symbolic links.
type project struct {
	folders []string          // absolute, without symbolic links; the first is the project
	config  string            // the file that says what else may be read
	real    map[string]string // what folders are without symbolic links, by their paths
}

// projectOf finds the project of a pipeline file: the working tree of Git that it
// is in, or else its folder. What is allowed besides is in the configuration of
// its store.
func (h *Host) projectOf(file string) (*project, error) {
	store := h.StoreOf(file)
	c, err := readConfig(store)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	p := &project{folders: []string{workingTree(real)}, config: ConfigFile(store), real: map[string]string{}}
	for _, folder := range c.Files.Allow {
		// A folder that is not there holds nothing that could be read.
		if real, err := filepath.EvalSymlinks(folder); err == nil {
			p.folders = append(p.folders, real)
		}
	}
	return p, nil
}

// workingTree is the nearest folder at or above dir that holds .git, or else dir.
func workingTree(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// allows says why a file may not be read, nil if it may.
func (p *project) allows(file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	real, err := p.resolve(path)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(p.folders, func(folder string) bool { return isBelow(folder, real) }) {
		return nil
	}
	what := "is"
	if real != path {
		what = fmt.Sprintf("leads to %s,", diag.Visible(real))
	}
	return diag.WithHint(fmt.Errorf("%s outside of the project %s", what, diag.Visible(p.folders[0])), fmt.Sprintf(
		"copy it into the project, or allow its folder in %s: `files: {allow: [%s]}`", p.config, diag.Visible(filepath.Dir(real))))
}

// resolve is a path without symbolic links. Of a file that cannot be looked at,
// which is found when it is to be read, it resolves the folders.
func (p *project) resolve(path string) (string, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		real, err := filepath.EvalSymlinks(path)
		if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
			return "", diag.WithHint(fmt.Errorf("leads over a symbolic link that cannot be followed: %w", failed.Err),
				diag.Visible(failed.Path)+" is missing or cannot be read")
		}
		return real, err
	}
	dir := filepath.Dir(path)
	if dir == path {
		return path, nil
	}
	real, ok := p.real[dir]
	if !ok {
		var err error
		if real, err = p.resolve(dir); err != nil {
			return "", err
		}
		p.real[dir] = real
	}
	return filepath.Join(real, filepath.Base(path)), nil
}

// isBelow reports whether a path is in a folder, both without symbolic links.
func isBelow(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}
