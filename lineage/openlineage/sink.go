package openlineage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/base/outfile"
)

// A Sink takes events, one after the other.
type Sink interface {
	Send(ctx context.Context, event []byte) error
	Close() error
}

// endpoint is where servers of the standard take events, unless the address
// says something else.
const endpoint = "/api/v1/lineage"

// IsURL says whether a target is a server and not a file.
func IsURL(target string) bool {
	return strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://")
}

// OpenSink opens a file, to which events are appended as lines of JSON, or the
// address of a server. The key, if there is one, is sent as bearer token.
func OpenSink(target, key string) (Sink, error) {
	if !IsURL(target) {
		f, err := outfile.Append(target)
		if err != nil {
			return nil, err
		}
		return fileSink{f}, nil
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return nil, errors.New("it is not the address of a server") // which may hold a token
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = endpoint
	}
	return &httpSink{url: u, key: key, wait: 200 * time.Millisecond, client: &http.Client{Timeout: 5 * time.Second, CheckRedirect: sameServer}}, nil
}

// sameServer follows redirects of a server to itself: an event tells much of a
// run, and belongs to nobody else. One that would become another request is not
// followed either, since it would come without the event.
func sameServer(next *http.Request, before []*http.Request) error {
	first := before[0]
	switch {
	case len(before) > maxRedirects:
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	case next.URL.Hostname() != first.URL.Hostname():
		return fmt.Errorf("it redirects to another server, %s", diag.Visible(next.URL.Hostname()))
	case first.URL.Scheme == "https" && next.URL.Scheme != "https":
		return errors.New("it redirects to an address without encryption")
	case next.Method != first.Method:
		return fmt.Errorf("it has moved to %s", address(next.URL))
	}
	return nil
}

const maxRedirects = 5

// address is what can be shown of an address: names, passwords and queries may be
// secrets.
func address(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.RawQuery != "" {
		shown.RawQuery = "..."
	}
	return diag.Visible(shown.String())
}

type fileSink struct{ f *os.File }

// Send writes a line with one call, so that lines of several processes do not
// mix.
func (s fileSink) Send(ctx context.Context, event []byte) error {
	// A named pipe may be full. On a regular file there are no deadlines.
	defer context.AfterFunc(ctx, func() { _ = s.f.SetWriteDeadline(time.Unix(1, 0)) })()
	_, err := s.f.Write(append(event, '\n'))
	return err
}

func (s fileSink) Close() error { return s.f.Close() }

type httpSink struct {
	url    *url.URL
	key    string
	client *http.Client
	wait   time.Duration // before the first repetition; then twice as long each time
	down   int           // events in a row that the server did not take
}

const (
	attempts = 3
	giveUp   = 3 // events in a row
)

// errDown ends the attempts for all later events: a server that is gone must
// not make the end of a run wait for each of them.
var errDown = errors.New("the server does not answer; no more events were sent")

func (s *httpSink) Send(ctx context.Context, event []byte) error {
	if s.down >= giveUp {
		return errDown
	}
	wait := s.wait
	var err error
	for range attempts {
		var again bool
		if again, err = s.post(ctx, event); err == nil {
			s.down = 0
			return nil
		}
		if !again || ctx.Err() != nil {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait *= 2
	}
	s.down++
	return fmt.Errorf("%s: %w", address(s.url), err)
}

// post says whether another attempt may help.
func (s *httpSink) post(ctx context.Context, event []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(event))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which may hold a password
		}
		return true, err
	}
	defer resp.Body.Close()
	// What a server says about its own error may help; the rest of the body is
	// read so that the connection can be used again.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 == 2 {
		return false, nil
	}
	text := diag.Visible(strings.Join(strings.Fields(string(body[:min(len(body), 200)])), " "))
	return resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests, fmt.Errorf("%s %s", diag.Visible(resp.Status), text)
}

func (s *httpSink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}
