package images

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/csv"
)

// The columns of a table of labels.
const (
	fileColumn  = "file"
	labelColumn = "label"
)

// A label is what a table says of a picture.
type label struct {
	text string
	line int64
}

// labelsOf takes the table of labels out of the files, and reads it. Each picture has
// a line there, and each line a picture. Where it is told that other pictures have such a
// table, these need not: their labels are not known then, all of them or some.
func labelsOf(ctx context.Context, name string, in *source.Inputs) (pictures []*source.File, labels map[*source.File]label, err error) {
	files := in.Files
	at := slices.IndexFunc(files, func(f *source.File) bool { return f.Label == name || f.Name == name })
	if at < 0 && in.Carried {
		return files, nil, nil
	}
	if at < 0 {
		return nil, nil, diag.WithHint(fmt.Errorf("labels: %s is none of the %d files that are read", name, len(files)),
			"it is in the folder of the pictures, named as from there, or listed beside them: paths: [\"photos/*.png\", photos/labels.csv]")
	}
	list := files[at]
	pictures = slices.Delete(slices.Clone(files), at, at+1)
	if len(pictures) == 0 {
		return nil, nil, errNone
	}
	byName := make(map[string]*source.File, len(pictures))
	for _, f := range pictures {
		byName[path.Clean(slashed(f.Title()))] = f
	}
	labels = make(map[*source.File]label, len(pictures))
	var fileAt, labelAt int
	names := func(names []string) error {
		fileAt, labelAt = slices.Index(names, fileColumn), slices.Index(names, labelColumn)
		if fileAt < 0 || labelAt < 0 {
			return diag.WithHint(fmt.Errorf("%s has no columns %s and %s", list.Name, fileColumn, labelColumn),
				"its header names them, such as file,label: the first has the picture, as it is called from the folder that is read or from that of the table")
		}
		return nil
	}
	each := func(line int64, fields []string) error {
		name := slashed(fields[fileAt])
		f := byName[path.Clean(name)]
		if f == nil {
			f = byName[path.Join(path.Dir(slashed(list.Title())), name)]
		}
		if f == nil && in.Carried {
			return nil
		}
		if f == nil {
			return diag.WithHint(fmt.Errorf("%s:%d: there is no picture %q", list.Name, line, name),
				fmt.Sprintf("take the line out, or name the picture as %q", pictures[0].Title()))
		}
		if before, ok := labels[f]; ok {
			return fmt.Errorf("%s:%d: %q has a label in line %d already", list.Name, line, name, before.line)
		}
		labels[f] = label{fields[labelAt], line}
		return nil
	}
	if err := csv.Records(ctx, list, names, each); err != nil {
		return nil, nil, err
	}
	if in.Carried {
		return pictures, labels, nil
	}
	return pictures, labels, unlabelled(list, pictures, labels)
}

// unlabelled names the pictures that have no line.
func unlabelled(list *source.File, pictures []*source.File, labels map[*source.File]label) error {
	var without []string
	for _, f := range pictures {
		if _, ok := labels[f]; !ok {
			without = append(without, f.Title())
		}
	}
	if len(without) == 0 {
		return nil
	}
	const most = 3
	text := strings.Join(without[:min(most, len(without))], ", ")
	if more := len(without) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return diag.WithHint(fmt.Errorf("%s has no line for %s", list.Name, text), "add it, with an empty label if none is known, or leave the picture out of path")
}

var errNone = errors.New("there are no pictures")

func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }
