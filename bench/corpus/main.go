// Command corpus reads the CSV files that public Python packages bring along, and says
// of each what pipe, pyarrow and DuckDB make of it:
//
//	bench/corpus/peers.sh /tmp/peers
//	go run ./bench/corpus -python /tmp/peers/bin/python [FOLDER...]
//
// Values are compared as text. A file is equal, if those that read it agree; refused with its
// line; or different, for a reason that known.tsv gives. It fails if a file differs for none.
// Of a refused file the settings are tried that people would, and the first is named that helps.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"slices"
	"strings"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/csv"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

//go:embed peer.py
var peer string

// known lists files whose differences are right, by the end of their path.
//
//go:embed known.tsv
var known string

// attempts are the settings that are tried in turn.
func attempts() []string {
	list := []string{"{quotes: lenient}", `{escape: "\\"}`, "{encoding: windows-1252}", `{comment: "#"}`, "{trailing_delimiter: true}", "{empty: allow}"}
	for n := range 20 {
		list = append(list, fmt.Sprintf("{skip: %d, header: auto}", n+1))
	}
	return append(list, "{rows: pad}", "{rows: skip}", "{rows: skip, encoding: windows-1252}")
}

// read is what a reader makes of a file.
type read struct {
	Columns int      `json:"columns"`
	Rows    int64    `json:"rows"`
	Hashes  []string `json:"hashes"` // of the values of each column
	Error   string   `json:"error"`
}

type answers struct {
	Path    string `json:"path"`
	Pyarrow read   `json:"pyarrow"`
	DuckDB  read   `json:"DuckDB"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("corpus: ")
	python := flag.String("python", "", "the Python of the environment that peers.sh made")
	flag.Parse()
	if *python == "" {
		log.Fatal("-python is missing: run bench/corpus/peers.sh DIR, and give DIR/bin/python")
	}
	if err := run(context.Background(), *python, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, python string, folders []string) error {
	cmd := exec.CommandContext(ctx, python, append([]string{"-c", peer}, folders...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	counts := map[string]int{}
	var lines []string
	undocumented := 0
	in := bufio.NewScanner(out)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var a answers
		if err := json.Unmarshal(in.Bytes(), &a); err != nil {
			return err
		}
		outcome, detail := judge(ctx, &a)
		if outcome == different {
			if why := documented(a.Path); why != "" {
				outcome, detail = "documented difference", detail+": "+why
			} else {
				undocumented++
			}
		}
		counts[outcome]++
		if detail != "" {
			lines = append(lines, fmt.Sprintf("| %s | %s | %s |", short(a.Path), outcome, strings.ReplaceAll(detail, "|", `\|`)))
		}
	}
	if err := cmp.Or(in.Err(), cmd.Wait()); err != nil {
		return err
	}
	fmt.Print("| outcome | files |\n|---|---:|\n")
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Printf("| %s | %d |\n", name, counts[name])
	}
	fmt.Print("\n| file | outcome | |\n|---|---|---|\n", strings.Join(lines, "\n"), "\n")
	if undocumented > 0 {
		return fmt.Errorf("%d files are read otherwise than by others, and known.tsv does not say why", undocumented)
	}
	return nil
}

const different = "different"

// judge compares what the readers make of a file.
func judge(ctx context.Context, a *answers) (outcome, detail string) {
	got, err := readFile(ctx, a.Path, "{}")
	others := ""
	for _, p := range []struct {
		name string
		read
	}{{"pyarrow", a.Pyarrow}, {"DuckDB", a.DuckDB}} {
		verb := "refuses"
		switch {
		case p.Error != "":
		case err != nil:
			verb = "reads"
		default:
			if verb = difference(got, p.read); verb == "" {
				continue
			}
			outcome = different
		}
		others += fmt.Sprintf(", %s %s", p.name, verb)
	}
	others = strings.TrimPrefix(others, ", ")
	if err == nil {
		return cmp.Or(outcome, "equal"), others
	}
	message, _, _ := strings.Cut(strings.ReplaceAll(err.Error(), a.Path, ""), "\n")
	detail = strings.TrimPrefix(message, ":") + "; " + others
	for _, s := range attempts() {
		if _, err := readFile(ctx, a.Path, s); err == nil {
			return "refused, read with settings", detail + "; read with " + s
		}
	}
	return "refused", detail
}

// difference says in what a reader differs, "" if it does not.
func difference(got, other read) string {
	switch {
	case got.Columns != other.Columns:
		return fmt.Sprintf("has %d columns, not %d", other.Columns, got.Columns)
	case got.Rows != other.Rows:
		return fmt.Sprintf("has %d rows, not %d", other.Rows, got.Rows)
	}
	for i := range got.Hashes {
		if got.Hashes[i] != other.Hashes[i] {
			return fmt.Sprintf("has other values in column %d", i+1)
		}
	}
	return ""
}

// readFile reads a file as text.
func readFile(ctx context.Context, path, with string) (read, error) {
	file, err := os.Open(path)
	if err != nil {
		return read{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return read{}, err
	}
	var reader struct {
		csv.Reader
		Empty string `yaml:"empty"`
	}
	if err := settings.DecodeFile("settings", []byte(with), &reader); err != nil {
		return read{}, err
	}
	rows, err := reader.Open(ctx, source.Inputs{
		Files: []*source.File{{ReaderAt: file, Size: info.Size(), Name: path}},
		// Where types are given nothing is inferred, and other columns are text.
		Contract: cell.Contract{Expected: []cell.Typed{{Name: "\x00", Type: cell.String}}},
		Empty:    reader.Empty == "allow",
		Threads:  2,
	})
	if err != nil {
		return read{}, err
	}
	defer rows.Close()
	var out bytes.Buffer
	written, err := source.Write(ctx, &out, rows)
	if err != nil {
		return read{}, err
	}
	t, err := table.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		return read{}, err
	}
	defer t.Close()
	all, err := table.ReadAll(t)
	if err != nil {
		return read{}, err
	}
	defer all.Release()
	got := read{Columns: t.Schema().NumFields(), Rows: written.Rows}
	for _, c := range all.Columns() {
		texts, _, err := table.Texts(c)
		if err != nil {
			return read{}, err
		}
		h := sha256.New()
		for _, text := range texts {
			h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
			h.Write([]byte(text))
		}
		got.Hashes = append(got.Hashes, hex.EncodeToString(h.Sum(nil)))
	}
	if len(got.Hashes) != got.Columns {
		return read{}, errors.New("a column is lost")
	}
	return got, nil
}

// documented is why a file is read otherwise.
func documented(path string) string {
	for line := range strings.Lines(known) {
		if end, why, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && strings.HasSuffix(path, "/"+end) {
			return why
		}
	}
	return ""
}

// short is the path within the packages.
func short(path string) string {
	if _, after, ok := strings.Cut(path, "site-packages/"); ok {
		return after
	}
	return path
}
