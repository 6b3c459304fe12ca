package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"pipe/base/diag"
	"pipe/pipeline/pipelinetest"
)

func compress(t *testing.T, packing, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if packing == "zstd" {
		enc, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w = enc
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A compressed file gives the table of what it holds, whatever its name: the name
// says the format, and the bytes say how they are compressed.
func TestCompressed(t *testing.T) {
	var large strings.Builder
	large.WriteString("n,word\n")
	for i := range 500_000 {
		fmt.Fprintf(&large, "%d,w%d\n", i, i%7)
	}
	for _, tt := range []struct{ name, text string }{
		{"data.csv", "a,b\n1,x\n2,y\n"},
		{"data.jsonl", `{"a": 1, "b": "x"}` + "\n"},
		{"large.csv", large.String()},
	} {
		plain := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: " + tt.name, Inputs: map[string][]byte{"path": []byte(tt.text)}})
		for packing, ending := range map[string]string{"gzip": ".gz", "zstd": ".zst"} {
			packed := compress(t, packing, tt.text)
			for _, name := range []string{tt.name + ending, tt.name} {
				r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: " + name, Inputs: map[string][]byte{"path": packed}})
				if !bytes.Equal(r.Outputs["table"], plain.Outputs["table"]) {
					t.Errorf("%s in %s: another table", tt.name, name)
				}
				if !strings.Contains(r.Log, "packing="+packing) {
					t.Errorf("the log does not say that it is packed: %s", r.Log)
				}
			}
		}
	}
}

func TestCompressedRefused(t *testing.T) {
	text := "a\n" + strings.Repeat("1\n", 100_000)
	for _, tt := range []struct {
		with, want, hint string
		data             []byte
	}{
		{"path: x.csv.gz\nunpack_limit: 100kB", "more than 100000 bytes come out of its", "unpack_limit", compress(t, "gzip", text)},
		{"path: x.csv.gz", "the gzip data end too early, at byte 60", "download it again", compress(t, "gzip", text)[:60]},
		{"path: x.csv.gz", "is empty", "", compress(t, "gzip", "")},
		{"path: x.csv.gz", `x.csv.gz:2: row 1`, "", compress(t, "gzip", "a,b\n1\n")},
	} {
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: tt.with, Inputs: map[string][]byte{"path": tt.data}})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(diag.HintOf(err), tt.hint) {
			t.Errorf("%s: %v; hint %s", tt.with, err, diag.HintOf(err))
		}
	}
}
