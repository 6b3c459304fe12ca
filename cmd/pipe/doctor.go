package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/base/nvidia"
	"pipe/cmd/pipe/ui"
	"pipe/nn/cpu"
	"pipe/nn/xla"
	"pipe/nn/xla/plugin"

	"github.com/spf13/cobra"
)

// A checkup is what pipe doctor finds out.
type checkup struct {
	CPUs      int           `json:"cpus"`
	Memory    int64         `json:"memory"`    // bytes
	Processor string        `json:"processor"` // the backend, with its kernels
	Driver    nvidia.Driver `json:"driver"`

	Plugin   *plugin.Plugin  `json:"plugin"` // nil if there is none
	Class    string          `json:"class"`  // of a deterministic training in float32 on one device
	Problems plugin.Problems `json:"problems"`
	Looked   []string        `json:"looked,omitempty"`  // where there is no plugin
	Install  string          `json:"install,omitempty"` // the command that would help
	Store    string          `json:"store"`             // the nearest one; empty if there is none

	Start *xla.Report `json:"start,omitempty"` // what the plugin said when it was started

	OK bool `json:"ok"` // whether all that is there can be used

	named bool // whether PIPE_XLA names the plugin
}

func (a *app) doctorCommand() *cobra.Command {
	var asJSON, start bool
	var root string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can train on, and what a GPU lacks",
		Long: `Say which processor and which NVIDIA GPUs there are, which XLA plugin pipe would train with on them and in which
versions, and what is missing or does not fit, with the command that installs it. Nothing is started for that; with
--start the plugin is, and computes a small product, which shows that it works and how long its parts take.

A plugin is looked for at PIPE_XLA (its file, or a folder with one), then in ~/.local/share/pipe/xla, then in an active
virtual environment. Without one everything runs on the processor. docs/gpu.md says more.

The exit code is 0 if all that is there can be used, also without any GPU, and 1 if a GPU or a plugin cannot.`,
		Example: `  pipe doctor
  pipe doctor --start
  pipe doctor --json | jq -r .install
  pipe doctor --root /mnt/image`,
		Args: args(noArgs),
		RunE: func(*cobra.Command, []string) error {
			places := plugin.NewPlaces(a.lookup)
			places.System.Root = root
			if start && root != "" {
				return diag.Usagef("--start is about this machine, --root about another one")
			}
			c := a.examine(places, start)
			if !asJSON {
				a.printMachine(c)
			}
			if start && c.Plugin != nil {
				c.start(func(s xla.Step) {
					if !asJSON {
						fmt.Fprintf(a.out, "%s%s\n", ui.Pad(s.Name, 20), ui.Duration(time.Duration(s.Seconds*float64(time.Second))))
					}
				})
			}
			c.judge()
			if asJSON {
				if err := ui.WriteJSON(a.out, c); err != nil {
					return err
				}
			} else {
				a.printProblems(c)
			}
			if !c.OK {
				return reported{errors.New("something does not fit")}
			}
			return nil
		},
	}
	jsonFlag(cmd, &asJSON, printJSON)
	cmd.Flags().BoolVar(&start, "start", false, "start the plugin and compute with it")
	cmd.Flags().StringVar(&root, "root", "", "look for driver, GPUs and libraries in the system below this folder")
	return cmd
}

// examine looks at everything, without starting anything. wanted says that there
// is to be a plugin also where there is no GPU.
func (a *app) examine(places plugin.Places, wanted bool) *checkup {
	offered := a.host.Capacity()
	c := &checkup{CPUs: offered.CPU, Memory: offered.Memory, Processor: cpu.New().Name(), Driver: places.System.Driver(), Problems: plugin.Problems{}, named: places.XLA != ""}
	// What it cannot find is said by the commands that need it.
	c.Store, _ = a.host.FindStore()
	var missing *plugin.NotFoundError
	x, err := plugin.Find(places)
	switch {
	case err == nil:
		c.Plugin, c.Class = x, x.Class(string(xla.Float32), true, 1)
		c.Problems = append(c.Problems, x.Check()...)
	case errors.As(err, &missing):
		c.Looked = missing.Looked
		// Without a GPU there is nothing that a plugin would be missing for.
		lack := missing.Problem()
		if c.Install = lack.Install; len(c.Driver.GPUs) > 0 || wanted {
			c.Problems = append(c.Problems, lack)
		}
	default:
		c.Problems = append(c.Problems, &plugin.Problem{Message: err.Error(), Todo: diag.HintOf(err)})
	}
	return c
}

