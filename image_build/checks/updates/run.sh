#!/bin/sh
# Updates of the test image in a virtual machine: run.sh IMAGE_DIR --keys DIR --work DIR (see run.py)
here=$(cd "$(dirname "$0")" && pwd)
PYTHONPATH=$here/../.. exec "${OUTRIDER_VENV:-$here/../../../.venv}/bin/python" "$here/run.py" "$@"
