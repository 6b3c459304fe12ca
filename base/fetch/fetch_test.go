package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pipe/base/address"
)

// serve is a server whose n-th answer, counted from 1, answer gives.
func serve(t *testing.T, answer func(n int64, w http.ResponseWriter, r *http.Request)) *httptest.Server {
	s := httptest.NewServer(counted(answer))
	t.Cleanup(s.Close)
	return s
}

func counted(answer func(n int64, w http.ResponseWriter, r *http.Request)) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(n.Add(1), w, r) })
}

// A memory is a Sink.
type memory struct {
	bytes.Buffer
	mark string
}

func (m *memory) Size() int64  { return int64(m.Len()) }
func (m *memory) Mark() string { return m.mark }
func (m *memory) Begin(mark string) error {
	m.Reset()
	m.mark = mark
	return nil
}

func at(t *testing.T, text string) address.Address {
	t.Helper()
	a, err := address.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(t *testing.T, c *Client, text string, headers map[string]string) ([]byte, error) {
	t.Helper()
	var to memory
	_, err := c.Get(t.Context(), Request{Address: at(t, text), Headers: headers}, &to)
	return to.Bytes(), err
}

func quick() *Client { return &Client{Wait: time.Microsecond} }

var file = bytes.Repeat([]byte("0123456789"), 100_000)

// cut sends a part of the file and breaks the connection.
func cut(w http.ResponseWriter, from, to int) {
	w.Header().Set("Content-Length", strconv.Itoa(len(file)-from))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(file)-1, len(file)))
		w.WriteHeader(http.StatusPartialContent)
	}
	w.Write(file[from:to])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestResumed(t *testing.T) {
	var ranges []string
	s := serve(t, func(n int64, w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"v1"`)
		var from int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		switch {
		case n < 4:
			cut(w, from, from+200_000)
		case n == 4:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
		}
	})
	got, err := get(t, quick(), s.URL, nil)
	if err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if len(ranges) != 5 || ranges[0] != "" || !strings.HasPrefix(ranges[4], "bytes=") || ranges[3] != ranges[4] {
		t.Errorf("asked for %q", ranges)
	}
}

// What an earlier process has got is not asked for again, as long as it is of the
// same file. A date is good enough if the file is older than that.
func TestResumedLater(t *testing.T) {
	old := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		tag     string
		date    time.Time
		have    int
		mark    string
		resumed bool
	}{
		"tag":           {tag: `"v1"`, have: 400_000, mark: `"v1"`, resumed: true},
		"date":          {date: old, have: 400_000, mark: old.Format(http.TimeFormat), resumed: true},
		"all is there":  {tag: `"v1"`, have: len(file), mark: `"v1"`, resumed: true},
		"another tag":   {tag: `"v2"`, have: 400_000, mark: `"v1"`},
		"another date":  {date: old.Add(time.Second), have: 400_000, mark: old.Format(http.TimeFormat)},
		"weak tag":      {tag: `W/"v1"`, have: 400_000, mark: `W/"v1"`},
		"no mark":       {tag: `"v1"`, have: 400_000},
		"it is shorter": {tag: `"v2"`, have: len(file) + 10, mark: `"v1"`},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []int64
			s := serve(t, func(n int64, w http.ResponseWriter, r *http.Request) {
				if tt.tag != "" {
					w.Header().Set("ETag", tt.tag)
				}
				c := &counter{ResponseWriter: w}
				http.ServeContent(c, r, "", tt.date, bytes.NewReader(file))
				sent = append(sent, c.n)
			})
			to := memory{mark: tt.mark}
			to.Write(append(slices.Clone(file), file...)[:tt.have])
			want := len(file)
			if tt.resumed {
				want -= tt.have
			} else {
				clear(to.Bytes()) // of something else
			}
			var last int64
			_, err := quick().Get(t.Context(), Request{Address: at(t, s.URL), Progress: func(done, total int64) {
				if last = done; total != int64(len(file)) {
					t.Errorf("of %d bytes", total)
				}
			}}, &to)
			if err != nil || !bytes.Equal(to.Bytes(), file) {
				t.Errorf("%d bytes, %v", to.Len(), err)
			}
			s.Close() // which waits for it to note what it has sent
			if int(sent[len(sent)-1]) != want || want > 0 && last != int64(len(file)) {
				t.Errorf("sent %d bytes, want %d at last; progress %d", sent, want, last)
			}
		})
	}
}

// A counter counts the bytes of a body.
type counter struct {
	http.ResponseWriter
	n    int64
	code int
}

func (c *counter) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

func (c *counter) Write(p []byte) (int, error) {
	if c.code < 400 {
		c.n += int64(len(p))
	}
	return c.ResponseWriter.Write(p)
}

// A file that a server gives from its beginning, or that has changed, is taken from its
// beginning: two halves of two files would be none.
func TestAnew(t *testing.T) {
	other := bytes.Repeat([]byte("abcdefghij"), 100_000)
	for name, answer := range map[string]func(n int64, w http.ResponseWriter, r *http.Request){
		"no parts": func(n int64, w http.ResponseWriter, r *http.Request) {
			if n < 3 {
				cut(w, 0, 300_000*int(n))
			}
			w.Write(other)
		},
		"other parts": func(n int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"a"`)
			if n < 4 && r.Header.Get("Range") == "" {
				cut(w, 0, 300_000)
			}
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", "bytes 0-999999/1000000")
				w.WriteHeader(http.StatusPartialContent)
			}
			w.Write(other)
		},
		"another file": func(n int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", strconv.Itoa(int(min(n, 2))))
			if n == 1 {
				cut(w, 0, 500_000)
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(other))
		},
		"a part of another file": func(n int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", strconv.Quote(strconv.Itoa(int(min(n, 2)))))
			switch n {
			case 1:
				cut(w, 0, 500_000)
			case 2: // in spite of If-Range
				w.Header().Set("Content-Range", "bytes 500000-999999/1000000")
				w.WriteHeader(http.StatusPartialContent)
				w.Write(other[500_000:])
			default:
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(other))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := get(t, quick(), serve(t, answer).URL, nil); err != nil || !bytes.Equal(got, other) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(n int64, w http.ResponseWriter, r *http.Request)
		limit  int64
		want   string
		asked  int64
	}{
		"not there": {func(_ int64, w http.ResponseWriter, _ *http.Request) { http.Error(w, "hidden", http.StatusNotFound) }, 0, "404 Not Found", 1},
		"forbidden": {func(_ int64, w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusForbidden) }, 0, "403 Forbidden", 1},
		"broken": {func(_ int64, w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "", http.StatusInternalServerError)
		}, 0, "500 Internal Server Error, 5 times in a row", 5},
		"hangs up": {func(_ int64, w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, 0, "EOF, 5 times in a row", 5},
		"too large": {func(_ int64, w http.ResponseWriter, _ *http.Request) {
			for { // a body without an end
				if _, err := w.Write(file); err != nil {
					return
				}
			}
		}, 1 << 20, "it has more than 1048576 bytes", 1},
		"says too large": {func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999999")
			w.Write(file[:9])
		}, 1000, "it has more than 1000 bytes", 1},
		"shorter than it says": {func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999999")
			w.Write(file[:9])
		}, 0, "unexpected EOF, 5 times in a row", 5},
		"redirects": {func(_ int64, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/x?key=hidden", http.StatusFound)
		}, 0, "it redirects more than 10 times", 10},
		"another scheme": {func(_ int64, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/hidden", http.StatusFound)
		}, 0, "it redirects to file://***", 1},
		"changes": {func(n int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", strconv.Quote(strconv.Itoa(int(n))))
			if n%2 == 0 {
				cut(w, 1, 2)
			}
			cut(w, 0, 100_000*int(n))
		}, 0, "again and again", 10},
		"wrong range": {func(n int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"a"`)
			cut(w, int(n-1)*7, 500_000)
		}, 0, "206 Partial Content", 3},
		"a part that nobody asked for": {func(n int64, w http.ResponseWriter, _ *http.Request) { cut(w, 7, 500_000) }, 0, "206 Partial Content", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			s := serve(t, func(n int64, w http.ResponseWriter, r *http.Request) { asked.Add(1); tt.answer(n, w, r) })
			_, err := quick().Get(t.Context(), Request{Address: at(t, s.URL+"/data.csv?token=hidden"), Limit: tt.limit}, new(memory))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden") || !strings.HasPrefix(err.Error(), s.URL+"/data.csv?token=***: ") {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if asked.Load() != tt.asked {
				t.Errorf("asked %d times, want %d", asked.Load(), tt.asked)
			}
		})
	}
}

// A server that goes silent is asked again, as is one that sends a byte now and then;
// a download ends with its context.
func TestSilent(t *testing.T) {
	silent := func(_ int64, w http.ResponseWriter, r *http.Request) {
		w.Write(file[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	drip := func(_ int64, w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write(file[:1])
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(time.Millisecond):
			}
		}
	}
	for _, answer := range []func(int64, http.ResponseWriter, *http.Request){silent, drip} {
		c := &Client{Wait: time.Microsecond, Idle: 20 * time.Millisecond, Tries: 2}
		if _, err := get(t, c, serve(t, answer).URL, nil); err == nil || !strings.Contains(err.Error(), "for too long, 2 times in a row") {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(n int64, w http.ResponseWriter, r *http.Request) { cancel(); silent(n, w, r) })
	if _, err := quick().Get(ctx, Request{Address: at(t, s.URL)}, new(memory)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Headers go to the server that they are for, and to no other; the header Referer, which
// would tell it the query, goes nowhere.
func TestHeaders(t *testing.T) {
	var here, there, referer string
	other := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		there, referer = r.Header.Get("X-Key"), r.Header.Get("Referer")
	})
	s := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		here = r.Header.Get("X-Key")
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	headers := map[string]string{"x-key": "hidden"}
	if _, err := get(t, quick(), s.URL+"?token=hidden", headers); err != nil || here != "hidden" || there != "" || referer != "" {
		t.Errorf("here %q, there %q from %q, %v", here, there, referer, err)
	}
	if _, err := get(t, quick(), "http://example.org/", headers); err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "anybody can read") {
		t.Error(err)
	}
}

// Over TLS, whose certificate counts, and never from there to where anybody can read it.
func TestTLS(t *testing.T) {
	plain := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) { t.Error("asked without TLS") })
	s := httptest.NewUnstartedServer(counted(func(n int64, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, plain.URL, http.StatusFound)
			return
		}
		w.Write(file)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of the first client
	s.StartTLS()
	t.Cleanup(s.Close)
	if _, err := get(t, quick(), s.URL, nil); err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "in a row") {
		t.Error(err)
	}
	known := &Client{HTTP: s.Client()}
	if got, err := get(t, known, s.URL, map[string]string{"X-Key": "a"}); err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := get(t, known, s.URL+"/away", nil); err == nil || !strings.Contains(err.Error(), "it redirects to http://") {
		t.Error(err)
	}
}

// What cannot be written ends it at once.
func TestFullSink(t *testing.T) {
	full := errors.New("the disk is full")
	s := serve(t, func(n int64, w http.ResponseWriter, r *http.Request) { w.Write(file) })
	_, err := quick().Get(t.Context(), Request{Address: at(t, s.URL)}, &broken{err: full})
	if !errors.Is(err, full) || strings.Contains(err.Error(), "in a row") {
		t.Error(err)
	}
}

type broken struct {
	memory
	err error
}

func (b *broken) Write([]byte) (int, error) { return 0, b.err }

// TestOpenEnd: where only the end of the connection says that a file ends, nobody knows
// whether it is whole.
func TestOpenEnd(t *testing.T) {
	for how, open := range map[string]bool{"close": true, "chunked": false, "length": false} {
		s := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
			switch how {
			case "close":
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", file[:len(file)/2])
			case "chunked":
				w.Write(file[:10])
				w.(http.Flusher).Flush()
				w.Write(file[10:])
			case "length":
				w.Header().Set("Content-Length", strconv.Itoa(len(file)))
				w.Write(file)
			}
		})
		answer, err := quick().Get(t.Context(), Request{Address: at(t, s.URL)}, new(memory))
		if err != nil || answer.Open != open {
			t.Errorf("%s: open is %v, %v", how, answer.Open, err)
		}
	}
}