// start starts the plugin.
func (c *checkup) start(done func(xla.Step)) {
	var err error
	if c.Start, err = xla.Probe(c.Plugin.Path, done); err != nil {
		c.Problems = append(c.Problems, &plugin.Problem{Message: "the plugin does not start: " + err.Error(), Todo: diag.HintOf(err)})
		return
	}
	if c.Plugin.Platform != plugin.CUDA || len(c.Driver.GPUs) == 0 {
		return
	}
	if said, known := c.Start.Devices[0], c.Driver.GPUs[0].Model; said != known {
		c.Problems = append(c.Problems, &plugin.Problem{Severity: diag.Warning, Message: fmt.Sprintf("the first GPU is %q to the plugin, but %q to the driver", said, known),
			Todo: "set CUDA_DEVICE_ORDER=PCI_BUS_ID if this machine has GPUs of several models"})
	}
}

// judge comes to the conclusions.
func (c *checkup) judge() {
	c.OK = c.Problems.Err() == nil
	for _, p := range c.Problems {
		c.Install = cmp.Or(p.Install, c.Install)
	}
}

// printMachine prints what was found.
func (a *app) printMachine(c *checkup) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(a.out, "%s%s\n", ui.Pad(name, 11), fmt.Sprintf(format, args...))
	}
	row("processor", "%s, %s, %s", ui.Plural(c.CPUs, "CPU"), strings.TrimPrefix(c.Processor, "cpu, "), ui.Bytes(c.Memory))
	for _, g := range c.Driver.GPUs {
		row("GPU "+g.Name, "%s", g.Model)
	}
	if c.Driver.Loaded {
		row("driver", "%s", c.Driver.Version)
	}
	switch {
	case len(c.Driver.GPUs) > 0:
	case c.Driver.Hidden > 0:
		row("GPU", "none: CUDA_VISIBLE_DEVICES hides %d", c.Driver.Hidden)
	default:
		row("GPU", "none")
	}
	if x := c.Plugin; x != nil {
		row("plugin", "%s", x.Path)
		row("class", "%s", c.Class)
	} else if len(c.Looked) > 0 {
		row("plugin", "none in %s", strings.Join(c.Looked, ", "))
	}
	if c.Store != "" {
		row("store", "%s (pipe check examines it)", filepath.Clean(c.Store))
	}
	fmt.Fprintln(a.out)
}

// printProblems prints what follows from it.
func (a *app) printProblems(c *checkup) {
	if c.Start != nil {
		a.printStart(c.Start)
	}
	paint := a.painter(a.out)
	for _, p := range c.Problems {
		color := ui.Yellow
		if p.Severity == diag.Error {
			color = ui.Red
		}
		fmt.Fprintf(a.out, "%s %s\n", paint(color, p.Severity.String()+":"), p.Message)
		todo := p.Todo
		if p.Install != "" {
			todo += ", see below"
		}
		if todo == "" {
			continue
		}
		for line := range strings.SplitSeq(todo, "\n") {
			fmt.Fprintf(a.out, "%s %s\n", paint(ui.Cyan, "hint:"), line)
		}
	}
	switch {
	case len(c.Problems) > 0:
	case c.Plugin == nil:
		fmt.Fprintln(a.out, "everything runs on the processor; to train on an NVIDIA GPU, install a plugin on a machine with one:")
	case c.Plugin.Platform == plugin.CPU && !c.named:
		fmt.Fprintln(a.out, "everything runs on the processor; the plugin computes there too, and is used only if PIPE_XLA names it")
	default:
		fmt.Fprintln(a.out, "all that is there can be used")
	}
	if c.Install != "" {
		fmt.Fprintf(a.out, "\n%s\n", c.Install)
	}
}

// printStart prints what a plugin says that was started.
func (a *app) printStart(r *xla.Report) {
	words := []string{"C API " + r.API}
	if r.Platform != "" {
		words = append(words, r.Platform)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		words = append(words, fmt.Sprintf("%s %v", name, r.Attributes[name]))
	}
	fmt.Fprintf(a.out, "it says             %s\n", strings.Join(words, ", "))
	for i, kind := range r.Devices {
		memory := ""
		if i == 0 && r.Memory > 0 {
			memory = ", of which it may use " + ui.Bytes(r.Memory)
		}
		fmt.Fprintf(a.out, "%s%s%s\n", ui.Pad(fmt.Sprintf("device %d", i), 20), kind, memory)
	}
	fmt.Fprintln(a.out)
}
