package glob_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"pipe/base/glob"
)

func TestWalk(t *testing.T) {
	tree := fstest.MapFS{}
	for _, name := range []string{
		"a.png", "b.PNG", "c.txt", ".hidden.png", "cat/1.png", "cat/2.jpg", "cat/deep/3.png", ".git/4.png", "dog/.trash/5.png", "dog/x[1].png",
	} {
		tree[name] = &fstest.MapFile{}
	}
	for pattern, want := range map[string]string{
		"*.png":         "a.png",
		"*/*.png":       "cat/1.png dog/x[1].png",
		"**/*.png":      "a.png cat/1.png cat/deep/3.png dog/x[1].png",
		"**":            "a.png b.PNG c.txt cat/1.png cat/2.jpg cat/deep/3.png dog/x[1].png",
		"*/**":          "cat/1.png cat/2.jpg cat/deep/3.png dog/x[1].png",
		"**/deep/**":    "cat/deep/3.png",
		"**/**/*.jpg":   "cat/2.jpg",
		".*/*":          ".git/4.png",
		"**/.*":         ".hidden.png",
		"[a-b].*":       "a.png b.PNG",
		"?at/?.jp*":     "cat/2.jpg",
		"*/x\\[1].png":  "dog/x[1].png",
		"c.txt":         "c.txt",
		"*.gif":         "",
		"./*.txt":       "c.txt",
		"*//deep/*.png": "cat/deep/3.png",
	} {
		p, err := glob.Parse(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		var got []string
		if err := p.Walk(t.Context(), tree, func(name string, _ fs.DirEntry) error { got = append(got, name); return nil }); err != nil {
			t.Error(err)
		}
		slices.Sort(got)
		if have := strings.Join(got, " "); have != want {
			t.Errorf("%s: got %s, want %s", pattern, have, want)
		}
		for name := range tree {
			if p.Match(name) != slices.Contains(got, name) {
				t.Errorf("%s: Match and Walk differ about %s", pattern, name)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for pattern, folder := range map[string]string{
		"*.png": ".", "data/images/**/*.png": "data/images", "../x/*.png": "../x", "/data/*": "/data", "/*": "/", "a/b.png": "a", "./a/*": "a",
	} {
		if p, err := glob.Parse(pattern); err != nil || p.Folder != folder {
			t.Errorf("%s: %+v, %v, want the folder %s", pattern, p, err, folder)
		}
	}
	for pattern, want := range map[string]string{
		"": "ends with a folder", "data/": "ends with a folder", "/": "ends with a folder", "*/../x": "comes behind", "a**/b": "element of its own",
		"[a": "no pattern", `a\`: "no pattern", strings.Repeat("*/", 64) + "*": "the most are",
	} {
		if _, err := glob.Parse(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", pattern, err, want)
		}
	}
}

// No pattern and no name is too much.
func TestMatchEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("a*?[]/.\\-")), 0, 40, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.RuneFrom([]rune("a./b")), 0, 60, -1).Draw(t, "name")
		if p, err := glob.Parse(pattern); err == nil {
			p.Match(name)
		}
	})
}
