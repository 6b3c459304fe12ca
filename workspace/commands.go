package workspace

import (
	"fmt"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
)

// A ForeignCommandError is about a command that somebody else has written: that of a stage of a
// run which was imported.
type ForeignCommandError struct {
	Run, From      string
	Stage, Command string
}

func (e *ForeignCommandError) Error() string {
	return fmt.Sprintf("run %s was imported from %s, and its stage %s runs the command %s", e.Run, diag.Visible(e.From), e.Stage, diag.Visible(e.Command))
}

// Hint implements diag.Hinter.
func (e *ForeignCommandError) Hint() string {
	return fmt.Sprintf("it may do on this machine whatever you may. Look at it, and at its files (pipe show %s), and add --allow-exec if you trust who exported the run", diag.ShellWord(e.Run+"/"+e.Stage))
}

// CheckCommand refuses a stage of a run that was imported if it runs a command.
func CheckCommand(run *lineage.Run, stage string, s pipeline.Stage) error {
	c, ok := s.(interface{ CommandLine() string })
	if !ok || run.Imported.IsZero() {
		return nil
	}
	return &ForeignCommandError{run.ID, run.ImportedFrom, stage, c.CommandLine()}
}

// CheckCommands refuses a plan of a run that was imported if it runs a command.
func CheckCommands(run *lineage.Run, plan *pipeline.Plan) error {
	for _, s := range plan.Steps {
		if err := CheckCommand(run, s.Name, s.Stage); err != nil {
			return err
		}
	}
	return nil
}
