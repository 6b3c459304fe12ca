package pipe_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the picture in docs/architecture.md")

const architecture = "docs/architecture.md"

// The picture in docs/architecture.md is that of the imports.
func TestPictureIsFresh(t *testing.T) {
	text, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "```mermaid\n", "```\n"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no picture", architecture)
	}
	got := before + begin + picture(list(t)) + end + after
	if *update {
		if err := os.WriteFile(architecture, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(text) {
		t.Errorf("the picture in %s is stale; renew it with: go test . -run TestPictureIsFresh -update", architecture)
	}
}

// picture draws the packages in boxes by their top folder. An import that
// follows from others is left out. So are packages of base, which all may import,
// and those that only tests and measurements use.
func picture(pkgs []goPackage) string {
	used := map[string]bool{"cmd/pipe": true}
	imports := map[string][]string{}
	for _, p := range pkgs {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "pipe"), "/")
		if matchAny([]string{"base/...", "bench/..."}, name) {
			continue
		}
		imports[name] = []string{}
		for _, imp := range p.Imports {
			if dep, ok := strings.CutPrefix(imp, "pipe/"); ok && !match("base/...", dep) {
				imports[name], used[dep] = append(imports[name], dep), true
			}
		}
	}
	maps.DeleteFunc(imports, func(name string, _ []string) bool { return !used[name] })
	names := slices.Sorted(maps.Keys(imports))
	boxes := map[string][]string{}
	for _, name := range names {
		boxes[topOf(name)] = append(boxes[topOf(name)], name)
	}
	b := bytes.NewBufferString("flowchart TD\n")
	for _, top := range slices.Sorted(maps.Keys(boxes)) {
		inside := boxes[top]
		if len(inside) == 1 {
			fmt.Fprintf(b, "  %s[%s]\n", id(inside[0]), inside[0])
			continue
		}
		fmt.Fprintf(b, "  subgraph %s[%s]\n", box(top), top)
		for _, name := range inside {
			fmt.Fprintf(b, "    %s[%s]\n", id(name), strings.TrimPrefix(name, top+"/"))
		}
		b.WriteString("  end\n")
	}
	arrows := map[string][]string{}
	for _, name := range names {
		for _, dep := range imports[name] {
			if slices.ContainsFunc(imports[name], func(other string) bool { return other != dep && reaches(imports, other, dep) }) {
				continue
			}
			from, inside := id(name), boxes[topOf(name)]
			if topOf(dep) != topOf(name) && len(inside) > 1 && all(inside, func(p string) bool { return reaches(imports, p, dep) }) {
				from = box(topOf(name))
			}
			if !slices.Contains(arrows[from], id(dep)) {
				arrows[from] = append(arrows[from], id(dep))
			}
		}
	}
	for _, from := range slices.Sorted(maps.Keys(arrows)) {
		slices.Sort(arrows[from])
		fmt.Fprintf(b, "  %s --> %s\n", from, strings.Join(arrows[from], " & "))
	}
	return b.String()
}

func box(top string) string { return top + "_box" }

func all(names []string, holds func(string) bool) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !holds(n) })
}

func topOf(name string) string {
	top, _, _ := strings.Cut(name, "/")
	return top
}

func id(name string) string { return strings.ReplaceAll(name, "/", "_") }

func reaches(imports map[string][]string, from, to string) bool {
	return slices.ContainsFunc(imports[from], func(dep string) bool { return dep == to || reaches(imports, dep, to) })
}
