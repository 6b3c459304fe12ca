package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipe/base/diag"
	"pipe/base/nvidia"
	"pipe/cmd/pipe/ui"
	"pipe/nn/xla/plugin"
	"pipe/pipeline"
	"pipe/runner/machine"
	"pipe/stages"
	"pipe/stages/exec"
	"pipe/workspace"
)

// An app is one invocation of the command line.
type app struct {
	in       io.Reader
	out, err *ui.Output
	lookup   func(string) (string, bool) // environment variables
	calledAs func() string               // how to call this program in a shell
	commands *exec.Supervisor            // of exec stages
	host     *workspace.Host

	noColor bool // --no-color
}

func newApp(in io.Reader, out, err io.Writer, lookup func(string) (string, bool)) *app {
	a := &app{in: in, out: ui.NewOutput(out), err: ui.NewOutput(err), lookup: lookup, commands: exec.NewSupervisor()}
	x := processors{plugin.NewPlaces(lookup)}
	a.host = newHost(lookup, func() *pipeline.Registry { return stages.All(lookup, a.commands, x) })
	a.host.Processors = x.identity
	a.calledAs = sync.OnceValue(func() string {
		if builtByGoRun() {
			return goRun
		}
		return "pipe"
	})
	return a
}

// machineLocks is the file in which all processes of the machine, of whichever
// user, lock what they use of it. PIPE_MACHINE names another one.
const machineLocks = "/tmp/pipe.slots"

// newHost is this process as its environment describes it.
func newHost(lookup func(string) (string, bool), registry func() *pipeline.Registry) *workspace.Host {
	locks := machineLocks
	if path, ok := lookup("PIPE_MACHINE"); ok && path != "" {
		locks = path
	}
	h := workspace.NewHost(sync.OnceValue(registry))
	h.Locks = machine.NewLocks(locks)
	h.Environ = os.Environ()
	h.NVIDIA = nvidia.NewSystem(lookup)
	if dir, ok := lookup("PIPE_STORE"); ok {
		h.Store = dir
	}
	return h
}

func (a *app) gpuFlag(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.host.GPUs, "gpus", a.host.GPUs, "GPU slots of a run; -1: machine.gpu of config.yaml, or all that are found")
}

// withWorkspace does something with a store, and lets go of it.
func withWorkspace(open func() (*workspace.Workspace, error), do func(*workspace.Workspace) error) error {
	ws, err := open()
	if err != nil {
		return err
	}
	defer ws.Close()
	return do(ws)
}

// What --json of most commands is about.
const (
	printJSON   = "print JSON"
	printEvents = "print events as JSON, one object a line"
)

func jsonFlag(cmd *cobra.Command, asJSON *bool, usage string) {
	cmd.Flags().BoolVar(asJSON, "json", false, usage)
}

// execute parses the arguments, runs the command and prints its error.
func (a *app) execute(ctx context.Context, args []string) int {
	if err := a.crashPoints(); err != nil {
		a.printError(err)
		return exitCode(err)
	}
	root := a.root()
	refuseUnknown(root)
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = a.out.Failure()
	}
	if err != nil && !isReported(err) {
		a.printError(err)
	}
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "pipe",
		Short: "From a YAML file to a trained, evaluated, explained model",
		Long: `pipe runs machine-learning pipelines that are written as YAML: it reads data, splits and preprocesses it,
trains neural networks, evaluates them, and records every artifact with its lineage. What is already made
is not made again, and the same inputs and seed give the same bytes.

` + exitCodeHelp(),
		Example: `  pipe run pipelines/penguins.yaml        run a pipeline, or do nothing if all is up to date
  pipe plan pipelines/penguins.yaml       say what a run would do
  pipe ls                                 list past runs
  pipe report                             write the report of the latest run
  pipe stages                             list the kinds of stages
  pipe stages describe train              explain one kind with all its settings`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				_, err := fmt.Fprintln(a.out, workspace.BuildVersion())
				return err
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&showVersion, "version", false, "print the version, as pipe version does")
	root.SetFlagErrorFunc(flagError)
	// The host may know of a store from the environment, which help does not show.
	root.PersistentFlags().StringVar(&a.host.Store, "store", a.host.Store, "store directory (default: .pipe beside the pipeline file, or the nearest one)")
	root.PersistentFlags().Lookup("store").DefValue = ""
	root.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "plain text without colours")
	for _, g := range a.groups() {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID(aboutGroup)
	root.SetCompletionCommandGroupID(aboutGroup)
	return root
}

