package xla

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

// source is the syntax of a package without its tests.
func source(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// operators are the exported types of package graph that say what shape they
// result in, by themselves or by what is embedded in them, and have a name.
func operators(t *testing.T) []string {
	t.Helper()
	has := map[string]map[string]bool{"Infer": {}, "Name": {}}
	embeds := map[string][]string{}
	for _, f := range source(t, "../graph") {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil || has[d.Name.Name] == nil {
					continue
				}
				if of, ok := d.Recv.List[0].Type.(*ast.Ident); ok {
					has[d.Name.Name][of.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					spec, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					embeds[spec.Name.Name] = nil
					fields, ok := spec.Type.(*ast.StructType)
					if !ok {
						continue
					}
					for _, field := range fields.Fields.List {
						if of, ok := field.Type.(*ast.Ident); ok && field.Names == nil {
							embeds[spec.Name.Name] = append(embeds[spec.Name.Name], of.Name)
						}
					}
				}
			}
		}
	}
	var method func(name, of string) bool
	method = func(name, of string) bool {
		return has[name][of] || slices.ContainsFunc(embeds[of], func(inner string) bool { return method(name, inner) })
	}
	const shared = "Descent" // of all optimisers, and none of them
	var list []string
	for _, name := range slices.Sorted(maps.Keys(embeds)) {
		if ast.IsExported(name) && name != shared && method("Infer", name) && method("Name", name) {
			list = append(list, name)
		}
	}
	return list
}

// recipes are the types of package graph that type switches of a package know.
func recipes(t *testing.T, dir string) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	for _, f := range source(t, dir) {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSwitchStmt)
			if !ok {
				return true
			}
			for _, c := range s.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					of, ok := e.(*ast.SelectorExpr)
					if !ok {
						continue
					}
					if pkg, ok := of.X.(*ast.Ident); ok && pkg.Name == "graph" {
						set[of.Sel.Name] = true
					}
				}
			}
			return true
		})
	}
	return set
}

// Functions and losses that are new are not taken for others.
func TestAFunctionHasARecipe(t *testing.T) {
	l := newLowering(&stablehlo.Func{}, stablehlo.F32)
	x := l.Arg(stablehlo.F32, false, 3)
	for _, f := range graph.Functions() {
		act := graph.Activation{Kind: f, Alpha: 0.3}
		same, straight := reflect.DeepEqual(l.activate(act, x), x), reflect.DeepEqual(l.slope(act, x), l.Like(1, x))
		if linear := f == graph.Linear; same != linear || straight != linear {
			t.Errorf("%s has no recipe: see activate, slope and slopeOfOutput", f)
		}
	}
	for _, kind := range graph.LossKinds() {
		g := graph.New()
		z, y, w := g.Param("z", 4, 2), g.Input("y", 4, 2), g.Input("w", 4)
		if kind == graph.SoftmaxCrossEntropy {
			y = g.Input("class", 4)
		}
		_, err := g.Grad(g.Loss(graph.Loss{Kind: kind}, z, y, w), z)
		if err := errors.Join(err, lowered(g)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if !slices.ContainsFunc(lossSpecs, func(o graph.Loss) bool { return o.Kind == kind }) {
			t.Errorf("%s is not tested", kind)
		}
	}
}

// Whatever operator a layer is made of, all backends can compute it. The CPU has no
// kernels for primitive operators, which are what fused ones mean.
func TestAnOperatorHasARecipeOnEachBackend(t *testing.T) {
	all := operators(t)
	for _, name := range []string{"Dense", "Attention", "Adam", "Map", "Dropout", "DropoutGrad"} {
		if !slices.Contains(all, name) {
			t.Errorf("%s is not found", name)
		}
	}
	ours, kernels, primitive := recipes(t, "."), recipes(t, "../cpu"), recipes(t, "../graph/reference")
	for _, name := range all {
		if !ours[name] {
			t.Errorf("graph.%s has no recipe here: lower it in the file of its family", name)
		}
		if !kernels[name] && !primitive[name] {
			t.Errorf("graph.%s has no kernels: lower it in package cpu", name)
		}
	}
}

// unknown is an operator that no backend has seen.
type unknown struct{ graph.Still }

func (unknown) Name() string { return "marvel" }

// What cannot be computed is an error that names layer and operator.
func TestNoRecipe(t *testing.T) {
	g := graph.New()
	g.Scope("magic")
	g.Apply(unknown{}, g.Param("x", 2))
	err := lowered(g)
	if want := "layer magic: marvel (xla.unknown) cannot be computed by XLA"; err == nil || err.Error() != want {
		t.Errorf("%v, not %s", err, want)
	}
}
