package pipeline

import (
	"errors"
	"fmt"

	"pipe/pipeline/settings"
)

// CheckDocs finds what the documentation of a kind lacks: a text for the kind
// and each port and setting, and an example whose stages of the kind decode.
func (k *Kind) CheckDocs() error {
	var errs []error
	if k.Doc == "" {
		errs = append(errs, fmt.Errorf("kind %q has no documentation", k.Name))
	}
	for _, p := range k.ports() {
		if p.Doc == "" {
			errs = append(errs, fmt.Errorf("port %q has no documentation", p.Name))
		}
	}
	errs = append(errs, settings.CheckDocs(k.New()), k.checkExample())
	return errors.Join(errs...)
}

func (k *Kind) ports() []Port { return append(k.Inputs[:len(k.Inputs):len(k.Inputs)], k.Outputs...) }

// checkExample decodes the stages of the kind in its example.
func (k *Kind) checkExample() error {
	p := settings.NewProblems("example", []byte(k.Example))
	doc := settings.Parse([]byte(k.Example), p)
	if doc == nil {
		return p.Err()
	}
	used := false
	for i := 1; doc.Root.Is(settings.Mapping) && i < len(doc.Root.Content); i += 2 {
		stage := doc.Root.Content[i]
		if _, uses := stage.Child("uses"); uses == nil || uses.Value != k.Name {
			continue
		}
		used = true
		_, with := stage.Child("with")
		settings.Decode(with, settings.At(1, 1), k.New(), p)
	}
	if !used {
		return fmt.Errorf("example: no stage uses %q", k.Name)
	}
	return p.Err()
}
