#!/bin/sh
# Runs on the machine with the GPU, from the folder that run.sh has filled:
#
#   sh device.sh OUT SECONDS [FLAG...]
#
# It ends before SECONDS are over, the most important networks come first, and what
# is there is in OUT at any time. It needs no network: the Python that has PyTorch and
# JAX is PYTHON or one of those that are installed, the plugin is PIPE_XLA or that of JAX.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$1
seconds=$2
shift 2
mkdir -p "$out"

for python in ${PYTHON-} python3 python /opt/*/bin/python3 /usr/local/bin/python3 "${HOME:-/root}"/*/bin/python3; do
	if "$python" -c 'import importlib.util as u, sys; sys.exit(not (u.find_spec("torch") and u.find_spec("jax")))' 2>/dev/null; then
		break
	fi
	python=
done
[ -n "$python" ] || { echo "no Python here has PyTorch and JAX: set PYTHON" >&2; exit 1; }

if [ -z "${PIPE_XLA-}" ]; then
	PIPE_XLA=$("$python" -c '
import glob, sys
found = [f for p in sys.path for f in sorted(glob.glob(p + "/jax_plugins/xla_cuda*/xla_cuda_plugin.so"), reverse=True)]
print(found[0] if found else "")')
	[ -n "$PIPE_XLA" ] || { echo "no plugin of XLA beside JAX: set PIPE_XLA" >&2; exit 1; }
	export PIPE_XLA
fi
echo "python $python, plugin $PIPE_XLA"
nvidia-smi >"$out/nvidia-smi.txt" 2>&1 || echo "nvidia-smi does not run here"
# A compiled program of PyTorch's is never from an earlier run.
TORCHINDUCTOR_CACHE_DIR=$(mktemp -d)
export TORCHINDUCTOR_CACHE_DIR
trap 'rm -rf "$TORCHINDUCTOR_CACHE_DIR"' EXIT
"$here/gpu" -out "$out" -limit "$((seconds - 5))s" -python "$python" -scripts "$here" "$@"
