#!/bin/sh
# Installs the peers, and the packages whose files are read, into a throw-away environment: ./peers.sh DIR
set -eu
python3 -m venv "$1"
"$1/bin/pip" install --quiet duckdb==2.0.1 pyarrow==26.0.1 numpy==2.4.6 \
    vega_datasets==0.9.0 palmerpenguins==0.1.6 statsmodels==0.15.0 scikit-learn==1.9.1 seaborn==0.13.2
