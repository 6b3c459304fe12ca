// Command plugin fetches the XLA plugin for CPUs that the tests of nn/xla run on,
// and prints where it is:
//
//	PIPE_XLA=$(go run ./bench/plugin) go test ./nn/xla/...
//
// It is a wheel of PyPI, which is a zip file, pinned by its hash and kept in the
// user's cache. Nobody needs it but tests: who trains on a GPU installs that plugin.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// The plugin is built from the XLA of the jaxlib with the same version. Its
// licence is that of XLA, Apache 2.0.
const (
	wheel   = "https://files.pythonhosted.org/packages/e5/90/f04e5ea9e56f01965b4cd56bc3cf4801a563cd47b74d4ded5780f19c3a7c/lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl"
	hash    = "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1"
	library = "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so"
	limit   = 128 << 20 // bytes of the wheel; it has 63 million
)

func main() {
	path, err := plugin()
	if err != nil {
		fmt.Fprintln(os.Stderr, "plugin:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

// plugin is the path of the library, which is fetched if it is not there.
func plugin() (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("there is a wheel for linux/amd64 only, this is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "pipe", "test", hash[:16])
	path := filepath.Join(folder, filepath.Base(library))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	data, err := fetch()
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", wheel, err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(data)); sum != hash {
		return "", fmt.Errorf("fetch %s: SHA-256 is %s, not %s", wheel, sum, hash)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return path, extract(data, path)
}

func fetch() ([]byte, error) {
	client := http.Client{Timeout: 5 * time.Minute}
	resp, err := client.Get(wheel)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server says %s", resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, limit))
}

// extract writes the library, whole or not at all.
func extract(data []byte, path string) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	in, err := archive.Open(library)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(path), "*.part")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}
