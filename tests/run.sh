#!/usr/bin/env bash
# Installs what the checks need, then runs all of them: format, lint, types, import order, the
# firmware's build, every test, and the training path from nothing (in an environment of its own,
# 2.3 GB). Usage: bash tests/run.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
bash image_build/setup.sh test
bin=${OUTRIDER_VENV:-.venv}/bin
train=$(realpath -m "${OUTRIDER_TRAIN_VENV:-.venv-train}")
[ -x "$train/bin/python" ] || python3 -m venv "$train"
"$train/bin/pip" install --quiet --disable-pip-version-check -r models/training/requirements.txt

"$bin/ruff" format --check .
"$bin/ruff" check .
"$bin/lint-imports"
"$bin/mypy" src tests --exclude '^tests/training/'
# The training programs import PyTorch: their types are checked where it is installed.
"$bin/mypy" --python-executable "$train/bin/python" --cache-dir .mypy_cache/training \
    models/training tests/training
make -C firmware/alarm all

# Training runs as programs of its own environment; what imports PyTorch itself is tested there.
# Two workers: a good part of the time is waiting; the longest files begin (conftest.py). The floor of coverage only rises.
OUTRIDER_TRAIN_PYTHON=$train/bin/python "$bin/python" -m pytest --durations=15 \
    --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term "$@"
PYTHONPATH=src "$train/bin/python" -m pytest -p no:anyio \
    tests/training/test_detector_samples.py tests/training/test_export.py
