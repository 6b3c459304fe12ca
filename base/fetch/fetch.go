// Package fetch downloads files over HTTP. It goes on where a connection, or an earlier
// process, broke off, and tries again what may work later. What it says of an address
// is what may be shown of it.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"pipe/base/address"
	"pipe/base/diag"
)

// A Client downloads. The zero value is ready to use.
type Client struct {
	HTTP  *http.Client  // nil is one of its own, with the proxy of the environment
	Idle  time.Duration // in which a server sends too little to be waited for; 0 is a minute
	Tries int           // in a row that bring nothing new; 0 is 5
	Wait  time.Duration // before the second try, twice as long before each next; 0 is a second
}

// A Request is what is to be downloaded.
type Request struct {
	Address  address.Address
	Headers  map[string]string       // sent to the server of the address, and to no other that it sends us on to
	Limit    int64                   // most bytes of the file; 0 is Most
	Progress func(done, total int64) // bytes; total is 0 if nobody knows it; may be nil
	Retry    func(err error)         // told before another try; may be nil
}

// Most is what a file may have at most, in bytes.
const Most = 256 << 30

// A Sink takes what is downloaded. It may hold the beginning already.
type Sink interface {
	io.Writer
	// Size is how many bytes it holds.
	Size() int64
	// Mark is what the server called the file that they are the beginning of.
	Mark() string
	// Begin drops what it holds. What is written next belongs to a file of a mark.
	Begin(mark string) error
}

// An Answer is what a server said of a file, as far as it can be believed.
type Answer struct {
	Type string // of its content: "text/html; charset=utf-8"
	// Open says that nothing told where the file ends but that the connection did, so
	// that nobody knows whether it is whole.
	Open bool
}

// A StatusError is an answer that is no file.
type StatusError struct{ Code int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.Code, http.StatusText(e.Code))
}

// leastRate is how many bytes have to come in the time that a server may be idle: one
// that sends a byte now and then is none.
const leastRate = 1 << 10

const (
	usualIdle    = time.Minute
	usualTries   = 5
	usualWait    = time.Second
	longestWait  = time.Minute
	maxRedirects = 10
	bufferSize   = 128 << 10
)

// Get writes the file to the sink. After an error the sink holds what has come, if it
// is of use for another Get.
func (c *Client) Get(ctx context.Context, req Request, to Sink) (Answer, error) {
	answer, err := c.get(ctx, &req, to)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", req.Address, err)
	}
	return answer, err
}

func (c *Client) get(ctx context.Context, req *Request, to Sink) (Answer, error) {
	d := &download{Client: c, Request: req, to: to, client: c.following(req), limit: or(req.Limit, Most)}
	if c.HTTP == nil {
		defer d.client.CloseIdleConnections()
	}
	if len(req.Headers) > 0 && !isSafe(req.Address) {
		return Answer{}, diag.WithHint(errors.New("headers would be sent where anybody can read them"), "use https://")
	}
	wait := or(c.Wait, usualWait)
	for failed := 0; ; {
		before := d.most
		answer, err := d.try(ctx)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
		again := (*failure)(nil)
		if !errors.As(err, &again) {
			return Answer{}, err
		}
		if failed++; d.most > before {
			failed, wait = 1, or(c.Wait, usualWait)
		}
		if failed == or(c.Tries, usualTries) {
			if failed > 1 {
				err = fmt.Errorf("%w, %d times in a row", err, failed)
			}
			return Answer{}, diag.WithHint(err, "run again later")
		}
		if req.Retry != nil {
			req.Retry(err)
		}
		select {
		case <-ctx.Done():
			return Answer{}, context.Cause(ctx)
		case <-time.After(min(longestWait, max(again.after, wait))):
		}
		wait = min(2*wait, longestWait)
	}
}

func or[T comparable](v, usual T) T {
	var zero T
	if v == zero {
		return usual
	}
	return v
}

// isSafe says whether what is sent to a server is read by nobody else.
func isSafe(a address.Address) bool {
	u, err := url.Parse(a.URL())
	return err == nil && (u.Scheme == "https" || slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()))
}

// A failure is one that another try may not have.
type failure struct {
	err   error
	after time.Duration // when the server wants to be asked again
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// A download is the state of a file.
type download struct {
	*Client
	*Request
	to     Sink
	client *http.Client
	limit  int64
	most   int64 // bytes that the sink has held
	anew   int   // how often the file was another one

	noParts bool // the server does not give the parts that it is asked for
}

// errIdle is why a try ended.
var errIdle = errors.New("the server sent nothing, or next to nothing, for too long")

// try asks for what is left.
func (d *download) try(ctx context.Context) (Answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(or(d.Idle, usualIdle), func() { cancel(errIdle) })
	defer idle.Stop()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Address.URL(), nil)
	if err != nil {
		return Answer{}, errors.New("it cannot be asked for")
	}
	for name, value := range d.Headers {
		ask.Header.Set(name, value)
	}
	// A compressed answer would have other bytes, and no part of it can be asked for.
	ask.Header.Set("Accept-Encoding", "identity")
	if ask.Header.Get("User-Agent") == "" {
		ask.Header.Set("User-Agent", "pipe")
	}
	if d.to.Size() > 0 && d.to.Mark() != "" && !d.noParts {
		ask.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.to.Size()))
		ask.Header.Set("If-Range", d.to.Mark())
	}
	resp, err := d.client.Do(ask)
	if err != nil {
		return Answer{}, failed(ctx, err)
	}
	defer resp.Body.Close()
	if d.isComplete(resp) {
		return Answer{}, nil
	}
	if err := d.begin(resp); err != nil {
		return Answer{}, err
	}
	open := resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && resp.ProtoMajor < 2
	return Answer{Type: resp.Header.Get("Content-Type"), Open: open}, d.copy(ctx, resp, idle)
}

// copy writes an answer behind what there is.
func (d *download) copy(ctx context.Context, resp *http.Response, idle *time.Timer) error {
	buf := make([]byte, bufferSize)
	total, left := int64(0), int64(-1)
	if resp.ContentLength >= 0 {
		left = resp.ContentLength
		total = d.to.Size() + left
	}
	for since := 0; ; {
		n, err := resp.Body.Read(buf)
		if since += n; since >= leastRate {
			idle.Reset(or(d.Idle, usualIdle))
			since = 0
		}
		if d.to.Size()+int64(n) > d.limit {
			return d.tooLarge()
		}
		if _, err := d.to.Write(buf[:n]); err != nil {
			return err
		}
		left -= int64(n)
		d.most = max(d.most, d.to.Size())
		if d.Progress != nil {
			d.Progress(d.to.Size(), total)
		}
		switch {
		case err == io.EOF && left > 0: // net/http finds it out, but says so in few cases only
			return &failure{err: io.ErrUnexpectedEOF}
		case err == io.EOF:
			return nil
		case err != nil:
			return failed(ctx, err)
		}
	}
}

func (d *download) tooLarge() error {
	return fmt.Errorf("it has more than %d bytes, which is the limit", d.limit)
}
