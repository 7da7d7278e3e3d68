"""The training code is a folder of programs, not a package: put it on the path."""

import sys
from pathlib import Path

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))
