// Command plugin fetches the XLA plugin for CPUs that the tests of nn/xla run on,
// and prints where it is:
//
//	PIPE_XLA=$(go run ./bench/plugin) go test ./nn/xla/...
//
// It is a wheel of PyPI, which is a zip file, pinned by its hash and kept in the
// user's cache. Nobody needs it but tests: who trains on a GPU installs that plugin.
// The exit status is 3 if it cannot be had here: there is none for this platform,
// or no network.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"pipe/nn/xla/plugin"
)

// The plugin is built from the XLA of the jaxlib with the same version. Its
// licence is that of XLA, Apache 2.0. What lies where in it is known to
// nn/xla/plugin, as of every plugin.
const (
	wheel = "https://files.pythonhosted.org/packages/e5/90/f04e5ea9e56f01965b4cd56bc3cf4801a563cd47b74d4ded5780f19c3a7c/lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl"
	hash  = "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1"
	limit = 128 << 20 // bytes of the wheel; it has 63 million
)

// errNotHere says that the plugin cannot be had, which is no fault.
var errNotHere = errors.New("cannot be had here")

func main() {
	path, err := find()
	if err != nil {
		fmt.Fprintln(os.Stderr, "plugin:", err)
		if errors.Is(err, errNotHere) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(path)
}

// find is the path of the plugin, whose wheel is fetched if it is not there.
func find() (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("%w: there is a wheel for linux/amd64 only, this is %s/%s", errNotHere, runtime.GOOS, runtime.GOARCH)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "pipe", "test", "wheel-"+hash[:16])
	if _, err := os.Stat(folder); err != nil {
		if err := install(folder); err != nil {
			return "", err
		}
	}
	x, err := plugin.Find(plugin.Places{XLA: folder, Cache: filepath.Join(cache, "pipe", "test")})
	if err != nil {
		return "", err
	}
	return x.Path, nil
}

// install fetches the wheel and unpacks it, whole or not at all.
func install(folder string) error {
	data, err := fetch()
	if err != nil {
		return fmt.Errorf("fetch %s: %w", wheel, err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(data)); sum != hash {
		return fmt.Errorf("fetch %s: SHA-256 is %s, not %s", wheel, sum, hash)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	part, err := os.MkdirTemp(filepath.Dir(folder), "*.part")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	if err := os.CopyFS(part, archive); err != nil {
		return err
	}
	err = os.Rename(part, folder)
	if errors.Is(err, os.ErrExist) { // another process was faster
		return nil
	}
	return err
}

// fetch gives the bytes of the wheel. errNotHere is the error if the server is not reached.
func fetch() ([]byte, error) {
	client := http.Client{Timeout: 5 * time.Minute}
	resp, err := client.Get(wheel)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotHere, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server says %s", resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotHere, err)
	}
	return data, nil
}
