package settings

import "reflect"

// A Field is one setting of a struct.
type Field struct {
	Name   string
	Doc    string
	IsFile bool // it holds nothing but the paths of external files and folders
	IsSet  bool // it has another value than zero
}

// Fields lists the settings of the struct behind v in the order in which they
// are declared. It panics on tags that Check refuses.
func Fields(v any) []Field {
	value := reflect.Indirect(reflect.ValueOf(v))
	var list []Field
	for _, f := range make(shapes).of(value.Type()).fields {
		list = append(list, Field{Name: f.name, Doc: f.doc, IsFile: isExternal(f.typ), IsSet: !value.FieldByIndex(f.index).IsZero()})
	}
	return list
}
