package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/address"
	"pipe/base/diag"
	"pipe/base/fetch"
	"pipe/lineage"
	"pipe/pipeline"
)

// What a server has is named by the hash of its bytes, which the address tells. So it
// counts like any other input, nobody is asked as long as the store has it, and it does
// not matter what the server has one day.

// unpinned is the error of an address that does not tell what it holds. The bytes that
// it holds now are kept, so that the next run has them.
func (im *importer) unpinned(ctx context.Context, f pipeline.FileInput) error {
	missing := fmt.Errorf("%s: the address does not say what it holds, so that it could be something else each time", downloadName(f))
	if im == nil {
		return diag.WithHint(missing, "a run downloads it, and says what to write")
	}
	id, _, answer, err := im.fetch(ctx, f)
	if err != nil {
		return err
	}
	return diag.WithHint(missing, fmt.Sprintf("%s%swrite %s%s behind it if that is the right file; the store has it now", doubt(f, answer), unsure(answer), address.Pin, id))
}

// downloadName is what a file is called in a message: by its setting and its address.
func downloadName(f pipeline.FileInput) string { return settingOf(f) + " " + f.Path }

func settingOf(f pipeline.FileInput) string {
	setting, _, _ := strings.Cut(f.Port, "/")
	return setting
}

// doubt warns of a page that a server gives in place of a file.
func doubt(f pipeline.FileInput, answer fetch.Answer) string {
	name := strings.ToLower(f.Address.Path())
	if strings.HasPrefix(answer.Type, "text/html") && !strings.Contains(name, ".htm") {
		return "it is a page in HTML, perhaps one to log in; "
	}
	return ""
}

// unsure warns of a file that may be a part of what it should be.
func unsure(answer fetch.Answer) string {
	if answer.Open {
		return "the server did not say how long it is, so that nobody knows whether all of it has come: compare its size; "
	}
	return ""
}

// Download brings a file of a step that a server has into the store, outside of a run.
func (r *Runner) Download(ctx context.Context, s *pipeline.Step, f pipeline.FileInput) error {
	e := &execution{Runner: r}
	im := e.importer(s, &listener{stage: s.Name, emit: e.emit, file: &logFile{}})
	return im.download(ctx, f, &lineage.Input{ID: f.Artifact})
}

// download brings what a server has into the store.
func (im *importer) download(ctx context.Context, f pipeline.FileInput, in *lineage.Input) error {
	size, err := im.store.Renew(in.ID)
	if err == nil {
		in.Size = size
		return nil
	}
	id, size, answer, err := im.fetch(ctx, f)
	if err != nil {
		return err
	}
	if id != in.ID {
		return diag.WithHint(fmt.Errorf("%s: its SHA-256 is %s, and should be %s", downloadName(f), id, in.ID),
			fmt.Sprintf("the server has another file now: %s%swrite %s%s behind the address if that is right; the store has it now", doubt(f, answer), unsure(answer), address.Pin, id))
	}
	in.Size = size
	return nil
}

// fetch downloads a file and commits it, whatever it is. What comes before it fails is
// kept for the next time.
func (im *importer) fetch(ctx context.Context, f pipeline.FileInput) (id artifacts.ID, size int64, answer fetch.Answer, err error) {
	name := artifacts.Sum([]byte("download " + f.Artifact.String() + " " + f.Address.URL())).String()
	claim, err := im.claim(ctx, name)
	if err != nil {
		return id, 0, answer, err
	}
	defer claim.Release()
	if size, err := im.store.Renew(f.Artifact); err == nil { // somebody else was faster
		return f.Artifact, size, answer, nil
	}
	req := fetch.Request{Address: *f.Address, Progress: im.says.Progress, Retry: func(err error) {
		im.log(slog.LevelWarn, fmt.Sprintf("%s: %v; trying again", f.Path, err))
	}}
	if d, ok := im.stage.(pipeline.Downloader); ok {
		req.Limit = d.DownloadLimit()
		if req.Headers, err = d.DownloadHeaders(); err != nil {
			return id, 0, answer, fmt.Errorf("%s: %w", downloadName(f), err)
		}
	}
	part, err := im.store.Part(name)
	if err != nil {
		return id, 0, answer, err
	}
	defer part.Discard()
	text := "downloading " + f.Path
	if part.Size() > 0 {
		text += fmt.Sprintf(" behind the %d bytes that are there", part.Size())
	}
	im.log(slog.LevelInfo, text)
	begun := time.Now()
	if answer, err = im.client.Get(ctx, req, part); err != nil {
		kept := part.Keep()
		return id, 0, answer, im.failed(ctx, f, err, kept)
	}
	if id, size, err = part.Commit(); err != nil {
		return id, 0, answer, err
	}
	im.log(slog.LevelInfo, fmt.Sprintf("downloaded %s bytes=%d seconds=%.1f", f.Path, size, time.Since(begun).Seconds()))
	return id, size, answer, nil
}

func (im *importer) log(level slog.Level, text string) {
	im.says.Log(Message{Level: level, Text: text})
}

// failed says what to do about a download that failed.
func (im *importer) failed(ctx context.Context, f pipeline.FileInput, err error, kept bool) error {
	if ctx.Err() != nil {
		return err
	}
	hint := diag.HintOf(err)
	var status *fetch.StatusError
	var name *net.DNSError
	switch {
	case errors.As(err, &status) && (status.Code == 401 || status.Code == 403):
		hint = "if it wants to know who asks, name the environment variable that holds what to say: header_env: {Authorization: Bearer VARIABLE}, or in pipe predict --header-env 'Authorization: Bearer VARIABLE'"
	case errors.As(err, &status) && (status.Code == 404 || status.Code == 410):
		hint = "look at the address in a browser"
	case errors.As(err, &name) && hint == "":
		hint = "look at the name of the server, and whether this machine reaches the network"
	}
	if kept {
		hint = strings.TrimPrefix(hint+"; what has come so far is kept, and the next run goes on behind it", "; ")
	}
	return diag.WithHint(fmt.Errorf("%s %w", settingOf(f), err), hint)
}

// Between these times it is looked whether a download of somebody else has ended.
const (
	shortestLook = 5 * time.Millisecond
	longestLook  = 250 * time.Millisecond
)

// claim waits until nobody else downloads the same.
func (im *importer) claim(ctx context.Context, name string) (*artifacts.Claim, error) {
	for look := shortestLook; ; look = min(2*look, longestLook) {
		claim, err := im.store.Claim(name)
		claimed := (*artifacts.ClaimedError)(nil)
		if !errors.As(err, &claimed) {
			return claim, err
		}
		if look == shortestLook {
			im.log(slog.LevelInfo, "waiting for a download by another stage or process")
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(look):
		}
	}
}

// missingDownloads are the files of servers that a stage needs, and the store lacks.
func (r *Runner) missingDownloads(s *pipeline.Step) []pipeline.FileInput {
	var missing []pipeline.FileInput
	for _, f := range s.Files {
		if f.Address == nil {
			continue
		}
		if _, err := r.Store.Stat(f.Artifact); err != nil {
			missing = append(missing, f)
		}
	}
	return missing
}
