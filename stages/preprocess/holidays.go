package preprocess

import (
	"fmt"
	"io"
	"slices"

	"pipe/data/feature"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// readHolidays takes the days of all steps from their files.
func (s *Preprocess) readHolidays(env pipeline.Env) error {
	files := settings.Files(s)
	for _, step := range s.steps() {
		date, ok := step.Setting.(*feature.Date)
		if !ok || date.Holidays == nil || date.Holidays.File == "" {
			continue
		}
		at := slices.IndexFunc(files, func(f settings.File) bool { return f.Path == string(date.Holidays.File) })
		in, err := env.Open(files[at].Name)
		if err != nil {
			return err
		}
		err = date.Holidays.Read(io.NewSectionReader(in, 0, in.Size()))
		in.Close()
		if err != nil {
			return fmt.Errorf("holidays: %s: %w", in.Name, err)
		}
	}
	return nil
}

// steps are those of all chains.
func (s *Preprocess) steps() []feature.Step {
	defaults := s.Defaults.defaults()
	steps := slices.Concat(defaults.Number.Chain, defaults.Text.Chain, defaults.Bool.Chain, defaults.Date.Chain)
	for _, f := range s.Features {
		steps = append(steps, f.Value.Chain...)
	}
	for i := range s.Cross {
		steps = append(steps, s.Cross[i].Steps()...)
	}
	return steps
}

// tables are the inputs that are no files of the settings.
func (s *Preprocess) tables(env pipeline.Env) []string {
	files := settings.Files(s)
	return slices.DeleteFunc(slices.Clone(env.Inputs()), func(port string) bool {
		return slices.ContainsFunc(files, func(f settings.File) bool { return f.Name == port })
	})
}
