package ingest

import (
	"maps"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// What lets in is named and not written, and goes to one server.
func TestHeaderEnv(t *testing.T) {
	kind := Kind(func(string) (string, bool) { return "", false })
	for with, want := range map[string]string{
		`{path: "https://h/a", header_env: {Authorization: TOKEN, X-Key: "a b _k9"}}`:        "",
		`{paths: ["https://h/a", "https://h/b", c.csv], header_env: {Authorization: TOKEN}}`: "",
		`{path: "https://h/a", header_env: {Authorization: Bearer hid-den}}`:                 "not the name of an environment variable",
		`{path: "https://h/a", header_env: {Authorization: "hid=den"}}`:                      "not the name of an environment variable",
		`{path: "https://h/a", header_env: {Authorization: "Bearer  hidden"}}`:               "not the name of an environment variable",
		`{path: "https://h/a", header_env: {"a b": TOKEN}}`:                                  `"a b" is not the name of a header`,
		`{path: "https://h/a", header_env: {range: TOKEN}}`:                                  "range is a header that says what the download itself needs",
		`{path: "https://h/a", header_env: {X-Key: A, x-key: B}}`:                            "x-key is there twice",
		`{path: a.csv, header_env: {X-Key: A}}`:                                              "nothing is downloaded",
		`{paths: ["https://h/a", "https://i/a"], header_env: {X-Key: A}}`:                    "it would be sent to https://h and https://i",
		`{paths: ["https://h/a?token=1", "https://h/a?token=2"]}`:                            `"https://h/a?token=***" is listed twice`,
	} {
		_, err := pipeline.DecodeStage(kind, with)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hid")) {
			t.Errorf("%s: %v", with, err)
		}
	}
}

func TestDownloadHeaders(t *testing.T) {
	variables := map[string]string{"TOKEN": " s3cret\n", "EMPTY": " ", "BAD": "a\nb"}
	in := &Ingest{lookup: func(name string) (string, bool) { v, ok := variables[name]; return v, ok }}
	in.HeaderEnv = settings.Map[string]{{Key: "Authorization", Value: "Bearer TOKEN"}, {Key: "X-Key", Value: "TOKEN"}}
	got, err := in.DownloadHeaders()
	if err != nil || !maps.Equal(got, map[string]string{"Authorization": "Bearer s3cret", "X-Key": "s3cret"}) {
		t.Error(got, err)
	}
	for name, want := range map[string]string{"EMPTY": "EMPTY", "NONE": "NONE", "BAD": "BAD holds what cannot be sent"} {
		in.HeaderEnv = settings.Map[string]{{Key: "X-Key", Value: name}}
		if _, err := in.DownloadHeaders(); err == nil || !strings.Contains(err.Error()+diag.HintOf(err), want) {
			t.Error(name, err)
		}
	}
}

// The format is told by the path of an address, and not by what is asked there.
func TestFormatOfAnAddress(t *testing.T) {
	for path, want := range map[string]string{
		"https://h/a.parquet?x=b.csv#sha256=" + strings.Repeat("ab", 32): "parquet",
		"https://h/a.jsonl.gz": "jsonl", "https://h.parquet/": "csv", "https://h.parquet": "csv", "https://h/a?x=b.jsonl": "csv",
	} {
		if got := (&Ingest{Place: Place{Path: settings.Paths(path)}}).format(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
