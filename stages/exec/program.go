package exec

import (
	"context"

	"pipe/pipeline"
)

// RunProgram runs a program that a stage of another kind needs, in a folder, as the
// commands of exec stages are run: with nothing of pipe's environment, in the log of
// the stage, and to its end, which comes when ctx ends at the latest.
func (s *Supervisor) RunProgram(ctx context.Context, env pipeline.Env, dir, program string, args ...string) error {
	return command{
		argv: append([]string{program}, args...), dir: dir, called: env.Program, log: env.Log(), on: s, mask: newMask(nil), grace: grace,
		env: []string{"HOME=" + dir, "LANG=C.UTF-8", "TMPDIR=" + dir},
	}.run(ctx)
}
