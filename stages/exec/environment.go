package exec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/pipeline"
)

// defaultPath is where programs are looked for if there is no PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// path is the PATH of the command.
func (s *Exec) path() string {
	if p, ok := s.Set.Get("PATH"); ok {
		return p
	}
	if p, ok := s.lookup("PATH"); ok && p != "" {
		return p
	}
	return defaultPath
}

// Ready reports the declared variables that are not set.
func (s *Exec) Ready() error {
	var missing []string
	for _, name := range slices.Concat(s.Env, s.Secrets) {
		if _, ok := s.lookup(name); !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return diag.WithHint(fmt.Errorf("not set, though env or secrets of the stage name it: %s", strings.Join(missing, ", ")),
		fmt.Sprintf("set it before you start pipe: export %s=...", missing[0]))
}

// mask hides the values of the secrets.
func (s *Exec) mask() *mask {
	values := make(map[string]string, len(s.Secrets))
	for _, name := range s.Secrets {
		values[name], _ = s.lookup(name)
	}
	return newMask(values)
}

// environment is the whole environment of the command, sorted.
func (s *Exec) environment(w *workDir, env pipeline.Env) ([]string, error) {
	path := s.path()
	vars := map[string]string{
		"PATH":   path,
		"HOME":   w.home,
		"TMPDIR": w.home,
		"LANG":   "C.UTF-8",
		// Otherwise the order of sets in Python, and what is made in it, is another
		// one each time.
		"PYTHONHASHSEED": "0",
		"PIPE_SEED":      strconv.FormatUint(env.Seed(), 10),
		"PIPE_THREADS":   strconv.Itoa(env.Threads()),
	}
	for port, path := range w.inputs {
		vars[portVariable("PIPE_INPUT_", port)] = path
	}
	for _, o := range s.Outputs {
		vars[portVariable("PIPE_OUTPUT_", o.Key)] = w.output(o.Key)
	}
	if err := s.Ready(); err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(s.Env, s.Secrets) {
		vars[name], _ = s.lookup(name)
	}
	if gpus := env.GPUs(); len(gpus) > 0 {
		vars["CUDA_VISIBLE_DEVICES"] = strings.Join(gpus, ",")
	}
	for _, e := range s.Set {
		vars[e.Key] = e.Value
	}
	list := make([]string, 0, len(vars))
	for name, value := range vars {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list, nil
}
