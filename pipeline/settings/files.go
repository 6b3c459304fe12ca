package settings

import (
	"reflect"
	"strconv"
)

// A File is an external file that settings name.
type File struct {
	Name string // what it is called: "path", "files/scripts/clean.py"
	Path string // as written
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
	switch classOf(v.Type()) {
	case pathClass:
		if v.Len() > 0 {
			*files = append(*files, File{name, v.String()})
		}
	case optionalClass:
		if !v.IsNil() {
			collectFiles(v.Elem(), name, files)
		}
	case listClass:
		for i := range v.Len() {
			if p, ok := v.Index(i).Interface().(FilePath); ok {
				collectFiles(v.Index(i), name+"/"+cleanPath(p), files)
				continue
			}
			collectFiles(v.Index(i), name+"."+strconv.Itoa(i), files)
		}
	case mapClass:
		separator := "."
		if isPath(entryElem(v.Type())) {
			separator = "/"
		}
		for i := range v.Len() {
			entry := v.Index(i)
			collectFiles(entry.Field(1), name+separator+entry.Field(0).String(), files)
		}
	case structClass, choiceClass:
		for _, sf := range goFields(v.Type()) {
			collectFiles(v.FieldByIndex(sf.Index), joinName(name, sf.Tag.Get("yaml")), files)
		}
	}
}

func joinName(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "." + inner
}
