package pipeline

import (
	"os"

	"pipe/base/infile"
)

// A PeekedFile is an external file whose content nobody has verified.
type PeekedFile struct {
	*os.File
	Path string // as it was written, for messages
	Size int64
}

// peek opens an external file.
func peek(f FileInput) (*PeekedFile, error) {
	file, err := infile.Open(f.Resolved)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &PeekedFile{file, f.Path, info.Size()}, nil
}
