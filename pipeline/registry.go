package pipeline

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"pipe/pipeline/settings"
)

// A Registry is the set of stage kinds that pipeline files can use. It does
// not change after it was made, and may be used from several goroutines.
type Registry struct {
	kinds  []*Kind // sorted by name
	byName map[string]*Kind
}

// NewRegistry makes a registry. It panics on a kind that is incomplete and on two
// kinds of one name: these are mistakes of programmers, found at start-up. Their
// settings are not looked at here, which would cost each command milliseconds:
// see Kind.CheckSettings.
func NewRegistry(kinds ...Kind) *Registry {
	r := &Registry{byName: make(map[string]*Kind, len(kinds))}
	for _, k := range kinds {
		if err := checkKind(&k); err != nil {
			panic(fmt.Sprintf("pipeline: kind %q: %v", k.Name, err))
		}
		if r.byName[k.Name] != nil {
			panic(fmt.Sprintf("pipeline: two kinds are named %q", k.Name))
		}
		r.byName[k.Name] = &k
		r.kinds = append(r.kinds, &k)
	}
	slices.SortFunc(r.kinds, func(a, b *Kind) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// Lookup finds the kind of a name, which is what `uses` says.
func (r *Registry) Lookup(name string) (*Kind, bool) {
	k, ok := r.byName[name]
	return k, ok
}

// Kinds lists the kinds by name.
func (r *Registry) Kinds() []*Kind { return slices.Clone(r.kinds) }

// Names lists the names of the kinds, sorted.
func (r *Registry) Names() []string {
	names := make([]string, len(r.kinds))
	for i, k := range r.kinds {
		names[i] = k.Name
	}
	return names
}

// identifier is what kinds, ports and types of ports are named.
var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// checkKind finds the mistakes that would make a kind unusable. Settings and
// documentation are checked by pipelinetest.Conform.
func checkKind(k *Kind) error {
	var errs []error
	if !identifier.MatchString(k.Name) {
		errs = append(errs, errors.New("its name must be lower-case letters, digits and underscores"))
	}
	if k.Version < 1 {
		errs = append(errs, errors.New("its version must be at least 1"))
	}
	errs = append(errs, checkPorts(k.Inputs, true), checkPorts(k.Outputs, false), checkNew(k))
	return errors.Join(errs...)
}

func checkPorts(ports []Port, inputs bool) error {
	seen := make(map[string]bool, len(ports))
	for _, p := range ports {
		switch {
		case !identifier.MatchString(p.Name) && (p.Name != "*" || !inputs):
			return fmt.Errorf("bad port name %q", p.Name)
		case seen[p.Name]:
			return fmt.Errorf("two ports are named %q", p.Name)
		case !identifier.MatchString(string(p.Type)), p.Type == Any && !inputs:
			return fmt.Errorf("port %q has the bad type %q", p.Name, p.Type)
		}
		seen[p.Name] = true
	}
	return nil
}

// checkNew looks at New. Every call must give a new struct, or stages would share
// their settings.
func checkNew(k *Kind) error {
	if k.New == nil {
		return errors.New("field New is missing")
	}
	stage := k.New()
	v := reflect.ValueOf(stage)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("field New must return a pointer to a struct, not %T", stage)
	}
	if v.Elem().Type().Size() > 0 && k.New() == stage {
		return errors.New("field New returned the same stage twice")
	}
	return nil
}

// CheckSettings finds the mistakes in the tags of the settings, and settings that
// New has filled in or that have the name of a port that is not optional. pipelinetest.Conform calls it.
func (k *Kind) CheckSettings() error {
	stage := k.New()
	if err := settings.Check(stage); err != nil {
		return err
	}
	for _, f := range settings.Fields(stage) {
		if f.IsSet {
			return fmt.Errorf("field New set %q; defaults are tags", f.Name)
		}
		if f.IsFile && slices.ContainsFunc(k.Inputs, func(p Port) bool { return p.Name == f.Name && !p.Optional }) {
			return fmt.Errorf("a file setting has the name of the input port %q, which is not optional: only one of them can be given", f.Name)
		}
	}
	return nil
}

// DecodeStage makes a stage of a kind from the YAML text of its `with:`
// mapping, in which there are no parameters. The error is a diag.List.
func DecodeStage(k Kind, text string) (Stage, error) {
	stage := k.New()
	if err := settings.DecodeFile("with", []byte(text), stage); err != nil {
		return nil, err
	}
	return stage, nil
}

// FromCanonical makes a configured stage of the kind from the canonical form of
// its settings and its external files, as another process has sent them.
func (k *Kind) FromCanonical(config []byte, files ...settings.File) (Stage, error) {
	s := k.New()
	if err := settings.FromCanonical(config, s, files...); err != nil {
		return nil, fmt.Errorf("kind %q: %w", k.Name, err)
	}
	return s, nil
}
