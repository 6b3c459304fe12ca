#!/bin/sh
# Installs the peers into a throw-away environment: ./peers.sh DIR
set -eu
python3 -m venv "$1"
"$1/bin/pip" install --quiet duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1
