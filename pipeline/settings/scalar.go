package settings

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pipe/base/address"
	"pipe/base/diag"
	"pipe/base/glob"
)

// scalar decodes a single value, which also must be within the bounds of its
// field.
func (d decoder) scalar(n *Node, v reflect.Value, s spot) {
	switch classOf(v.Type()) {
	case boolClass, offClass:
		d.boolean(n, v, s)
	case intClass:
		d.signed(n, v, s)
	case uintClass:
		d.unsigned(n, v, s)
	case floatClass:
		d.float(n, v, s)
	case durationClass:
		d.duration(n, v, s)
	case textClass:
		d.text(n, v, s)
	case pathClass, folderClass, globClass, pathsClass:
		if d.stored && n.Is(Text) && n.Value == "" {
			return
		}
		d.path(n, v, s)
	case scalarClass:
		d.any(n, v, s)
	case parsedClass:
		d.parsed(n, v, s)
	default:
		panic(fmt.Sprintf("settings: settings cannot have the type %v", v.Type()))
	}
}

func (d decoder) boolean(n *Node, v reflect.Value, s spot) {
	if !n.Is(Bool) {
		d.mismatch(n, s, "true or false", boolHint(n))
		return
	}
	v.SetBool(strings.EqualFold(n.Value, "true") == (v.Type() != offType))
}

// boolHint knows the booleans of YAML 1.1.
func boolHint(n *Node) string {
	if !n.Is(Text) {
		return ""
	}
	switch strings.ToLower(n.Value) {
	case "yes", "y", "on", "true":
		return "write true"
	case "no", "n", "off", "false":
		return "write false"
	}
	return ""
}

// leadingZero matches numbers that YAML 1.1 reads as octal, YAML 1.2 as decimal.
var leadingZero = regexp.MustCompile(`^[-+]?0[0-9_]*[1-9][0-9_]*$`)

// ambiguous reports a number with a leading zero.
func (d decoder) ambiguous(n *Node, s spot) bool {
	if !n.HasLeadingZero() {
		return false
	}
	digits := strings.TrimLeft(strings.ReplaceAll(n.Value, "_", ""), "+-0")
	d.p.At(n, fmt.Sprintf("write %[1]s, or 0o%[1]s if it is octal", diag.Shorten(digits)),
		"%s is ambiguous: a number with a leading zero", s.subject())
	return true
}

// integer reads the text of a whole number: an !!int in any base, or a !!float
// without fraction that a float64 holds exactly, such as 1e6.
func (d decoder) integer(n *Node, s spot) (text string, ok bool) {
	if !n.Is(Int) && !n.Is(Float) {
		d.mismatch(n, s, "a whole number", numberHint(n))
		return "", false
	}
	if d.ambiguous(n, s) {
		return "", false
	}
	if n.Type == Int {
		return strings.ReplaceAll(n.Value, "_", ""), true
	}
	f, err := parseFloat(n.Value)
	switch {
	case err != nil || f != math.Trunc(f) || math.IsInf(f, 0):
		d.mismatch(n, s, "a whole number", "")
	case math.Abs(f) > 1<<53:
		d.p.At(n, "", "%s is out of range: %s", s.subject(), diag.Shorten(n.Value))
	default:
		return strconv.FormatInt(int64(f), 10), true
	}
	return "", false
}

func (d decoder) signed(n *Node, v reflect.Value, s spot) {
	text, ok := d.integer(n, s)
	if !ok {
		return
	}
	i, err := strconv.ParseInt(text, 0, v.Type().Bits())
	if err != nil {
		d.badInteger(n, s, err, "from -9223372036854775808 to 9223372036854775807")
		return
	}
	v.SetInt(i)
	d.inBounds(n, s, float64(i))
}

