package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage/clean"
	"pipe/pipeline/settings"
)

// A Config is the file config.yaml of a store: what holds for all pipelines
// that use it.
type Config struct {
	Retention RetentionConfig `yaml:"retention" doc:"What pipe gc keeps."`
	Machine   MachineConfig   `yaml:"machine" doc:"What the stages of a run may use together."`
	Files     FilesConfig     `yaml:"files" doc:"What pipelines may read."`
}

// A FilesConfig says what pipelines may read.
type FilesConfig struct {
	Allow []string `yaml:"allow" doc:"Folders outside of the project whose files pipelines may read."`
}

// Validate implements settings.Validator.
func (c *FilesConfig) Validate() error {
	for i, folder := range c.Allow {
		if !filepath.IsAbs(folder) {
			return &settings.FieldError{Field: fmt.Sprintf("allow.%d", i), Err: errors.New(strconv.Quote(folder) + " is not an absolute path"),
				Todo: "write the whole path, as in /data/images"}
		}
	}
	return nil
}

// A RetentionConfig says what a clean-up keeps.
type RetentionConfig struct {
	KeepRuns       int `yaml:"keep_runs" default:"10" min:"1" doc:"The newest runs of each pipeline that gave a result."`
	KeepDays       int `yaml:"keep_days" default:"30" min:"0" max:"36500" doc:"And all runs that are younger than this."`
	KeepFailedDays int `yaml:"keep_failed_days" default:"7" min:"0" max:"36500" doc:"Failed and interrupted runs that are younger than this."`
}

// Rule is what the configuration asks for.
func (c RetentionConfig) Rule() clean.Retention {
	const day = 24 * time.Hour
	return clean.Retention{Runs: c.KeepRuns, Age: time.Duration(c.KeepDays) * day, FailedAge: time.Duration(c.KeepFailedDays) * day}
}

// A MachineConfig says what the stages of a run may use together.
type MachineConfig struct {
	CPU    int            `yaml:"cpu" default:"0" min:"0" max:"4096" doc:"CPU slots; 0 is one for each CPU."`
	Memory settings.Bytes `yaml:"memory" default:"0B" doc:"Main memory, as in 512MiB or 4GB; 0B is all that the machine has."`
	GPU    int            `yaml:"gpu" default:"-1" min:"-1" max:"1024" doc:"GPU slots; -1 is one for each NVIDIA GPU that is found."`

	Limits settings.Map[int] `yaml:"limits" doc:"How many units there are of what has a name, as in {warehouse: 2}, for resources.limits of stages."`

	CheckpointEvery time.Duration `yaml:"checkpoint_every" default:"0s" min:"0s" doc:"How much work of a long stage a killed process may cost; 0s is 30 seconds, or more where saving takes long."`
}

// maxConfig is the most that a configuration may have, in bytes.
const maxConfig = 1 << 20

// Validate implements settings.Validator.
func (c *MachineConfig) Validate() error {
	var errs []error
	for _, l := range c.Limits {
		if l.Value < 0 {
			errs = append(errs, settings.FieldErrorf("limits."+l.Key, "%d is below 0", l.Value))
		}
	}
	return errors.Join(errs...)
}

// ConfigFile is the configuration of a store.
func ConfigFile(store string) string { return filepath.Join(store, "config.yaml") }

// readConfig reads the configuration of a store; without a file it is that of
// an empty one.
func readConfig(store string) (Config, error) {
	var c Config
	path := ConfigFile(store)
	text, err := infile.ReadAll(path, maxConfig)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // whoever opens the store complains
		return c, diag.Usage(err)
	}
	return c, settings.DecodeFile(path, text, &c)
}
