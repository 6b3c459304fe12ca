package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pipe/artifacts"
)

func pipeTool(path string, g graph) *tool {
	n := len(g.inputs)
	return &tool{
		name:       "pipe",
		file:       "dag.yaml",
		write:      g.writePipeline,
		call:       func(string) *exec.Cmd { return exec.Command(path, "run", "dag.yaml") },
		didAll:     func(out string) error { return want(out, fmt.Sprintf("dag: %d stages, %d run in ", n, n)) },
		didNothing: func(out string) error { return want(out, fmt.Sprintf("dag: %d stages, %d cached in ", n, n)) },
		check:      g.checkStore,
	}
}

func ninjaTool(path string, g graph) *tool {
	n := len(g.inputs)
	return &tool{
		name:       "ninja",
		file:       "build.ninja",
		write:      g.writeNinja,
		call:       func(string) *exec.Cmd { return exec.Command(path) },
		didAll:     func(out string) error { return want(out, fmt.Sprintf("[%d/%d] touch ", n, n)) },
		didNothing: func(out string) error { return want(out, "ninja: no work to do.") },
		check:      g.checkFiles,
	}
}

// checkFiles looks for a file of every stage.
func (g graph) checkFiles(dir string) error {
	entries, err := os.ReadDir(filepath.Join(dir, "out"))
	if err == nil && len(entries) != len(g.inputs) {
		err = fmt.Errorf("%d files were made, want %d", len(entries), len(g.inputs))
	}
	return err
}

func want(out, text string) error {
	if !strings.Contains(last(out, 2000), text) {
		return fmt.Errorf("the output does not end with %q", text)
	}
	return nil
}

// checkStore looks for the exact bytes that every stage has to give.
func (g graph) checkStore(dir string) error {
	ids := make([]artifacts.ID, len(g.inputs))
	for i, inputs := range g.inputs {
		text := fmt.Sprintf("stage %d\n", i)
		if len(inputs) > 0 {
			text = "# " + text
		}
		for k, from := range inputs {
			text += fmt.Sprintf("%s  %c\n", ids[from], 'a'+k)
		}
		ids[i] = artifacts.Sum([]byte(text))
		name := ids[i].String()
		have, err := os.ReadFile(filepath.Join(dir, ".pipe", "objects", name[:2], name[2:]))
		if err != nil {
			return err
		}
		if string(have) != text {
			return fmt.Errorf("stage %d gave %q, want %q", i, have, text)
		}
	}
	return nil
}
