package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pipe/base/address"
)

// isComplete says whether an answer is that there is nothing behind what the sink holds.
func (d *download) isComplete(resp *http.Response) bool {
	return resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && d.to.Size() > 0 &&
		resp.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", d.to.Size())
}

// begin looks at the head of an answer, and makes the sink ready for its body.
func (d *download) begin(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code == http.StatusPartialContent && d.to.Size() > 0:
		// A part need not repeat of what it is one, since it was asked for by that.
		if mark := markOf(resp.Header); mark != "" && mark != d.to.Mark() {
			return d.changed(mark)
		}
		var from int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); err != nil || from != d.to.Size() {
			return d.whole()
		}
	case code == http.StatusOK:
		// All of it, of whatever file there is now.
		if err := d.to.Begin(markOf(resp.Header)); err != nil {
			return err
		}
	case code == http.StatusRequestedRangeNotSatisfiable:
		return d.changed("")
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		return &failure{err: &StatusError{code}, after: pause(resp.Header)}
	default:
		return &StatusError{code}
	}
	if n := resp.ContentLength; n >= 0 && d.to.Size()+n > d.limit {
		return d.tooLarge()
	}
	return nil
}

// changed begins anew, unless the file is another one whenever it is asked for.
func (d *download) changed(mark string) error {
	if d.anew++; d.anew >= or(d.Tries, usualTries) {
		return errors.New("it changes while it is downloaded, again and again")
	}
	if err := d.to.Begin(mark); err != nil {
		return err
	}
	return &failure{err: errors.New("it has changed on the server")}
}

// whole begins anew with a server that gives other parts than those that it is asked for.
func (d *download) whole() error {
	d.noParts = true
	if err := d.to.Begin(""); err != nil {
		return err
	}
	return &failure{err: errors.New("the server gave another part of it than it was asked for")}
}

// markOf is what a server calls the bytes that it gives; empty if that names no bytes
// for sure, as a date does not that may still change within its second.
func markOf(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	changed, err := http.ParseTime(h.Get("Last-Modified"))
	now, err2 := http.ParseTime(h.Get("Date"))
	if err != nil || err2 != nil || now.Sub(changed) < time.Minute {
		return ""
	}
	return h.Get("Last-Modified")
}

// pause is how long a server wants to be left alone.
func pause(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(seconds, 3600))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// failed is what became of a request. The error of net/http repeats the address.
func failed(ctx context.Context, err error) error {
	if context.Cause(ctx) == errIdle {
		return &failure{err: errIdle}
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	var (
		final       *finalError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		name        *net.DNSError
	)
	switch {
	case errors.As(err, &final), errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &name) && name.IsNotFound:
		return err
	}
	return &failure{err: err}
}

// A finalError is one that any other try would have, too.
type finalError struct{ text string }

func (e *finalError) Error() string { return e.text }

// following is a client that takes headers to no other server than the one that they
// are for, and nothing from https to where anybody can read it.
func (c *Client) following(req *Request) *http.Client {
	client := http.Client{}
	if c.HTTP != nil {
		client = *c.HTTP
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t = t.Clone()
		t.Proxy = proxy
		client.Transport = t
	}
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		first, from := via[0].URL, via[len(via)-1].URL
		switch {
		case len(via) >= maxRedirects:
			return &finalError{fmt.Sprintf("it redirects more than %d times", maxRedirects)}
		case next.URL.Scheme != "https" && (next.URL.Scheme != "http" || from.Scheme == "https"):
			return &finalError{"it redirects to " + address.Shown(next.URL.String())}
		case next.URL.Host != first.Host || next.URL.Scheme != first.Scheme:
			for name := range req.Headers {
				next.Header.Del(name)
			}
		}
		next.Header.Del("Referer") // it may hold a query
		return nil
	}
	return &client
}

// proxy is that of the environment. The error of net/http would show its password.
func proxy(req *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(req)
	if err != nil {
		return nil, &finalError{"the proxy that HTTPS_PROXY or HTTP_PROXY names is no URL"}
	}
	return u, nil
}
