package pipeline

import (
	"path/filepath"

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
