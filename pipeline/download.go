package pipeline

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pipe/base/address"
	"pipe/base/diag"
	"pipe/pipeline/settings"
)

// A Downloader is a Stage that has something to say about the files that it reads of
// servers, see FileInput. It is asked when one is to be downloaded.
type Downloader interface {
	// DownloadHeaders are sent with the requests. The error says what is missing.
	DownloadHeaders() (map[string]string, error)
	// DownloadLimit is the most that a file may have, in bytes; 0 is the usual limit.
	DownloadLimit() int64
}

// Download is settings of a stage that say how files are got that servers have.
type Download struct {
	HeaderEnv settings.Map[string] `yaml:"header_env" key:"false" doc:"Headers to ask servers with, by their names, such as {Authorization: Bearer TOKEN}. The last word is the name of the environment variable that holds the rest. Its value is stored nowhere, and is sent to the server of the address alone."`
	Limit     settings.Bytes       `yaml:"download_limit" key:"false" default:"0B" doc:"The most that a file may have that is downloaded; 0B is 256 GiB."`
}

var (
	headerName   = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	headerText   = regexp.MustCompile(`^([!-~]+ )*[A-Za-z_][A-Za-z0-9_]*$`)
	headerSecret = regexp.MustCompile(`^[\t -~]+$`)
	// ownHeaders are those of the connection, or of the download.
	ownHeaders = []string{"accept-encoding", "connection", "content-length", "host", "if-range", "range", "te", "trailer", "transfer-encoding", "upgrade"}
)

// Check finds what is wrong with the headers for files, some of which servers may have.
func (d *Download) Check(files []string) error {
	var errs []error
	seen := map[string]bool{}
	for _, e := range d.HeaderEnv {
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
	switch servers := Servers(files); {
	case len(d.HeaderEnv) == 0:
	case len(servers) == 0:
		errs = append(errs, &settings.FieldError{Field: "header_env", Err: errors.New("nothing is downloaded"), Todo: "remove it, or give a path that begins with https://"})
	case len(servers) > 1:
		errs = append(errs, &settings.FieldError{Field: "header_env", Err: fmt.Errorf("it would be sent to %s", strings.Join(servers, " and ")), Todo: "read the files of each server by a stage of its own"})
	}
	return errors.Join(errs...)
}

// Servers are those that files are downloaded from, sorted.
func Servers(files []string) []string {
	var list []string
	for _, at := range files {
		if a, err := address.Parse(at); err == nil && address.Is(at) {
			list = append(list, a.Server())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Headers are the headers with what the environment says.
func (d *Download) Headers(lookup func(name string) (value string, ok bool)) (map[string]string, error) {
	headers := make(map[string]string, len(d.HeaderEnv))
	for _, e := range d.HeaderEnv {
		at := strings.LastIndexByte(e.Value, ' ') + 1
		variable := e.Value[at:]
		value, ok := lookup(variable)
		if value = strings.TrimSpace(value); !ok || value == "" {
			if variable != strings.ToUpper(variable) { // it may be the secret itself
				variable = "the variable of the header " + e.Key
			}
			return nil, diag.WithHint(fmt.Errorf("not set, though header_env names it: %s", variable), "set it before you start pipe: export TOKEN=..., if TOKEN is its name")
		}
		if !headerSecret.MatchString(value) {
			return nil, fmt.Errorf("the environment variable %s holds what cannot be sent in a header", variable)
		}
		headers[e.Key] = e.Value[:at] + value
	}
	return headers, nil
}