func (d decoder) unsigned(n *Node, v reflect.Value, s spot) {
	text, ok := d.integer(n, s)
	if !ok {
		return
	}
	u, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 0, 64)
	if err != nil {
		d.badInteger(n, s, err, "from 0 to 18446744073709551615")
		return
	}
	v.SetUint(u)
	d.inBounds(n, s, float64(u))
}

func (d decoder) badInteger(n *Node, s spot, err error, span string) {
	if errors.Is(err, strconv.ErrRange) || strings.HasPrefix(n.Value, "-") {
		d.p.At(n, "", "%s must be a whole number %s, not %s", s.subject(), span, diag.Shorten(n.Value))
		return
	}
	d.mismatch(n, s, "a whole number", "")
}

// float reads a finite number. A zero loses its sign, so that settings that
// are equal also look equal.
func (d decoder) float(n *Node, v reflect.Value, s spot) {
	if !n.Is(Int) && !n.Is(Float) {
		d.mismatch(n, s, "a number", numberHint(n))
		return
	}
	if d.ambiguous(n, s) {
		return
	}
	f, ok := n.float()
	if !ok {
		d.mismatch(n, s, "a finite number", "")
		return
	}
	if f == 0 {
		f = 0 // also if it was -0
	}
	v.SetFloat(f)
	d.inBounds(n, s, f)
}

// parseFloat reads what YAML calls a float, but for infinities and NaN.
func parseFloat(text string) (float64, error) {
	return strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
}

func numberHint(n *Node) string {
	if !n.Is(Text) {
		return ""
	}
	if _, err := parseFloat(n.Value); err == nil && n.quoted {
		return "remove the quotes"
	}
	return ""
}

func (d decoder) duration(n *Node, v reflect.Value, s spot) {
	number := n.Is(Int) || n.Is(Float)
	if !n.Is(Text) && !number {
		d.mismatch(n, s, "a duration", "write a number with a unit: 30s, 5m, 1h30m")
		return
	}
	t, err := time.ParseDuration(n.Value)
	if err != nil {
		hint := "write a number with a unit: 30s, 5m, 1h30m"
		if number {
			hint = fmt.Sprintf("write a unit: %[1]ss, %[1]sm, %[1]sh", n.Value)
		}
		d.mismatch(n, s, "a duration", hint)
		return
	}
	v.SetInt(int64(t))
	d.inBounds(n, s, float64(t))
}

func (d decoder) text(n *Node, v reflect.Value, s spot) {
	text, ok := d.string(n, s, "a text")
	if !ok {
		return
	}
	v.SetString(text)
	if s.field == nil {
		return
	}
	absent := text == "" && (d.exact || d.stored) && !s.field.required && s.field.preset == nil
	if enum := s.field.enum; len(enum) > 0 && !slices.Contains(enum, text) && !absent {
		hint := ""
		if near, ok := diag.Nearest(text, enum); ok {
			hint = diag.DidYouMean(near)
		}
		d.p.At(n, hint, "%s must be one of %s, not %s", s.subject(), strings.Join(enum, ", "), diag.Quote(text))
	}
	length := utf8.RuneCountInString(text)
	for _, b := range s.field.bounds {
		if !b.holds(float64(length)) {
			d.p.At(n, "", "%s must have %s, not %d", s.subject(), b.words("character", "characters"), length)
		}
	}
}

// string reads a scalar that YAML takes for text or, unquoted, for a date. A
// number or boolean that comes from a parameter is its text: `set: {RATE: $rate}`.
func (d decoder) string(n *Node, s spot, want string) (string, bool) {
	switch {
	case n.Is(Text):
		if utf8.ValidString(n.Value) {
			return n.Value, true
		}
		d.p.At(n, "", "%s is not valid UTF-8", s.subject())
		return "", false
	case n.Is(Int), n.Is(Float), n.Is(Bool):
		if n.replaced {
			return n.Value, true
		}
		d.mismatch(n, s, want, fmt.Sprintf("write it in quotes: %s", diag.Quote(n.Value)))
	default:
		d.mismatch(n, s, want, "")
	}
	return "", false
}

