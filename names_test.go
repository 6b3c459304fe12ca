package pipe_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// described are the documents whose names of Go are looked up.
var described = []string{architecture, "docs/extending.md"}

var (
	// locals are what parameters of functions are called.
	locals   = []string{"env", "in", "out"}
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	goName   = regexp.MustCompile(`^([a-z][a-z0-9]*(?:/[a-z0-9]+)*)\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)?)$`)
	pathName = regexp.MustCompile(`^[\w.-]+(?:/[\w.-]+)+/?$`)
)

// The tutorials show code that tests run, and what is promised to be short is.
func TestTutorialsAreTheCode(t *testing.T) {
	text, err := os.ReadFile("docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		"data/feature/bins_test.go", "data/metric/specificity_test.go", "data/source/lines_test.go", "pipeline/pipelinetest/head_test.go",
	} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "```go\n"+string(code)+"```\n") {
			t.Errorf("docs/extending.md does not have the text of %s as one block of Go", file)
		}
		if n := strings.Count(string(code), "\n"); n >= 60 && strings.HasPrefix(file, "data/") {
			t.Errorf("%s has %d lines", file, n)
		}
	}
}

// What documents say about the code cannot go out of date unseen: `table.Writer` and
// `runner.Runner.Run` are declared, and `data/table` is there.
func TestNamesInDocumentsExist(t *testing.T) {
	var pkgs []string
	for _, p := range list(t) {
		pkgs = append(pkgs, strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "pipe"), "/"))
	}
	known := map[string][]string{} // names by package
	for _, document := range described {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			word := m[1]
			if exists(word) {
				continue
			}
			if strings.HasSuffix(word, ".go") {
				if !slices.ContainsFunc(pkgs, func(p string) bool { return exists(path.Join(p, word)) }) {
					t.Errorf("%s: there is no file %s", document, word)
				}
				continue
			}
			if pathName.MatchString(word) && !goName.MatchString(word) {
				t.Errorf("%s: there is no %s", document, word)
				continue
			}
			name := goName.FindStringSubmatch(word)
			if name == nil || slices.Contains(locals, name[1]) {
				continue
			}
			var in []string
			for _, p := range pkgs {
				if p == name[1] { // and not the end of another
					in = []string{p}
					break
				}
				if strings.HasSuffix(p, "/"+name[1]) {
					in = append(in, p)
				}
			}
			if len(in) != 1 {
				t.Errorf("%s: %s could be of %d packages: %v", document, word, len(in), in)
				continue
			}
			if known[in[0]] == nil {
				if known[in[0]], err = declared(in[0]); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Contains(known[in[0]], name[2]) {
				t.Errorf("%s: package %s has no %s", document, in[0], name[2])
			}
			found++
		}
		if found == 0 {
			t.Errorf("%s names nothing of Go", document)
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// declared lists what a package declares: names, and behind those of types
// their methods and fields.
func declared(pkg string) ([]string, error) {
	entries, err := os.ReadDir(pkg)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path.Join(pkg, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			names = append(names, declaredBy(d)...)
		}
	}
	return names, nil
}

func declaredBy(d ast.Decl) (names []string) {
	if fn, ok := d.(*ast.FuncDecl); ok {
		if fn.Recv == nil {
			return []string{fn.Name.Name}
		}
		return []string{typeName(fn.Recv.List[0].Type) + "." + fn.Name.Name}
	}
	for _, s := range d.(*ast.GenDecl).Specs {
		switch s := s.(type) {
		case *ast.ValueSpec:
			for _, n := range s.Names {
				names = append(names, n.Name)
			}
		case *ast.TypeSpec:
			names = append(names, s.Name.Name)
			var members *ast.FieldList
			switch of := s.Type.(type) {
			case *ast.StructType:
				members = of.Fields
			case *ast.InterfaceType:
				members = of.Methods
			default:
				continue
			}
			for _, m := range members.List {
				for _, n := range m.Names {
					names = append(names, s.Name.Name+"."+n.Name)
				}
			}
		}
	}
	return names
}

// typeName is the name of the type of a receiver.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
