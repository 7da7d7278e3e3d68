"""Repeats a drive's lines, from standard input to standard output, for an hour of frames."""

import json
import sys

TIMES = 900


def main() -> None:
    """Write each round's lines with instants that go on."""
    lines = [json.loads(line) for line in sys.stdin]
    gap_ns = lines[1]["mono_ns"] - lines[0]["mono_ns"]
    length_ns = lines[-1]["mono_ns"] + gap_ns
    for turn in range(TIMES):
        for line in lines:
            later = {**line, "mono_ns": line["mono_ns"] + turn * length_ns}
            print(json.dumps(later, separators=(",", ":")))


if __name__ == "__main__":
    main()
