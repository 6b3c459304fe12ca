package exec

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pipe/base/address"
	"pipe/base/names"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// Validate checks what tags cannot say.
func (s *Exec) Validate() error {
	errs := []error{s.checkCommand(), s.checkFiles(), s.checkDownload(), s.checkVariables()}
	if len(s.Metrics) > 0 && !slices.ContainsFunc(s.Outputs, func(o settings.Entry[OutputType]) bool { return pipeline.PortType(o.Value) == pipeline.Metrics }) {
		errs = append(errs, &settings.FieldError{Field: "metrics", Err: errors.New("the command writes no metrics"),
			Todo: "declare the document that holds them: outputs: {metrics: metrics}"})
	}
	for _, o := range s.Outputs {
		if msg, hint := names.CheckPart(o.Key); msg != "" {
			errs = append(errs, &settings.FieldError{Field: "outputs", Err: errors.New("the name of an output " + msg), Todo: hint})
		}
	}
	errs = append(errs, s.checkTables())
	if a, b, clash := clashing(s.Outputs.Keys()); clash {
		errs = append(errs, settings.FieldErrorf("outputs", "%q and %q have the same variable %s", a, b, portVariable("PIPE_OUTPUT_", a)))
	}
	return errors.Join(errs...)
}

func (s *Exec) checkCommand() error {
	switch {
	case len(s.Command) == 0 && s.Shell == "":
		return &settings.FieldError{
			Field: "command", Err: errors.New("there is no command"),
			Todo: "write command: [program, argument, ...], or shell: with a script",
		}
	case len(s.Command) > 0 && s.Shell != "":
		return settings.FieldErrorf("shell", "command and shell cannot both be given")
	case len(s.Command) > 0 && s.Command[0] == "":
		return settings.FieldErrorf("command", "the program is empty")
	}
	for _, arg := range append([]string{s.Shell}, s.Command...) {
		if strings.ContainsRune(arg, 0) {
			return settings.FieldErrorf("command", "an argument cannot contain a NUL character")
		}
	}
	return nil
}

func (s *Exec) checkDownload() error {
	var files []string
	for _, f := range s.Files {
		files = append(files, string(f))
	}
	return s.Check(files)
}

var _ pipeline.Downloader = (*Exec)(nil)

// DownloadLimit implements pipeline.Downloader.
func (s *Exec) DownloadLimit() int64 { return int64(s.Limit) }

// DownloadHeaders implements pipeline.Downloader.
func (s *Exec) DownloadHeaders() (map[string]string, error) { return s.Headers(s.lookup) }

// checkFiles makes sure that each file has a place in the work folder.
func (s *Exec) checkFiles() error {
	var errs []error
	seen := map[string]bool{}
	for _, f := range s.Files {
		p := placeOf(f)
		top, _, _ := strings.Cut(p, "/")
		switch {
		case address.Is(string(f)) && (p == "/" || p == "."):
			errs = append(errs, &settings.FieldError{
				Field: "files", Err: errors.New(address.Shown(string(f)) + " names no file"),
				Todo: "the command finds it by the last part of its path, and there is none",
			})
		case !filepath.IsLocal(filepath.FromSlash(p)) || p == ".":
			errs = append(errs, &settings.FieldError{
				Field: "files", Err: errors.New(address.Shown(string(f)) + " is not below the folder of the pipeline file"),
				Todo: "the command finds the files at the same paths in its work folder; copy this one to the pipeline",
			})
		case top == inputsDir || top == outputsDir || top == homeDir:
			errs = append(errs, settings.FieldErrorf("files", "%s: the folder %s of the work folder has another use", address.Shown(string(f)), top))
		case inRoot(f):
			errs = append(errs, &settings.FieldError{
				Field: "files", Err: errors.New(string(f) + " selects files beside the pipeline file"),
				Todo: "begin with a folder that they are in, such as data/*.csv",
			})
		case seen[p]:
			errs = append(errs, settings.FieldErrorf("files", "%s is there twice", p))
		}
		seen[p] = true
	}
	return errors.Join(errs...)
}

func (s *Exec) checkVariables() error {
	var errs []error
	seen := map[string]bool{}
	check := func(field, name string) {
		switch {
		case !variableName.MatchString(name):
			errs = append(errs, settings.FieldErrorf(field, "%q is not a name of a variable: letters, digits and _", name))
		case strings.HasPrefix(name, "PIPE_"):
			errs = append(errs, settings.FieldErrorf(field, "%s: names that begin with PIPE_ are set by pipe", name))
		case seen[name]:
			errs = append(errs, settings.FieldErrorf(field, "%s is there twice", name))
		}
		seen[name] = true
	}
	for _, name := range s.Env {
		check("env", name)
	}
	for _, name := range s.Secrets {
		check("secrets", name)
	}
	for _, e := range s.Set {
		check("set", e.Key)
		if strings.ContainsRune(e.Value, 0) {
			errs = append(errs, settings.FieldErrorf("set", "the value of %s contains a NUL character", e.Key))
		}
	}
	return errors.Join(errs...)
}

// inRoot says whether a pattern names no folder.
func inRoot(f settings.Paths) bool {
	folder, several := f.Folder()
	return several && path.Clean(folder) == "."
}

// placeOf is where a file goes in the work folder: to its path, or to the name of one
// that a server has.
func placeOf(f settings.Paths) string {
	if address.Is(string(f)) {
		return address.Name(string(f))
	}
	return path.Clean(strings.ReplaceAll(string(f), `\`, "/"))
}

// portOf is what the input is called that a file is.
func portOf(f settings.Paths) string {
	if address.Is(string(f)) {
		return "files/" + address.Shown(string(f))
	}
	return "files/" + placeOf(f)
}

// portVariable is the environment variable about a port. Ports may hold
// dashes, variables may not.
func portVariable(prefix, port string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(port, "-", "_"))
}

// clashing finds two ports that have the same variable.
func clashing(ports []string) (a, b string, clash bool) {
	for i, p := range ports {
		j := slices.IndexFunc(ports[:i], func(q string) bool { return portVariable("", p) == portVariable("", q) })
		if j >= 0 {
			return ports[j], p, true
		}
	}
	return "", "", false
}

// checkTables makes sure that it is clear which table has rows like those of the input.
func (s *Exec) checkTables() error {
	tables := 0
	for _, o := range s.Outputs {
		if pipeline.PortType(o.Value) == pipeline.Table {
			tables++
		}
	}
	switch {
	case s.Rows && tables != 1:
		return &settings.FieldError{Field: "rows", Err: fmt.Errorf("the command writes %d tables, and not one", tables),
			Todo: "declare the one that has a row for each row of the input: outputs: {table: table}"}
	case s.Group != "" && !s.Rows:
		return &settings.FieldError{Field: "group", Err: errors.New("nothing says that there is a row for each row that the command reads"), Todo: "add rows: true"}
	}
	return nil
}

// Repeats implements pipeline.Repeater.
func (s *Exec) Repeats() (port, why string) {
	if s.Rows {
		return "", ""
	}
	return "", "nobody knows what the command does with rows"
}

// Series implements pipeline.Surveyor: a group is one.
func (s *Exec) Series() (columns []string, around bool) {
	return []string{s.Group}, s.Rows && s.Group != ""
}

// Remedy implements pipeline.Remedier.
func (*Exec) Remedy() string {
	return "if the command makes one row of each, say so with `rows: true` in the settings of the stage: new rows then go through it, too"
}