// refuseUnknown lets help about a command that is not there be an error, for which
// cobra would show that about all.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		return
	}
	help.Args = func(_ *cobra.Command, words []string) error {
		cmd, rest, err := root.Find(words)
		if err == nil && cmd == root {
			err = noArgs(root, rest)
		}
		return err
	}
}

// A group is commands that help shows together.
type group struct {
	id, title string
	commands  []*cobra.Command
}

const aboutGroup = "about" // pipe itself

func (a *app) groups() []group {
	return []group{
		{"run", "Run pipelines:", []*cobra.Command{
			a.runCommand(), a.planCommand(), a.estimateCommand(), a.rerunCommand(), a.verifyCommand(), a.scheduleCommand(),
		}},
		{"look", "Look at what was made:", []*cobra.Command{
			a.lsCommand(), a.showCommand(), a.whyCommand(), a.diffCommand(), a.logsCommand(), a.reportCommand(), a.lineageCommand(),
			a.queryCommand(), a.getCommand(), a.catCommand(),
		}},
		{"models", "Use models:", []*cobra.Command{
			a.modelsCommand(), a.promoteCommand(), a.retireCommand(), a.predictCommand(), a.forecastCommand(), a.evaluateCommand(), a.forgetCommand(),
		}},
		{"store", "Keep the store:", []*cobra.Command{
			a.checkCommand(), a.gcCommand(), a.exportCommand(), a.importCommand(),
		}},
		{aboutGroup, "About pipe:", []*cobra.Command{
			a.doctorCommand(), a.stagesCommand(), a.schemaCommand(), a.versionCommand(),
		}},
	}
}

func exitCodeHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, c := range exitCodes {
		fmt.Fprintf(&b, "  %3d  %s\n", c.code, c.meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}

// flagError explains a flag that could not be read.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near, ok := diag.Nearest(name, names); ok {
			hint = fmt.Sprintf("did you mean --%s?", near)
		}
	}
	return diag.Usage(diag.WithHint(err, hint))
}

// args wraps a rule for positional arguments, so that breaking it is a usage
// error in plain words.
func args(rule cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, words []string) error {
		err := rule(cmd, words)
		var usage *diag.UsageError
		if err == nil || errors.As(err, &usage) {
			return err
		}
		_, want, _ := strings.Cut(cmd.Use, " ")
		what := "missing argument " + want
		required := strings.Fields(want)
		for i, w := range required {
			if strings.HasPrefix(w, "[") {
				required = required[:i]
				break
			}
		}
		switch {
		case len(words) == 0:
		case len(words) < len(required):
			what = "missing argument " + strings.Join(required[len(words):], " ")
		default:
			what = fmt.Sprintf("too many arguments: %q", words)
		}
		return diag.Usage(diag.WithHint(errors.New(what), fmt.Sprintf("write it as: %s %s", cmd.CommandPath(), want)))
	}
}

// atLeast refuses a number that makes no sense.
func atLeast(least, n int, flag string) error {
	if n < least {
		return diag.Usagef("--%s must be at least %d, not %d", flag, least, n)
	}
	return nil
}

func noArgs(cmd *cobra.Command, words []string) error {
	if len(words) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		var names []string
		for _, c := range cmd.Commands() {
			names = append(names, c.Name())
		}
		return diag.Unknown("command", words[0], names)
	}
	return diag.Usagef("%s takes no arguments, but got %q", cmd.CommandPath(), words[0])
}

// painter gives a function that colours text for an output, or leaves it alone.
func (a *app) painter(o *ui.Output) func(code, text string) string {
	if !a.colored(o) {
		return ui.Unpainted
	}
	return o.Paint
}

func (a *app) colored(o *ui.Output) bool {
	if v, set := a.lookup("NO_COLOR"); a.noColor || set && v != "" {
		return false
	}
	_, _, ok := o.Size()
	return ok && a.capable()
}

// capable says whether the terminal knows colours and can move its cursor.
func (a *app) capable() bool {
	name, _ := a.lookup("TERM")
	return name != "dumb" && name != ""
}

// pipelineFiles completes names of pipeline files on the command line.
func pipelineFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}
