#!/usr/bin/env bash
# Installs what the checks need, then runs all of them: format, lint, types, import order, the
# firmware's build, every test. Usage: bash tests/run.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
bash image_build/setup.sh test
venv=${OUTRIDER_VENV:-.venv}
bin=$venv/bin

"$bin/ruff" format --check .
"$bin/ruff" check .
"$bin/mypy"
"$bin/lint-imports"
make -C firmware/alarm all

"$bin/python" -m pytest --durations=15 "$@"
