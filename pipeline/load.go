package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/pipeline/settings"
)

// Options is what a run may say about a pipeline besides its file.
type Options struct {
	// Set gives parameters other values, as `--set name=value` does. Each is
	// read as a YAML value of the type that the file declares. A name
	// "run.NAME" goes to Run.
	Set map[string]string

	// Params are files that give parameters other values, in this order and
	// before Set.
	Params []ParamFile

	// Seed, if not nil, takes the place of the seed in the file.
	Seed *uint64

	// Run holds the properties of the run that the file can refer to, above
	// all ScheduledTime: ${run.scheduled_time}, also as a value of a parameter.
	// What is substituted becomes a
	// part of the configuration and so of the key. A reference to a property
	// that is not here is an error.
	Run map[string]string

	// File, if set, is asked of each external file that a stage names, by its
	// path from the current folder, whether it may be read. The error, with its
	// hint, is reported at the setting.
	File func(path string) error
}

// A ParamFile is a YAML mapping of names of parameters to values.
type ParamFile struct {
	Path   string // for messages
	Source []byte
}

// ReadParams reads a ParamFile; what is in it Load checks.
func ReadParams(path string) (ParamFile, error) {
	source, err := readFile(path)
	if err != nil {
		return ParamFile{}, diag.Usage(err)
	}
	return ParamFile{Path: path, Source: source}, nil
}

// Load reads a pipeline file. The error is a diag.List with everything that is
// wrong in the file, or a *diag.UsageError.
//
// What the file means, besides the settings of its stages:
//
//   - An input is connected to STAGE.PORT, or to STAGE if that leaves no choice:
//     its only output, or the one with the name of the input, or the only one
//     with the right type. An input that takes several cases can be connected to
//     several stages, each with a name.
//   - Parameters are replaced in all values but those of `pipeline` and `params`.
//     A text that is $name or ${name} as a whole becomes the value with its type;
//     inside a text ${name} is replaced, $$ is a $, and any other $ stays. Where a
//     setting is a text, a number or boolean that comes from a parameter is its text.
//     Values of parameters are searched for ${run.NAME} only.
//   - `when: false` leaves out a stage, and every stage that takes data from one
//     that is left out. A stage that only waits for it (`needs`) stays. What is
//     left out is checked all the same.
//   - Paths of external files are relative to the folder of the pipeline file.
//   - Keys that begin with x- are ignored at the top: a place for anchors.
//   - YAML anchors, aliases and merge keys work; dates are texts.
func Load(path string, reg *Registry, opt Options) (*Plan, error) {
	source, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return LoadBytes(path, source, reg, opt)
}

// LoadBytes is Load for a text that is at hand. Its name is used in messages
// and says which folder the external files are relative to; nothing is read.
func LoadBytes(name string, source []byte, reg *Registry, opt Options) (*Plan, error) {
	l := &loader{p: settings.NewProblems(name, source), reg: reg, near: newNeighbours(), file: opt.File}
	plan, err := l.load(source, opt)
	if err != nil {
		return nil, err
	}
	if err := l.p.Err(); err != nil {
		return nil, err
	}
	plan.Warnings, plan.Notes = l.p.List, l.p.Notes
	plan.Notes.Sort()
	return plan, nil
}

// ReadFile reads the text of a pipeline file, for LoadBytes. The error is a
// *diag.UsageError.
func ReadFile(path string) ([]byte, error) {
	source, err := readFile(path)
	if err != nil {
		return nil, diag.Usage(err)
	}
	return source, nil
}

// pipelineKey finds the key of a pipeline file in a text that is no sound YAML.
var pipelineKey = regexp.MustCompile(`(?m)^["']?pipeline["']?[ \t]*:`)

// IsPipeline reports whether a text is meant to be a pipeline file, sound or not,
// in contrast to YAML that is there for something else: it has the key
// `pipeline`.
func IsPipeline(source []byte) bool {
	doc := settings.Parse(source, settings.NewProblems("", nil))
	if doc == nil {
		return pipelineKey.Match(source)
	}
	key, _ := doc.Root.Child("pipeline")
	return doc.Root.Is(settings.Mapping) && key != nil
}

const largeHint = "generate several pipelines in place of one"

func readFile(path string) ([]byte, error) {
	source, err := infile.ReadAll(path, settings.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, diag.WithHint(fmt.Errorf("%s: %w", path, fs.ErrNotExist), similarFiles(path))
	}
	if wrong := (*infile.TypeError)(nil); errors.As(err, &wrong) {
		hint := "write the text to a file first"
		if wrong.Mode.IsDir() {
			hint = listHint("it holds ", pipelineFiles(path))
		}
		return nil, diag.WithHint(fmt.Errorf("%s %w", path, wrong), hint)
	}
	if tooLarge := (*infile.SizeError)(nil); errors.As(err, &tooLarge) {
		return nil, diag.WithHint(fmt.Errorf("%s %w", path, tooLarge), largeHint)
	}
	return source, err
}

// similarFiles is the hint about a file that does not exist.
func similarFiles(path string) string {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	names := pipelineFiles(dir)
	if near, ok := diag.Nearest(base, names); ok {
		return fmt.Sprintf("did you mean %s?", filepath.Join(dir, near))
	}
	return listHint("the pipeline files there are ", names)
}

// pipelineFiles lists the YAML files in a folder, none if it cannot be read.
func pipelineFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if ext := strings.ToLower(filepath.Ext(e.Name())); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			names = append(names, e.Name())
		}
	}
	return names
}

// A neighbours looks up nearest names. The work is the number of names for
// each mistake, so it stops suggesting when a file has too many of both.
type neighbours struct {
	left int // names that may still be compared
}

func newNeighbours() *neighbours { return &neighbours{left: 1 << 18} }

func (n *neighbours) nearest(name string, names []string) (string, bool) {
	if n.left -= len(names); n.left < 0 {
		return "", false
	}
	return diag.Nearest(name, names)
}

// listHint names what there is, if that is something and not too much.
func listHint(prefix string, names []string) string {
	const most = 12
	if len(names) == 0 {
		return ""
	}
	names = slices.Sorted(slices.Values(names))
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return prefix + strings.Join(names, ", ") + more
}
