// Command layout writes what C knows of Go: args.h, the arguments of kernels with
// the offsets that the C compiler has to agree to, and ops.h, the list of kernels.
// It needs no C itself, so that it runs when kernels do not compile because of
// what it is about to write:
//
//	go run ./nn/cpu/kernel/layout nn/cpu/kernel
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"log"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: layout FOLDER")
	}
	made, err := headers(os.Args[1])
	for name, text := range made {
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], name), text, 0o666)
		}
	}
	if err != nil {
		log.Fatal("layout: ", err)
	}
}

// headers are the files for the package in a folder, by their names.
func headers(dir string) (map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	args, err := argsOf(set, files)
	return map[string][]byte{"args.h": args, "ops.h": opsOf(files)}, err
}

// argsOf is args.h: the structs that are called Args, and those that these are
// made of, which come first.
func argsOf(set *token.FileSet, files []*ast.File) ([]byte, error) {
	// What imports are is of no interest: the structs are made of nothing of them.
	config := types.Config{FakeImportC: true, Error: func(error) {}, Sizes: types.SizesFor("gc", "amd64")}
	pkg, _ := config.Check("kernel", set, files, nil)
	w := &writer{sizes: config.Sizes, written: map[string]bool{}}
	w.WriteString("// The arguments of kernels. Made by layout of the structs in Go; do not edit.\n#ifndef PIPE_ARGS_H\n#define PIPE_ARGS_H\n")
	for _, name := range pkg.Scope().Names() {
		if !strings.HasSuffix(name, "Args") && name != "Span" {
			continue
		}
		if s, ok := pkg.Scope().Lookup(name).Type().Underlying().(*types.Struct); ok {
			if err := w.structOf(name, s); err != nil {
				return nil, err
			}
		}
	}
	fmt.Fprintf(w, "\n#define ARGS_WORDS %d\n#define ARGS_MEMBERS%s\n#endif\n", w.words, strings.Join(w.members, ""))
	return w.Bytes(), nil
}

// opsOf is ops.h: the kernels that constants Op = C.OP_name declare.
func opsOf(files []*ast.File) []byte {
	var b bytes.Buffer
	b.WriteString("// The list of kernels, included with OP(name) defined. Made by layout of the constants in Go; do not edit.\n")
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if typ, ok := v.Type.(*ast.Ident); !ok || typ.Name != "Op" || len(v.Values) != 1 {
					continue
				}
				if c, ok := v.Values[0].(*ast.SelectorExpr); ok {
					fmt.Fprintf(&b, "OP(%s)\n", strings.TrimPrefix(c.Sel.Name, "OP_"))
				}
			}
		}
	}
	return b.Bytes()
}

type writer struct {
	bytes.Buffer
	sizes   types.Sizes
	written map[string]bool
	words   int64
	members []string
}

// structOf writes a struct, with those that it embeds in their place.
func (w *writer) structOf(goName string, s *types.Struct) error {
	if w.written[goName] {
		return nil
	}
	w.written[goName] = true
	w.words = max(w.words, (w.sizes.Sizeof(s)+7)/8)
	name := snake(strings.TrimSuffix(goName, "Args"))
	var fields, checks strings.Builder
	var walk func(s *types.Struct, at int64) error
	walk = func(s *types.Struct, at int64) error {
		var vars []*types.Var
		for f := range s.Fields() {
			vars = append(vars, f)
		}
		offsets := w.sizes.Offsetsof(vars)
		for i, f := range vars {
			if f.Embedded() {
				if err := walk(f.Type().Underlying().(*types.Struct), at+offsets[i]); err != nil {
					return err
				}
				continue
			}
			typ, dims := f.Type(), ""
			if a, ok := typ.Underlying().(*types.Array); ok {
				typ, dims = a.Elem(), fmt.Sprintf("[%d]", a.Len())
			}
			if s, ok := typ.Underlying().(*types.Struct); ok {
				if err := w.structOf(typ.(*types.Named).Obj().Name(), s); err != nil {
					return err
				}
			}
			c, err := typeInC(typ)
			if err != nil {
				return fmt.Errorf("%s.%s: %w", goName, f.Name(), err)
			}
			fmt.Fprintf(&fields, "  %s %s%s;\n", c, snake(f.Name()), dims)
			fmt.Fprintf(&checks, "_Static_assert(offsetof(%s_args, %s) == %d, \"layout\");\n", name, snake(f.Name()), at+offsets[i])
		}
		return nil
	}
	if err := walk(s, 0); err != nil {
		return err
	}
	fmt.Fprintf(w, "\ntypedef struct {\n%s} %s_args;\n%s_Static_assert(sizeof(%s_args) == %d, \"layout\");\n",
		fields.String(), name, checks.String(), name, w.sizes.Sizeof(s))
	w.members = append(w.members, fmt.Sprintf(" \\\n  %s_args %s;", name, name))
	return nil
}

func typeInC(typ types.Type) (string, error) {
	switch t := typ.Underlying().(type) {
	case *types.Basic:
		if c, ok := map[types.BasicKind]string{types.Int64: "int64_t", types.Uint64: "uint64_t", types.Int32: "int32_t",
			types.Uint32: "uint32_t", types.Float32: "float", types.Bool: "bool"}[t.Kind()]; ok {
			return c, nil
		}
	case *types.Struct:
		return snake(typ.(*types.Named).Obj().Name()) + "_args", nil
	}
	return "", fmt.Errorf("%v has no twin in C", typ)
}

// snake is a name of Go as C writes it: RowStride is row_stride, IDLengths
// id_lengths, RMSNorm rms_norm.
func snake(name string) string {
	r := []rune(strings.NewReplacer("IDs", "Ids", "RMSprop", "Rmsprop").Replace(name))
	if strings.ToUpper(name) == name {
		return strings.ToLower(name)
	}
	var b strings.Builder
	for i, c := range r {
		if i > 0 && unicode.IsUpper(c) && (!unicode.IsUpper(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
