package workspace

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"pipe/lineage"
)

// environment describes this process for the lineage.
func environment() lineage.Environment {
	host, _ := os.Hostname() // a machine without a name is recorded without one
	v := BuildVersion()
	env := lineage.Environment{
		PipeVersion: v.Version, GoVersion: runtime.Version(),
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Hostname: host,
	}
	if v.Revision != "" {
		env.Details = map[string]string{"revision": v.Revision}
	}
	return env
}

// A Version says which pipe this is.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (v Version) String() string {
	parts := []string{"pipe", v.Version}
	if v.Revision != "" {
		parts = append(parts, v.Revision[:min(12, len(v.Revision))])
	}
	if v.Modified {
		parts = append(parts, "(modified)")
	}
	return strings.Join(append(parts, v.Go, v.Platform), " ")
}

// BuildVersion is that of this program.
func BuildVersion() Version {
	v := Version{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
