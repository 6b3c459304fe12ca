package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A result is what was measured of a variant.
type result struct {
	Case      string             `json:"case"`
	Precision string             `json:"precision"`
	Speed     map[string]speed   `json:"speed,omitempty"` // by program
	Looking   float64            `json:"looking,omitempty"`
	Losses    []float64          `json:"losses,omitempty"` // in this precision
	Peers     map[string]loading `json:"peers,omitempty"`

	// Seconds until a first step is done: its program compiled; from the cache; and
	// that from the start of the process on.
	Compile              float64 `json:"compile,omitempty"`
	CompileDeterministic float64 `json:"compile_deterministic,omitempty"`
	Ready                float64 `json:"ready,omitempty"`
	Start                float64 `json:"start,omitempty"`

	Predicted int64 `json:"predicted,omitempty"` // bytes
	Peak      int64 `json:"peak,omitempty"`

	// Whether two runs, and two compilations, left the same parameters.
	SameRuns         bool     `json:"same_runs"`
	SameCompilations bool     `json:"same_compilations"`
	Hash             string   `json:"hash,omitempty"`
	Failures         []string `json:"failures,omitempty"`
}

// A speed is milliseconds of a step.
type speed struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Steps  int     `json:"steps"`
}

// A loading is what a peer says of its first steps.
type loading struct {
	Seconds float64   `json:"seconds"`
	Losses  []float64 `json:"losses"`
	Peak    int64     `json:"peak,omitempty"`
}

// A feed is a step with data on the device and from the host.
type feed struct {
	Case      string  `json:"case"`
	Precision string  `json:"precision"`
	Bytes     int     `json:"bytes"` // of a batch
	Resident  float64 `json:"resident"`
	Fed       float64 `json:"fed"`
}

// A report writes lines of JSON as results come, and tables for people at the end.
type report struct {
	out       string
	rehearsal bool
	begun     time.Time
	mu        sync.Mutex
	file      *os.File
	machines  map[string]answer
	results   []result
	feeds     []feed
	checks    []string
	notes     []string
}

func newReport(out string, rehearsal bool) (*report, error) {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(out, "results.jsonl"))
	return &report{out: out, rehearsal: rehearsal, begun: time.Now(), file: f, machines: map[string]answer{}}, err
}

func (r *report) close() error { return r.file.Close() }

// line adds a line to the results and says on the terminal that it is there.
func (r *report) line(kind string, v any, text string) {
	fmt.Printf("%5.0f s  %s\n", time.Since(r.begun).Seconds(), text)
	data, err := json.Marshal(map[string]any{kind: v})
	if err == nil {
		_, err = r.file.Write(append(data, '\n'))
	}
	if err != nil {
		fmt.Println("the results are not written:", err)
	}
}

func (r *report) machine(a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, ok := r.machines[a.Program]; ok && (was.Device != "" || a.Device == "") {
		return
	}
	r.machines[a.Program] = a
	r.line("machine", a, fmt.Sprintf("%s: %s %s", a.Program, a.Device, versions(a.About)))
}

func versions(about map[string]string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(about)) {
		if version := strings.TrimSpace(about[name]); version != "" {
			words = append(words, name+" "+version)
		}
	}
	return strings.Join(words, ", ")
}

func (r *report) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	r.notes = append(r.notes, text)
	r.line("note", text, text)
}

func (r *report) losses(n *network, pipe, torch []float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := 0.0
	for i := range min(len(pipe), len(torch)) {
		most = max(most, abs(pipe[i]-torch[i])/(1+abs(torch[i])))
	}
	text := fmt.Sprintf("%s: the losses of %d steps differ by %.1e at most", n.Name, len(pipe), most)
	r.checks = append(r.checks, text)
	r.line("losses", map[string]any{"case": n.Name, "pipe": pipe, "torch": torch}, text)
}

func abs(x float64) float64 { return max(x, -x) }

