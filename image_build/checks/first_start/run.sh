#!/bin/sh
# The first start of a provisioned card: run.sh IMAGE_DIR --work DIR (see run.py)
here=$(cd "$(dirname "$0")" && pwd)
PYTHONPATH=$here/../.. exec "${OUTRIDER_VENV:-$here/../../../.venv}/bin/python" "$here/run.py" "$@"
