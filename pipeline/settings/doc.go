// Package settings turns YAML into Go structs and says everything that is wrong
// with it at once, each problem with its place and what to do.
//
// The exported fields of a struct are the settings; tags say the rest, once, for
// the decoder, the reference documentation, the JSON schema, forms and the
// canonical form that caches are keyed by:
//
//	yaml:"name"       the key (every exported field has one)
//	doc:"..."         one or two sentences for people
//	default:"..."     the value if the key is absent, written as YAML
//	required:"true"   no default; absence is an error
//	min, max          inclusive bounds of a number, or of the length of a list
//	above, below      exclusive bounds of a number
//	enum:"a,b,c"      the texts that are allowed; a text type may know them itself, see Enum
//	except:"c"        texts of such a type that are not allowed here
//	short:"true"      the field that a bare value in place of the mapping sets
//	single:"true"     a list that may be written as its only entry, without brackets
//	names:"true"      a Map of texts that may be written as a list of names, or as one
//	                  name, each of which stands for itself: [a, b] is {a: a, b: b}
//	added:"true"      came later: not part of the canonical form while it has its
//	                  default, so that what was stored before is still found. The
//	                  default is a text, true or false, or the zero value
//
//	key:"false"       says how something is got, and not what: it is never part of the
//	                  canonical form
//
// Types: bool, Off, int, int64, uint64, float64, string, time.Duration ("30s"),
// FilePath, Folder, Glob, Scalar, any encoding.TextUnmarshaler, slices, Map[T], structs,
// pointers to structs (optional), structs that embed OneOf, and a Chooser. The
// settings of a struct that is embedded are in the place of the field, as in Go;
// Validate of the struct around it asks its own.
package settings
