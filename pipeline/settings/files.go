package settings

import (
	"reflect"
	"strconv"
	"strings"

	"pipe/base/address"
	"pipe/base/glob"
)

// A FileKind says what an external file is.
type FileKind string

// The kinds of external files, by the types of their settings.
const (
	OneFile  FileKind = "file"    // FilePath, Paths
	AllBelow FileKind = "folder"  // Folder
	Matching FileKind = "pattern" // Glob, Paths
	OnServer FileKind = "address" // Paths
)

// fileOf says what a text names in a setting of a class.
func fileOf(name string, c class, text string) File {
	f := File{Name: name, Path: text, Kind: OneFile, Several: c == pathsClass}
	switch {
	case c == folderClass:
		f.Kind = AllBelow
	case c == globClass:
		f.Kind, f.Pattern = Matching, text
	case c == pathsClass && address.Is(text):
		f.Kind = OnServer
	case c == pathsClass && Paths(text).pattern() != "":
		f.Kind, f.Pattern = Matching, Paths(text).pattern()
	}
	return f
}

// pattern is what selects the files that are named, if not one is.
func (p Paths) pattern() string {
	switch {
	case address.Is(string(p)):
		return ""
	case strings.ContainsAny(string(p), "*?"):
		return string(p)
	case strings.HasSuffix(string(p), "/"):
		return string(p) + "**/*"
	}
	return ""
}

// Folder is where the files are that are named, if not one is: the folder, or what
// a pattern names in full.
func (p Paths) Folder() (folder string, several bool) {
	pattern := p.pattern()
	if pattern == "" {
		return "", false
	}
	g, err := glob.Parse(pattern)
	if err != nil {
		return "", false // and decoding has refused it
	}
	return g.Folder, true
}

// A File is an external file, or several, that settings name.
type File struct {
	Name    string // what it is called: "path", "files/scripts/clean.py"
	Path    string // as written; what of an address may be shown says package address
	Kind    FileKind
	Pattern string // that selects them, if Kind is Matching
	Several bool   // the setting could name several: it is one of Paths
}

// Files lists the external files of decoded settings, in the order of the
// settings. The name of a file is that of its setting; in a list or a Map that
// of the setting, a slash, and the cleaned path or the key. Names of settings
// inside settings are joined by dots, with indexes and keys of lists and Maps of
// structs between them.
func Files(v any) []File {
	var files []File
	collectFiles(reflect.ValueOf(v), "", &files)
	return files
}

func collectFiles(v reflect.Value, name string, files *[]File) {
	switch c := classOf(v.Type()); c {
	case pathClass, folderClass, globClass, pathsClass:
		if v.Len() > 0 {
			*files = append(*files, fileOf(name, c, v.String()))
		}
	case optionalClass:
		if !v.IsNil() {
			collectFiles(v.Elem(), name, files)
		}
	case listClass, mapClass:
		for i := range v.Len() {
			entry, name := entryOf(v, i, name)
			collectFiles(entry, name, files)
		}
	case structClass, choiceClass:
		for m, inner := range members(v) {
			collectFiles(inner, joinName(name, m.name), files)
		}
	}
}

// entryOf is an entry of the list or Map v, and what it is called.
func entryOf(v reflect.Value, i int, name string) (reflect.Value, string) {
	entry, key := v.Index(i), strconv.Itoa(i)
	if classOf(v.Type()) == mapClass {
		key, entry = entry.Field(0).String(), entry.Field(1)
	} else if isExternal(entry.Type()) {
		key = cleanPath(entry.String())
	}
	if isExternal(entry.Type()) {
		return entry, name + "/" + key
	}
	return entry, name + "." + key
}

func joinName(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "." + inner
}
