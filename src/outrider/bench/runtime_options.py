"""The options of every benchmark that runs the models."""

import argparse
from pathlib import Path

from outrider.unit.devices.recogniser_models import RecogniserOptions


def add_runtime(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which models run, on what."""
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of the models")
    parser.add_argument(
        "--runtime", choices=("auto", "ai-edge-litert", "tflite-runtime"), default="auto"
    )
    parser.add_argument("--precision", choices=("auto", "int8", "f32"), default="auto")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the models (1)")
    parser.add_argument("--no-second-looks", action="store_true", help="read each plate once only")
    parser.add_argument("--detector-width", type=int, metavar="PX", help="one detector size only")
    parser.add_argument("--score", type=float, help="least detector score, if not the manifest's")


def runtime_options(args: argparse.Namespace) -> RecogniserOptions:
    """Return what add_runtime's options say."""
    return RecogniserOptions(
        models_dir=args.models,
        runtime=args.runtime,
        precision=args.precision,
        threads=args.threads,
        detector_width_px=args.detector_width,
        score_threshold=args.score,
        second_looks=not args.no_second_looks,
    )
