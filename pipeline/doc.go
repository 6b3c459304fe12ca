// Package pipeline says what a pipeline is: it turns YAML into positioned
// problems or into a typed Plan, and owns the vocabulary that stages are
// written in (Kind, Port, Stage, Env) and the cache Key. It starts no
// goroutine, runs no stage and knows no SQL.
//
// # Configuration
//
// The configuration of a stage is a struct. Its exported fields are the
// settings; tags say the rest, once, for the decoder, the linter, the
// reference documentation and the JSON schema:
//
//	yaml:"name"       the key (every exported field has one)
//	doc:"..."         one or two sentences for people
//	default:"..."     the value if the key is absent, written as YAML
//	required:"true"   no default; absence is an error
//	min, max          inclusive bounds of a number, or of the length of a list
//	above, below      exclusive bounds of a number
//	enum:"a,b,c"      the texts that are allowed
//	short:"true"      the field that a bare value in place of the mapping sets
//	single:"true"     a list that may be written as its only entry, without brackets
//	added:"true"      came later: not part of the key while it has its zero value,
//	                  so that the results of before are still found
//
// Types: bool, int, int64, uint64, float64, string, time.Duration ("30s"),
// FilePath, Scalar, any encoding.TextUnmarshaler, slices, Map[T], structs,
// pointers to structs (optional), and structs that embed OneOf.
package pipeline
