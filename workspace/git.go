package workspace

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"pipe/base/infile"
	"pipe/lineage"
)

// A checkout is the working tree of Git that a pipeline file is in.
type checkout struct {
	root    string   // empty: there is none
	dir     string   // where Git keeps what belongs to the tree
	environ []string // of Git
}

// checkoutOf looks for the working tree of a file. It reads a few small files
// and starts no process, so that a run with nothing to do takes no longer.
func (h *Host) checkoutOf(file string) checkout {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return checkout{}
	}
	root := workingTree(dir)
	git := filepath.Join(root, ".git")
	info, err := os.Stat(git)
	if err != nil {
		return checkout{}
	}
	if !info.IsDir() { // of a further working tree, or of a submodule
		text, ok := strings.CutPrefix(gitFile(git), "gitdir: ")
		if !ok {
			return checkout{}
		}
		if git = text; !filepath.IsAbs(git) {
			git = filepath.Join(root, git)
		}
	}
	return checkout{root, git, h.Environ}
}

// maxGitFile bounds a file of Git that is read: refs that were packed are the
// longest.
const maxGitFile = 8 << 20

// gitFile reads a file of Git; it is empty if that cannot be read.
func gitFile(path string) string {
	text, err := infile.ReadAll(path, maxGitFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

var commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// commit is the hash of what is checked out; empty if it cannot be read.
func (c checkout) commit() string {
	if c.root == "" {
		return ""
	}
	head := gitFile(filepath.Join(c.dir, "HEAD"))
	ref, symbolic := strings.CutPrefix(head, "ref: ")
	if symbolic {
		head = c.resolve(ref)
	}
	if !commitForm.MatchString(head) {
		return ""
	}
	return head
}

// resolve looks up a ref, which all working trees of a repository share.
func (c checkout) resolve(ref string) string {
	if !strings.HasPrefix(ref, "refs/") || !filepath.IsLocal(filepath.FromSlash(ref)) {
		return ""
	}
	shared := c.dir
	if common := gitFile(filepath.Join(c.dir, "commondir")); common != "" {
		if shared = common; !filepath.IsAbs(common) {
			shared = filepath.Join(c.dir, common)
		}
	}
	for _, dir := range []string{c.dir, shared} {
		if hash := gitFile(filepath.Join(dir, filepath.FromSlash(ref))); hash != "" {
			return hash
		}
	}
	for line := range strings.Lines(gitFile(filepath.Join(shared, "packed-refs"))) {
		if hash, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == ref {
			return hash
		}
	}
	return ""
}

// gitPatience is how long Git may look for changes. In a very large tree it
// takes longer, and then it is not known whether there are any.
const gitPatience = 5 * time.Second

// status asks Git whether a file was changed or is new. Nothing is known if there
// is no Git, or if it takes too long.
func (c checkout) status(ctx context.Context) lineage.Git {
	found := lineage.Git{Commit: c.commit()}
	if c.root == "" {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	// What a repository brings along must not name a program that is started here.
	cmd := exec.CommandContext(ctx, "git", "-C", c.root, "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch")
	cmd.Env = slices.DeleteFunc(slices.Clone(c.environ), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	cmd.Env = append(cmd.Env, "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil || cmd.Start() != nil {
		return found
	}
	clean, commit := true, ""
	lines := bufio.NewScanner(out)
	for clean && lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "# branch.oid "); ok && commitForm.MatchString(text) {
			commit = text
		}
		clean = strings.HasPrefix(lines.Text(), "#")
	}
	if !clean {
		cancel() // one change is enough
		_ = cmd.Wait()
		found.Clean = &clean
		return found
	}
	if cmd.Wait() != nil || lines.Err() != nil {
		return found
	}
	if found.Commit == "" {
		found.Commit = commit
	}
	found.Clean = &clean
	return found
}
