package ingest

import (
	"errors"
	"slices"
	"strings"

	"pipe/base/address"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Validate checks what the tags cannot say.
func (p *Place) Validate() error {
	var errs []error
	if !p.Copy && !p.leaves() {
		errs = append(errs, &settings.FieldError{Field: "copy", Err: errors.New("there is no file that could stay where it is"), Todo: "remove it, or give a path of this machine"})
	}
	errs = append(errs, p.Check(p.addresses()))
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

// addresses are the paths.
func (p *Place) addresses() []string {
	list := []string{string(p.Path)}
	for _, at := range p.Paths {
		list = append(list, string(at))
	}
	return list
}

var _ pipeline.Downloader = (*Ingest)(nil)

// DownloadLimit implements pipeline.Downloader.
func (in *Ingest) DownloadLimit() int64 { return int64(in.Limit) }

// DownloadHeaders implements pipeline.Downloader.
func (in *Ingest) DownloadHeaders() (map[string]string, error) { return in.Headers(in.lookup) }
