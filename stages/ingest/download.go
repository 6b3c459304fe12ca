package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pipe/base/address"
	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Download is the settings that say how files are got that servers have.
type Download struct {
	HeaderEnv     settings.Map[string] `yaml:"header_env" key:"false" doc:"Headers to ask servers with, by their names, such as {Authorization: Bearer TOKEN}. The last word is the name of the environment variable that holds the rest. Its value is stored nowhere, and is sent to the server of the address alone."`
	DownloadLimit settings.Bytes       `yaml:"download_limit" key:"false" default:"0B" doc:"The most that a file may have that is downloaded; 0B is 256 GiB."`
}

var (
	headerName   = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	headerText   = regexp.MustCompile(`^([!-~]+ )*[A-Za-z_][A-Za-z0-9_]*$`)
	headerSecret = regexp.MustCompile(`^[\t -~]+$`)
	// ownHeaders are those of the connection, or of the download.
	ownHeaders = []string{"accept-encoding", "connection", "content-length", "host", "if-range", "range", "te", "trailer", "transfer-encoding", "upgrade"}
)

// Validate checks what the tags cannot say.
func (p *Place) Validate() error {
	var errs []error
	seen := map[string]bool{}
	for _, e := range p.HeaderEnv {
		name := strings.ToLower(e.Key)
		switch {
		case !headerName.MatchString(e.Key):
			errs = append(errs, settings.FieldErrorf("header_env", "%q is not the name of a header", e.Key))
		case slices.Contains(ownHeaders, name):
			errs = append(errs, settings.FieldErrorf("header_env", "%s is a header that says what the download itself needs", e.Key))
		case seen[name]:
			errs = append(errs, settings.FieldErrorf("header_env", "%s is there twice", e.Key))
		case !headerText.MatchString(e.Value):
			// It may be the secret itself, so that it is not repeated.
			errs = append(errs, &settings.FieldError{Field: "header_env", Err: fmt.Errorf("what stands at %s is not the name of an environment variable, nor a word such as Bearer and such a name", e.Key),
				Todo: "write {Authorization: Bearer TOKEN}, where the environment variable TOKEN holds what nobody is to see"})
		}
		seen[name] = true
	}
	if !p.Copy && !p.leaves() {
		errs = append(errs, &settings.FieldError{Field: "copy", Err: errors.New("there is no file that could stay where it is"), Todo: "remove it, or give a path of this machine"})
	}
	switch servers := p.servers(); {
	case len(p.HeaderEnv) == 0:
	case len(servers) == 0:
		errs = append(errs, &settings.FieldError{Field: "header_env", Err: errors.New("nothing is downloaded"), Todo: "remove it, or give a path that begins with https://"})
	case len(servers) > 1:
		errs = append(errs, &settings.FieldError{Field: "header_env", Err: fmt.Errorf("it would be sent to %s", strings.Join(servers, " and ")), Todo: "read the files of each server by a stage of its own"})
	}
	return errors.Join(errs...)
}

// leaves says whether a path names files of this machine.
func (p *Place) leaves() bool {
	return slices.ContainsFunc(append(slices.Clone(p.Paths), p.Path), func(at settings.Paths) bool { return at != "" && !address.Is(string(at)) })
}

// LeavesInPlace implements pipeline.Leaver.
func (in *Ingest) LeavesInPlace(port string) bool {
	setting, _, _ := strings.Cut(port, "/")
	return !in.Copy && (setting == "path" || setting == "paths")
}

// servers are those that files are downloaded from.
func (p *Place) servers() []string {
	var list []string
	for _, at := range append(slices.Clone(p.Paths), p.Path) {
		if a, err := address.Parse(string(at)); err == nil && address.Is(string(at)) {
			list = append(list, a.Server())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

var _ pipeline.Downloader = (*Ingest)(nil)

// DownloadLimit implements pipeline.Downloader.
func (in *Ingest) DownloadLimit() int64 { return int64(in.Download.DownloadLimit) }

// DownloadHeaders implements pipeline.Downloader.
func (in *Ingest) DownloadHeaders() (map[string]string, error) {
	headers := make(map[string]string, len(in.HeaderEnv))
	for _, e := range in.HeaderEnv {
		at := strings.LastIndexByte(e.Value, ' ') + 1
		variable := e.Value[at:]
		value, ok := in.lookup(variable)
		if value = strings.TrimSpace(value); !ok || value == "" {
			return nil, diag.WithHint(fmt.Errorf("not set, though header_env names it: %s", variable), fmt.Sprintf("set it before you start pipe: export %s=...", variable))
		}
		if !headerSecret.MatchString(value) {
			return nil, fmt.Errorf("the environment variable %s holds what cannot be sent in a header", variable)
		}
		headers[e.Key] = e.Value[:at] + value
	}
	return headers, nil
}
