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

// checkExample decodes the example, and what it has in canonical form.
func (k *Kind) checkExample() error {
	stages, err := k.exampleStages()
	if err == nil && len(stages) == 0 {
		return fmt.Errorf("example: no stage uses %q", k.Name)
	}
	for _, s := range stages {
		err = errors.Join(err, CheckCanonical(k, s))
	}
	return err
}

// exampleStages are the stages of the kind in its example, configured.
func (k *Kind) exampleStages() ([]Stage, error) {
	p := settings.NewProblems("example", []byte(k.Example))
	doc := settings.Parse([]byte(k.Example), p)
	if doc == nil {
		return nil, p.Err()
	}
	var stages []Stage
	for i := 1; doc.Root.Is(settings.Mapping) && i < len(doc.Root.Content); i += 2 {
		n := doc.Root.Content[i]
		if _, uses := n.Child("uses"); uses == nil || uses.Value != k.Name {
			continue
		}
		_, with := n.Child("with")
		stage := k.New()
		settings.Decode(with, settings.At(1, 1), stage, p)
		stages = append(stages, stage)
	}
	return stages, p.Err()
}

// CheckCanonical finds out whether a configured stage of a kind is the same when
// it comes out of its canonical form, as on another machine.
func CheckCanonical(k *Kind, s Stage) error {
	b := settings.Canonical(s)
	again, err := k.FromCanonical(b, settings.Files(s)...)
	if err != nil {
		return fmt.Errorf("%s: %w", b, err)
	}
	if have, want := settings.JSON(again), settings.JSON(s); string(have) != string(want) {
		return fmt.Errorf("%s came out of its canonical form as %s", want, have)
	}
	return nil
}
