#!/bin/sh
# Installs the peers into a throw-away environment: ./peers.sh DIR
set -eu
python3 -m venv "$1"
"$1/bin/pip" install --quiet numpy==2.4.6 torch==2.15.0 jax==0.10.2
