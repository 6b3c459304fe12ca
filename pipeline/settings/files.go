package settings

import (
	"reflect"
	"strconv"
)

// A FileKind says what an external file is.
type FileKind string

// The kinds of external files, by the types of their settings.
const (
	OneFile  FileKind = "file"    // FilePath
	AllBelow FileKind = "folder"  // Folder
	Matching FileKind = "pattern" // Glob
)

var externals = map[class]FileKind{pathClass: OneFile, folderClass: AllBelow, globClass: Matching}

// A File is an external file, or several, that settings name.
type File struct {
	Name string // what it is called: "path", "files/scripts/clean.py"
	Path string // as written
	Kind FileKind
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
	case pathClass, folderClass, globClass:
		if v.Len() > 0 {
			*files = append(*files, File{name, v.String(), externals[c]})
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
