package pipeline

import (
	"reflect"
	"strconv"
)

// A FileRef is an external file that a configuration names.
type FileRef struct {
	Port string // what Env.Open calls it: "path", "files/scripts/clean.py"
	Path string // as written
}

// filePaths lists the external files of a decoded configuration, in the order
// of the settings. The port of a file is the name of its setting; in a list or
// a Map that of the setting, a slash, and the cleaned path or the key. Names
// of settings inside settings are joined by dots, with indexes and keys of
// lists and Maps of structs between them.
func filePaths(v any) []FileRef {
	var refs []FileRef
	collectPaths(reflect.ValueOf(v), "", &refs)
	return refs
}

// FilePaths lists the external files that a decoded stage names, each with the
// port by which the stage reads it.
func FilePaths(s Stage) []FileRef { return filePaths(s) }

func collectPaths(v reflect.Value, name string, refs *[]FileRef) {
	switch classOf(v.Type()) {
	case pathClass:
		if v.Len() > 0 {
			*refs = append(*refs, FileRef{name, v.String()})
		}
	case optionalClass:
		if !v.IsNil() {
			collectPaths(v.Elem(), name, refs)
		}
	case listClass:
		for i := range v.Len() {
			if p, ok := v.Index(i).Interface().(FilePath); ok {
				collectPaths(v.Index(i), name+"/"+cleanPath(p), refs)
				continue
			}
			collectPaths(v.Index(i), name+"."+strconv.Itoa(i), refs)
		}
	case mapClass:
		separator := "."
		if isPath(entryElem(v.Type())) {
			separator = "/"
		}
		for i := range v.Len() {
			entry := v.Index(i)
			collectPaths(entry.Field(1), name+separator+entry.Field(0).String(), refs)
		}
	case structClass, choiceClass:
		for i := range v.NumField() {
			if sf := v.Type().Field(i); sf.IsExported() && sf.Type != oneOfType {
				collectPaths(v.Field(i), joinName(name, sf.Tag.Get("yaml")), refs)
			}
		}
	}
}

func joinName(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "." + inner
}
