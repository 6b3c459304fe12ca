package settings

import "reflect"

// A Form says how people put in a value.
type Form string

// The forms.
const (
	Switch      Form = "switch" // true or false
	WholeNumber Form = "whole number"
	Number      Form = "number"
	Line        Form = "text"
	Duration    Form = "duration"
	Path        Form = "file path"
	FolderPath  Form = "folder path"
	Pattern     Form = "file pattern"
	Single      Form = "single value" // a number, a text, true or false
	Several     Form = "list"         // see Field.Elem
	Named       Form = "mapping"      // of names to values, see Field.Elem
	Group       Form = "group"        // settings of its own, see Field.Fields
	Choice      Form = "choice"       // one of Field.Fields
)

var forms = map[class]Form{
	boolClass: Switch, offClass: Switch, intClass: WholeNumber, uintClass: WholeNumber, floatClass: Number, textClass: Line, parsedClass: Line,
	durationClass: Duration, pathClass: Path, folderClass: FolderPath, globClass: Pattern, pathsClass: Path, scalarClass: Single,
	listClass: Several, mapClass: Named, structClass: Group, choiceClass: Choice,
}

// A Field is one setting of a struct, with all that a form for it has to know.
type Field struct {
	Name     string
	Doc      string
	Form     Form
	Required bool     // there must be a value
	Default  *string  // as it would be written, nil if there is none
	Words    []string // the texts that are allowed, nil for any
	Bounds   []string // of a number or a length: ">= 1", "< 1"
	IsFile   bool     // it holds nothing but the paths of external files and folders
	IsSet    bool     // it has another value than zero

	typ  reflect.Type
	elem *field
}

// Fields lists the settings of the struct behind v in the order in which they
// are declared. It panics on tags that Check refuses.
func Fields(v any) []Field {
	value := reflect.Indirect(reflect.ValueOf(v))
	list := fieldsOf(value.Type())
	for i, f := range make(shapes).of(value.Type()).fields {
		list[i].IsSet = f.index != nil && !value.FieldByIndex(f.index).IsZero()
	}
	return list
}

func fieldsOf(t reflect.Type) []Field {
	sh := make(shapes).of(t)
	list := make([]Field, len(sh.fields))
	for i := range sh.fields {
		list[i] = fieldOf(sh.fields[i].typ, &sh.fields[i])
	}
	return list
}

func fieldOf(t reflect.Type, f *field) Field {
	t = valueType(t)
	out := Field{Form: forms[classOf(t)], IsFile: isExternal(t), typ: t, elem: elementOf(f)}
	if f == nil {
		return out
	}
	out.Name, out.Doc, out.Required, out.Words = f.name, f.doc, f.required, f.enum
	if f.preset != nil {
		out.Default = &f.written
	}
	for _, b := range f.bounds {
		out.Bounds = append(out.Bounds, b.op+" "+b.text)
	}
	return out
}

// Fields lists the settings within a group, or the variants of a choice, which
// are groups; nil for any other form.
func (f Field) Fields() []Field {
	if f.Form != Group && f.Form != Choice {
		return nil
	}
	return fieldsOf(f.typ)
}

// Elem is what each entry of a list or a mapping is. It panics for any other form.
func (f Field) Elem() Field {
	t := f.typ.Elem()
	if f.Form == Named {
		t = entryElem(f.typ)
	}
	elem := fieldOf(t, f.elem)
	elem.Name = ""
	return elem
}