func (d decoder) path(n *Node, v reflect.Value, s spot) {
	c := classOf(v.Type())
	text, ok := d.string(n, s, "a "+nouns[c])
	if !ok {
		return
	}
	f := fileOf("", c, text)
	if err := checkPath(f); err != nil {
		d.p.Report(fmt.Errorf("%s is not %w", s.subject(), err), nil, n)
		return
	}
	if a, err := address.Parse(text); f.Kind == OnServer && err == nil && a.HasSecret() {
		d.p.Warn(n, "if the server takes it from a header, name the environment variable that holds it: header_env: {Authorization: Bearer VARIABLE}",
			"%s is an address that holds what may let somebody in, and is stored with the pipeline", s.subject())
	}
	v.SetString(text)
}

// checkPath says why a setting names no external file, as the end of a sentence.
func checkPath(f File) error {
	hint := "write a path relative to the pipeline file"
	var err error
	switch {
	case f.Kind == OnServer:
		if _, wrong := address.Parse(f.Path); wrong != nil {
			err, hint = fmt.Errorf("a file that can be downloaded: %w", wrong), diag.HintOf(wrong)
		}
	case address.Is(f.Path):
		err, hint = fmt.Errorf("a %s but an address", nouns[pathClass]), "download the file, and write its path"
	case f.Kind == Matching:
		hint = "write a pattern relative to the pipeline file, such as data/**/*.png"
		if _, wrong := glob.Parse(f.Pattern); wrong != nil || strings.ContainsRune(f.Path, 0) {
			err = fmt.Errorf("a file pattern: %w", cmp.Or(wrong, errors.New("it has a NUL character")))
		}
	case f.Path == "" || strings.ContainsRune(f.Path, 0):
		what := nouns[pathClass]
		if f.Kind == AllBelow {
			what = nouns[folderClass]
		}
		err = fmt.Errorf("a %s", what)
	}
	return diag.WithHint(err, hint)
}

func (d decoder) any(n *Node, v reflect.Value, s spot) {
	switch {
	case n.Is(Int), n.Is(Float), n.Is(Bool):
	case n.Is(Text):
		if _, ok := d.string(n, s, ""); !ok {
			return
		}
	default:
		d.mismatch(n, s, "a single value", "")
		return
	}
	v.Set(reflect.ValueOf(Scalar{Tag: tags[n.Type], Text: n.Value}))
}

func (d decoder) parsed(n *Node, v reflect.Value, s spot) {
	if n.IsEmpty() || !n.IsScalar() {
		d.mismatch(n, s, "a single value", "")
		return
	}
	u := v.Addr().Interface().(encoding.TextUnmarshaler)
	if err := u.UnmarshalText([]byte(n.Value)); err != nil {
		d.p.Report(fmt.Errorf("%s is wrong: %w", s.subject(), err), nil, n)
	}
}

// inBounds checks a number.
func (d decoder) inBounds(n *Node, s spot, x float64) {
	if s.field == nil {
		return
	}
	for _, b := range s.field.bounds {
		if !b.holds(x) {
			d.p.At(n, "", "%s must be %s %s, not %s", s.subject(), b.op, b.text, diag.Shorten(n.Value))
		}
	}
}

// mismatch reports a value of the wrong type.
func (d decoder) mismatch(n *Node, s spot, want, hint string) {
	at := anchor(n, s.owner)
	if n.IsEmpty() {
		d.p.At(at, hint, "%s is empty, it must be %s", s.subject(), want)
		return
	}
	d.p.At(at, hint, "%s must be %s, not %s", s.subject(), want, n.Describe())
}

// Summary is the first sentence of a documentation text, without its period.
func Summary(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if i := strings.Index(doc, ". "); i >= 0 {
		return doc[:i]
	}
	return strings.TrimSuffix(doc, ".")
}
