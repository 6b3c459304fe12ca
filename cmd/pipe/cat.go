package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace"
	"pipe/workspace/content"
)

func (a *app) catCommand() *cobra.Command {
	var name string
	var force bool
	cmd := &cobra.Command{
		Use:   "cat REF",
		Short: "Write an artifact to standard output",
		Long: `Write an artifact to standard output: a table or data set as CSV or in another form, a directory as a tar stream,
and everything else as it is. On a terminal, control characters are spelled out, and bytes that are no text are refused
unless --force is given.

` + refHelp,
		Example: `  pipe cat penguins/load.table | head
  pipe cat penguins/load.table --format jsonl | jq .island
  pipe cat latest/score.metrics
  pipe cat latest/render.images | tar xf -`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePorts,
		RunE: func(cmd *cobra.Command, words []string) error {
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				art, err := content.Find(cmd.Context(), ws, words[0])
				if err != nil {
					return err
				}
				var as content.Form
				switch {
				case art.IsTable():
					if as, err = content.FormNamed(name); err != nil {
						return err
					}
				case cmd.Flags().Changed("format"):
					return diag.Usagef("--format is for tables, and %s is a %s", words[0], art.Type)
				}
				out := &pipeWriter{to: a.out}
				if _, _, terminal := a.out.Size(); terminal && !force {
					hint := fmt.Sprintf("pipe get %s -o %s, or --force", diag.ShellWord(words[0]), art.FileName())
					if as.Binary || art.IsFolder() {
						return diag.Usage(diag.WithHint(errNoText, hint))
					}
					out.screen, out.hint = true, hint
				}
				note, err := art.Write(cmd.Context(), ws, out, as)
				if errors.Is(err, errReaderGone) {
					return nil // as failure says
				}
				if err == nil {
					err = out.flush()
				}
				if err == nil && note != "" {
					fmt.Fprintf(a.err, "warning: %s\n", note)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&name, "format", "csv", "form of a table: "+strings.Join(content.FormNames(), ", "))
	cmd.Flags().BoolVarP(&force, "force", "f", false, "write to a terminal what is not text")
	return cmd
}

var (
	errReaderGone = errors.New("nobody reads the output any more")
	errNoText     = errors.New("this is not text, and the output is a terminal")
)

// A pipeWriter passes bytes on until nobody reads them any more. For a terminal
// it lets nothing through that could steer it.
type pipeWriter struct {
	to     *ui.Output
	screen bool
	hint   string
	line   []byte // of a screen, what is not written yet
}

// longestLine is what is shown as one line at most.
const longestLine = 1 << 16

func (w *pipeWriter) Write(p []byte) (int, error) {
	if !w.screen {
		return len(p), w.pass(p)
	}
	if bytes.IndexByte(p, 0) >= 0 {
		return 0, diag.Usage(diag.WithHint(errNoText, w.hint))
	}
	w.line = append(w.line, p...)
	for {
		end := bytes.IndexByte(w.line, '\n') + 1
		if end == 0 {
			if len(w.line) < longestLine {
				return len(p), nil
			}
			end = longestLine
			for end > longestLine-utf8.UTFMax && !utf8.RuneStart(w.line[end-1]) {
				end--
			}
			end--
		}
		if err := w.show(w.line[:end]); err != nil {
			return 0, err
		}
		w.line = w.line[:copy(w.line, w.line[end:])]
	}
}

func (w *pipeWriter) show(line []byte) error {
	if !utf8.Valid(line) {
		return diag.Usage(diag.WithHint(errNoText, w.hint))
	}
	text, ended := strings.CutSuffix(string(line), "\n")
	parts := strings.Split(text, "\t")
	for i := range parts {
		parts[i] = diag.Visible(parts[i])
	}
	text = strings.Join(parts, "\t")
	if ended {
		text += "\n"
	}
	return w.pass([]byte(text))
}

func (w *pipeWriter) flush() error {
	if len(w.line) == 0 {
		return nil
	}
	return w.show(w.line)
}

func (w *pipeWriter) pass(p []byte) error {
	// Spelled out already, or meant as it is.
	if _, err := w.to.Raw().Write(p); err != nil {
		return err
	}
	if w.to.Broken() {
		return errReaderGone
	}
	return nil
}

var _ io.Writer = (*pipeWriter)(nil)
