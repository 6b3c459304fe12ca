//go:build !unix

package outfile

import (
	"errors"
	"os"
)

// duplicate is for systems on which an open file has no name.
func duplicate(int) (*os.File, error) { return nil, errors.ErrUnsupported }
