package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// How somebody calls a program that `go run` built, from the top of the project.
const goRun = "go run ./cmd/pipe"

// asTyped puts into a hint the commands as they have to be typed here: pipe is on
// no PATH for those who typed `go run ./cmd/pipe`.
func (a *app) asTyped(text string) string {
	if !strings.Contains(text, "pipe ") || a.calledAs() == "pipe" {
		return text
	}
	return mention.ReplaceAllStringFunc(text, func(s string) string {
		before, command, _ := strings.Cut(s, "pipe ")
		if c, _, err := a.root().Find([]string{command}); err != nil || !c.HasParent() {
			return s // a word that is no command
		}
		return before + a.calledAs() + " " + command
	})
}

// mention is what may be a command in a text.
var mention = regexp.MustCompile("(^|[\\s(`'\"])pipe [a-z]+")

// builtByGoRun tells the programs that `go run` makes, which lie in a temporary
// folder or, under the hash of their content, in the build cache.
func builtByGoRun() bool {
	program, err := os.Executable()
	if err != nil {
		return false
	}
	if !goRunPath.MatchString(filepath.ToSlash(program)) {
		return false
	}
	_, err = os.Stat(filepath.Join("cmd", "pipe"))
	return err == nil
}

var goRunPath = regexp.MustCompile(`/(go-build[0-9]+/b[0-9]+/exe|[0-9a-f]{64}-d)/[^/]+$`)
