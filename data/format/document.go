package format

import (
	"io"

	"pipe/artifacts"
	"pipe/base/jsondiff"
	"pipe/pipeline"
)

// transforms are fitted transforms, as JSON.
func transforms() Format {
	return Format{Type: pipeline.Transform, Ending: ".json", Structured: true, Difference: jsonDifference}
}

// metrics are documents of what was measured, as JSON.
func metrics() Format {
	return Format{Type: pipeline.Metrics, Ending: ".json", Difference: jsonDifference}
}

// reports are pages of HTML.
func reports() Format { return Format{Type: pipeline.Report, Ending: ".html"} }

// policies are what agents have learned.
func policies() Format { return Format{Type: pipeline.Policy, Structured: true} }

// files are bytes of which nothing is known.
func files() Format { return Format{Type: pipeline.File} }

// maxDocument bounds what is read into memory to be compared as JSON.
const maxDocument = 256 << 20

func jsonDifference(was, is *artifacts.File) (string, error) {
	if was.Size() > maxDocument || is.Size() > maxDocument {
		return "", nil
	}
	a, err := io.ReadAll(io.NewSectionReader(was, 0, was.Size()))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.NewSectionReader(is, 0, is.Size()))
	if err != nil {
		return "", err
	}
	return firstChange(a, b)
}

func firstChange(a, b []byte) (string, error) {
	changes, err := jsondiff.Bytes(a, b)
	if err != nil || len(changes) == 0 {
		return "", err
	}
	return changes[0].String(), nil
}

// firstChangeOf says what the first difference between the documents of two things is.
func firstChangeOf[M any](a, b M, document func(M) ([]byte, error)) (string, error) {
	x, err := document(a)
	if err != nil {
		return "", err
	}
	y, err := document(b)
	if err != nil {
		return "", err
	}
	return firstChange(x, y)
}
