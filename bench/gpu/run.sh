#!/bin/sh
# Compares training on a GPU with PyTorch and JAX: see README.md.
#
#   bench/gpu/run.sh FOLDER                   puts all that it takes into FOLDER; on a
#                                             machine with a GPU then: sh FOLDER/device.sh OUT SECONDS
#   bench/gpu/run.sh --cpu FOLDER [FLAG...]   rehearses here, with small networks, on the plugin at PIPE_XLA;
#                                             PYTHON has PyTorch and JAX, else they are installed into FOLDER
set -eu
cd "$(dirname "$0")/../.."
rehearse=
if [ "${1-}" = --cpu ]; then
	rehearse=yes
	shift
fi
[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' bench/gpu/run.sh >&2; exit 2; }
folder=$1
shift
mkdir -p "$folder"
go build -trimpath -ldflags='-s -w' -o "$folder/gpu" ./bench/gpu
cp bench/gpu/device.sh bench/gpu/torch_peer.py bench/gpu/jax_peer.py "$folder"
if [ -z "$rehearse" ]; then
	du -sh "$folder"
	echo "carry $folder to a machine with a GPU, PyTorch and JAX, and run there: sh device.sh OUT SECONDS"
	exit
fi
if [ -z "${PYTHON-}" ]; then
	PYTHON=$folder/peers/bin/python
	[ -x "$PYTHON" ] || python3 -m venv "$folder/peers"
	"$PYTHON" -m pip install --quiet numpy==2.4.6 jax==0.10.2 torch==2.11.0
fi
export PYTHON OMP_NUM_THREADS=1 JAX_PLATFORMS=cpu
exec sh "$folder/device.sh" "$folder/out" 3600 -small -turn 20ms -rounds 3 "$@"
