package exec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"pipe/base/diag"
	"pipe/base/infile"
)

// missingHint says what to do about a program that is named by a path and is not
// there, or cannot be executed.
func missingHint(name string) string {
	const venv = "activate its environment before you start pipe, which passes PATH on, and name the program without a folder"
	switch {
	case filepath.IsAbs(name):
		return "install it there, or name it without a folder, to be found in PATH"
	case strings.HasPrefix(filepath.ToSlash(filepath.Clean(name)), "../"), strings.Contains(filepath.ToSlash(name), "/bin/"):
		// Nobody lists a virtual environment in files.
		return "the command runs in an empty folder of its own: write the whole path of the program, or " + venv
	default:
		return "the command runs in an empty folder of its own: a script of yours must be listed in files"
	}
}

// scriptHint adds to the error of a command what is wrong with its scripts. The
// system and the shells say it so that nobody understands: that the script, which
// is there, does not exist.
func (c command) scriptHint(err error, program string) error {
	for _, name := range c.scripts {
		if line := firstLine(filepath.Join(c.dir, name)); strings.HasPrefix(line, "#!") && strings.HasSuffix(line, "\r") {
			return diag.WithHint(err, fmt.Sprintf("%s has the line ends of Windows (CRLF), which shells cannot read: save it with LF, for example sed -i 's/\\r$//' %s",
				filepath.ToSlash(name), filepath.ToSlash(name)))
		}
	}
	line := firstLine(program)
	switch interpreter, script := strings.CutPrefix(line, "#!"); {
	case script && errors.Is(err, fs.ErrNotExist):
		interpreter, _, _ = strings.Cut(strings.TrimSpace(interpreter), " ")
		return diag.WithHint(err, fmt.Sprintf("its first line names the interpreter %s, which is not there", diag.Visible(interpreter)))
	case !script && errors.Is(err, syscall.ENOEXEC):
		return diag.WithHint(err, "begin the script with a line such as #!/bin/sh, or write command: [sh, SCRIPT]; a program must be built for this machine")
	}
	return err
}

// firstLine is the first line of a file without its end, as far as it matters.
func firstLine(path string) string {
	f, err := infile.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	start := make([]byte, 256) // more than the system reads
	n, _ := io.ReadFull(f, start)
	line, _, _ := bytes.Cut(start[:n], []byte("\n"))
	return string(line)
}
