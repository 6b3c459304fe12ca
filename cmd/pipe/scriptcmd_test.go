package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// replace OLD NEW FILE replaces the only occurrence of a text in a file.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace OLD NEW FILE")
	}
	text := ts.ReadFile(args[2])
	if n := strings.Count(text, args[0]); n != 1 {
		ts.Fatalf("%s holds %q %d times, not once", args[2], args[0], n)
	}
	ts.Check(writeFile(ts.MkAbs(args[2]), strings.Replace(text, args[0], args[1], 1)))
}

// exitcode CODE COMMAND... runs a command and demands its exit code; output
// goes to the files stdout.txt and stderr.txt.
func exitCodeOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Check(writeFile(ts.MkAbs("stdout.txt"), ts.ReadFile("stdout")))
	ts.Check(writeFile(ts.MkAbs("stderr.txt"), ts.ReadFile("stderr")))
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// capture NAME REGEXP sets a variable to what the first group of a regular
// expression matches in the output of the last command.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// sha256of FILE NAME sets a variable to the hash of a file.
func sha256of(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sha256of FILE NAME")
	}
	ts.Setenv(args[1], fmt.Sprintf("%x", sha256.Sum256([]byte(ts.ReadFile(args[0])))))
}

// flip FILE changes one bit in the middle of a file.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	data := []byte(ts.ReadFile(args[0]))
	data[len(data)/2] ^= 1
	path := ts.MkAbs(args[0])
	ts.Check(os.Chmod(path, 0o644))
	ts.Check(os.WriteFile(path, data, 0o644))
	ts.Check(os.Chmod(path, 0o444))
}

// json FILE demands that a file holds JSON values.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: json FILE")
	}
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	n := 0
	for ; ; n++ {
		var v any
		if err := dec.Decode(&v); err == io.EOF {
			break
		} else if err != nil {
			ts.Fatalf("value %d: %v", n+1, err)
		}
	}
	if neg || n == 0 {
		ts.Fatalf("%d JSON values", n)
	}
}

// sameblobs STORE STORE demands that two stores hold the same artifacts.
func sameBlobs(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sameblobs STORE STORE")
	}
	a, b := blobs(ts, args[0]), blobs(ts, args[1])
	if len(a) == 0 {
		ts.Fatalf("%s holds no artifacts", args[0])
	}
	if same := slices.Equal(a, b); same == neg {
		ts.Fatalf("artifacts of %s and %s: same is %v\n%s\n\n%s", args[0], args[1], same, strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

func blobs(ts *testscript.TestScript, store string) []string {
	root := filepath.Join(ts.MkAbs(store), "objects")
	var names []string
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(path, root))
		}
		return err
	}))
	slices.Sort(names)
	return names
}

// spoil STORE flips a bit of the artifact whose hash the last command printed.
func spoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: spoil STORE")
	}
	words := strings.Fields(ts.ReadFile("stdout"))
	hash := words[len(words)-1]
	name := filepath.Join(ts.MkAbs(args[0]), "objects", hash[:2], hash[2:])
	text := []byte(ts.ReadFile(name))
	text[len(text)/2] ^= 1
	ts.Check(os.Chmod(name, 0o600))
	ts.Check(os.WriteFile(name, text, 0o600))
}

// serve FOLDER VARIABLE has a server with the files of a folder, until the end of the
// script, and sets a variable to its address. Below /private/ it demands the header
// Authorization: Bearer s3cret. What it is asked goes to the file FOLDER.log.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve FOLDER VARIABLE")
	}
	dir := ts.MkAbs(args[0])
	log, err := os.Create(dir + ".log")
	ts.Check(err)
	files := http.FileServer(http.Dir(dir))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(log, r.Method, r.URL.Path)
		if strings.HasPrefix(r.URL.Path, "/private/") && r.Header.Get("Authorization") != "Bearer s3cret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	ts.Defer(func() {
		s.Close()
		log.Close()
	})
	ts.Setenv(args[1], s.URL)
}
