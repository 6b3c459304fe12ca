package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// A peer is a program of the Python world that does such work.
type peer struct {
	name    string
	version string // on PyPI
	path    string // of the program; empty before install
	make    func(path string, g graph) *tool
}

func parsePeers(text string) (list []*peer, err error) {
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		name, path, _ := strings.Cut(item, "=")
		if path != "" {
			if path, err = filepath.Abs(path); err != nil {
				return nil, err
			}
		}
		switch name {
		case "dvc":
			list = append(list, &peer{name: name, version: "3.67.1", path: path, make: dvcTool})
		case "snakemake":
			list = append(list, &peer{name: name, version: "9.27.1", path: path, make: snakemakeTool})
		default:
			return nil, fmt.Errorf("-peers %q: want dvc, snakemake or both", text)
		}
	}
	return list, nil
}

// install puts the program into a virtual environment of its own.
func (p *peer) install(dir string) error {
	if p.path != "" {
		return nil
	}
	venv := filepath.Join(dir, "venv-"+p.name)
	for _, args := range [][]string{
		{"python3", "-m", "venv", venv},
		{filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", p.name + "==" + p.version},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("install %s: %w\n%s", p.name, err, last(string(out), 2000))
		}
	}
	p.path = filepath.Join(venv, "bin", p.name)
	return nil
}

func (p *peer) tool(g graph) *tool {
	t := p.make(p.path, g)
	t.name, t.check = p.name, g.checkFiles
	return t
}

// program is a command of the virtual environment, which finds there what it
// starts, and neither tells nor asks anybody on the network.
func program(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"DVC_NO_ANALYTICS=1", "CI=1", "NO_COLOR=1")
	return cmd
}

func dvcTool(path string, g graph) *tool {
	n := len(g.inputs)
	return &tool{
		file:  "dvc.yaml",
		write: g.writeDVC,
		setup: func(dir string) error {
			if err := os.Mkdir(filepath.Join(dir, "out"), 0o777); err != nil {
				return err
			}
			for _, args := range [][]string{{"init", "--no-scm", "--quiet"}, {"config", "core.check_update", "false"}} {
				cmd := program(path, args...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					return fmt.Errorf("dvc %s: %w\n%s", args[0], err, last(string(out), 2000))
				}
			}
			return nil
		},
		call: func(string) *exec.Cmd { return program(path, "repro") },
		didAll: func(out string) error {
			if ran := strings.Count(out, "Running stage '"); ran != n {
				return fmt.Errorf("%d stages ran, want %d", ran, n)
			}
			return nil
		},
		didNothing: func(out string) error { return want(out, "Data and pipelines are up to date.") },
	}
}

func snakemakeTool(path string, g graph) *tool {
	n := len(g.inputs) + 1 // and the rule that asks for all files
	return &tool{
		file:  "Snakefile",
		write: g.writeSnakemake,
		call: func(string) *exec.Cmd {
			return program(path, "--cores", strconv.Itoa(runtime.GOMAXPROCS(0)))
		},
		didAll:     func(out string) error { return want(out, fmt.Sprintf("%d of %d steps (100%%) done", n, n)) },
		didNothing: func(out string) error { return want(out, "Nothing to be done") },
	}
}

// writeDVC writes the graph for DVC: each stage touches a file.
func (g graph) writeDVC(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("stages:\n")
	for i, inputs := range g.inputs {
		fmt.Fprintf(b, "  %s:\n    cmd: touch out/%[1]s\n    outs: [out/%[1]s]\n", name(i))
		for k, from := range inputs {
			if k == 0 {
				b.WriteString("    deps:\n")
			}
			b.WriteString("    - out/" + name(from) + "\n")
		}
	}
	return b.Flush()
}

// writeSnakemake writes the graph for Snakemake: each rule touches a file.
func (g graph) writeSnakemake(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "rule all:\n    input: [f\"out/s{i:06d}\" for i in range(%d)]\n", len(g.inputs))
	for i, inputs := range g.inputs {
		fmt.Fprintf(b, "\nrule %s:\n", name(i))
		for k, from := range inputs {
			if k == 0 {
				b.WriteString("    input: ")
			} else {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "\"out/%s\"", name(from))
		}
		if len(inputs) > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "    output: \"out/%s\"\n    shell: \"touch {output}\"\n", name(i))
	}
	return b.Flush()
}
