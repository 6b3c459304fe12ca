package pipeline

import (
	"errors"
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
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
	errs = append(errs, undocumented(k.configType(), make(shapes)), k.checkExample())
	return errors.Join(errs...)
}

func (k *Kind) ports() []Port { return append(k.Inputs[:len(k.Inputs):len(k.Inputs)], k.Outputs...) }

// configType is the struct type of the configuration.
func (k *Kind) configType() reflect.Type { return reflect.TypeOf(k.New()).Elem() }

// undocumented names the settings without a doc tag in a struct and below it.
func undocumented(t reflect.Type, seen shapes) error {
	t = structBehind(t)
	if t == nil || seen[t] != nil {
		return nil
	}
	var errs []error
	for _, f := range seen.of(t).fields {
		if f.doc == "" {
			errs = append(errs, fmt.Errorf("setting %q of %v has no documentation", f.name, t))
		}
		errs = append(errs, undocumented(f.typ, seen))
	}
	return errors.Join(errs...)
}

// structBehind is the struct type with settings of its own that a type is or
// is made of, nil if there is none.
func structBehind(t reflect.Type) reflect.Type {
	switch classOf(t) {
	case structClass, choiceClass:
		return t
	case optionalClass, listClass:
		return structBehind(t.Elem())
	case mapClass:
		return structBehind(entryElem(t))
	}
	return nil
}

// checkExample decodes the stages of the kind in its example.
func (k *Kind) checkExample() error {
	p := newProblems("example", []byte(k.Example))
	var stages map[string]struct {
		Uses string
		With yaml.Node
	}
	if err := yaml.Unmarshal([]byte(k.Example), &stages); err != nil {
		return fmt.Errorf("example: %w", err)
	}
	used := false
	for _, s := range stages {
		if s.Uses != k.Name {
			continue
		}
		used = true
		decodeInto(&s.With, position(1, 1), k.New(), p)
	}
	if !used {
		return fmt.Errorf("example: no stage uses %q", k.Name)
	}
	return p.err()
}