func (r *report) add(v result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, v)
	text := v.Case + " " + v.Precision + ":"
	for _, name := range programs {
		if s, ok := v.Speed[name]; ok {
			text += fmt.Sprintf(" %s %.3f ms", name, s.Median)
		}
	}
	r.line("result", v, strings.Join(append([]string{text}, v.Failures...), "; "))
}

func (r *report) feed(f feed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.feeds = append(r.feeds, f)
	r.line("feed", f, fmt.Sprintf("%s %s: data on the device %.3f ms, from the host %.3f ms", f.Case, f.Precision, f.Resident, f.Fed))
}

// failed says whether a variant has no result.
func (r *report) failed(v variant) bool {
	return !slices.ContainsFunc(r.results, func(x result) bool { return x.Case == v.Name && x.Speed["deterministic"].Median > 0 })
}

// programs are those that are compared, in the order of columns.
var programs = []string{"pipe", "deterministic", "compile", "eager", "jax"}

// table prints everything for people, and keeps it in table.md.
func (r *report) table() {
	text := r.text()
	fmt.Print("\n", text)
	if err := os.WriteFile(filepath.Join(r.out, "table.md"), []byte(text), 0o666); err != nil {
		r.note("the table is not written: %v", err)
	}
}

func (r *report) text() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if r.rehearsal {
		say("A REHEARSAL with small networks on a processor: these times mean nothing.\n")
	}
	for _, name := range slices.Sorted(maps.Keys(r.machines)) {
		m := r.machines[name]
		say("- %s: %s, %s", name, m.Device, versions(m.About))
	}
	say("\nMilliseconds of a step, medians of turns. Ratios above 1 are in favour of pipe.\n")
	say("| case | precision | pipe | deterministic | torch compile | torch eager | jax | compile / pipe | compile / deterministic | looking at each loss |")
	say("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, v := range r.results {
		cell := func(name string) string { return number(v.Speed[name].Median, "%.3f") }
		ratio := func(name string) string {
			if v.Speed[name].Median == 0 {
				return ""
			}
			return number(v.Speed["compile"].Median/v.Speed[name].Median, "%.2f")
		}
		say("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |", v.Case, v.Precision, cell("pipe"), cell("deterministic"), cell("compile"), cell("eager"), cell("jax"),
			ratio("pipe"), ratio("deterministic"), number(v.Looking, "%.3f"))
	}
	say("\nSeconds until a first step is done: its program compiled, deterministic or not, or from the cache; and that from the start of the process on. Memory. Bits, deterministic.\n")
	say("| case | precision | compiled | deterministic | from the cache | start from the cache | predicted MB | peak MB | predicted / peak | same bits: two runs | two compilations |")
	say("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |")
	for _, v := range r.results {
		ratio := ""
		if v.Peak > 0 {
			ratio = number(float64(v.Predicted)/float64(v.Peak), "%.3f")
		}
		say("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %v | %v |", v.Case, v.Precision, number(v.Compile, "%.1f"), number(v.CompileDeterministic, "%.1f"),
			number(v.Ready, "%.2f"), number(v.Start, "%.2f"), number(float64(v.Predicted)/1e6, "%.1f"), number(float64(v.Peak)/1e6, "%.1f"), ratio, v.SameRuns, v.SameCompilations)
	}
	if len(r.feeds) > 0 {
		say("\nMilliseconds of a deterministic step with data on the device and fed from the host.\n")
		say("| case | precision | MB of a batch | on the device | from the host |")
		say("| --- | --- | ---: | ---: | ---: |")
		for _, f := range r.feeds {
			say("| %s | %s | %.2f | %.3f | %.3f |", f.Case, f.Precision, float64(f.Bytes)/1e6, f.Resident, f.Fed)
		}
	}
	lists := slices.Concat(r.checks, r.notes)
	for _, v := range r.results {
		for _, f := range v.Failures {
			lists = append(lists, fmt.Sprintf("%s %s: %s", v.Case, v.Precision, f))
		}
	}
	say("")
	for _, text := range lists {
		say("- %s", text)
	}
	return b.String()
}

// number is empty if there is none.
func number(v float64, format string) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}
