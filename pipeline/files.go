package pipeline

import (
	"encoding/json"
	"path/filepath"
	"slices"

	"pipe/artifacts"
	"pipe/base/address"
	"pipe/base/glob"
	"pipe/pipeline/settings"
)

// fileInputs are the external files that the settings of a stage name. dir is what
// their paths are relative to.
func fileInputs(stage Stage, dir string) []FileInput {
	var list []FileInput
	leaver, leaves := stage.(Leaver)
	for _, f := range settings.Files(stage) {
		in := FileInput{Port: f.Name, Path: f.Path, Type: File, Several: f.Several}
		in.InPlace = leaves && leaver.LeavesInPlace(f.Name)
		path := f.Path
		switch f.Kind {
		case settings.OnServer:
			if at, err := address.Parse(f.Path); err == nil { // it was decoded
				in.Address, in.Path, in.Artifact = &at, at.String(), artifacts.ID(at.Sum)
			}
			list = append(list, in)
			continue
		case settings.AllBelow:
			in.Type = Directory
		case settings.Matching:
			in.Type = Directory
			if in.Pattern, _ = glob.Parse(f.Pattern); in.Pattern != nil { // it was decoded
				path = in.Pattern.Folder
			}
		}
		// Cleaned, so that ".." is the folder that one reads in the path, also
		// behind a symbolic link.
		in.Resolved = filepath.Clean(filepath.FromSlash(path))
		if !filepath.IsAbs(in.Resolved) {
			in.Resolved = filepath.Join(dir, in.Resolved)
		}
		list = append(list, in)
	}
	return list
}

// RecordedParams are the parameters as they are stored and shown: of those that are
// addresses of files, alone or in a list, without what may let somebody in.
func (p *Plan) RecordedParams() []Param {
	list := slices.Clone(p.Params)
	for i, param := range list {
		texts := make([]string, 1)
		alone := json.Unmarshal(param.Value, &texts[0]) == nil
		if !alone && json.Unmarshal(param.Value, &texts) != nil {
			continue
		}
		nodes, secret := make([]*settings.Node, len(texts)), false
		for j, text := range texts {
			if a, err := address.Parse(text); err == nil && a.HasSecret() && p.reads(a) {
				text, secret = a.Kept(), true
			}
			nodes[j] = &settings.Node{Type: settings.Text, Value: text}
		}
		switch {
		case secret && alone:
			list[i].Value = nodes[0].JSON()
		case secret:
			list[i].Value = (&settings.Node{Type: settings.List, Content: nodes}).JSON()
		}
	}
	return list
}

// reads says whether a stage reads what an address names.
func (p *Plan) reads(a address.Address) bool {
	return slices.ContainsFunc(p.Steps, func(s *Step) bool {
		return slices.ContainsFunc(s.Files, func(f FileInput) bool { return f.Address != nil && f.Address.URL() == a.URL() })
	})
}
