"""What the card says about its own health, before it fails."""

import os
from pathlib import Path

_WORN_TENTHS = 8
_EXCEEDED = 0x0B


def card_warnings(directory: Path, sys_root: Path = Path("/sys")) -> list[str]:
    """Return what a technician should know about the storage under a folder; empty: nothing.

    Reads what the kernel publishes: eMMC wear (JEDEC JESD84-B51, `life_time` and `pre_eol_info`),
    the error count of ext4, and whether the file system has turned read-only. A plain SD card
    publishes no wear.
    """
    warnings = []
    if os.statvfs(directory).f_flag & os.ST_RDONLY:
        warnings.append("the file system is read-only: the card may have failed")
    number = os.stat(directory).st_dev
    block = sys_root / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    if block.exists():
        partition = block.resolve()
        warnings += _ext4_errors(sys_root / "fs" / "ext4" / partition.name)
        warnings += _emmc_wear(partition)
    return warnings


def _ext4_errors(folder: Path) -> list[str]:
    count = _number(folder / "errors_count")
    return [f"ext4 has recorded {count} errors: check the card"] if count else []


def _emmc_wear(partition: Path) -> list[str]:
    for device in (partition / "device", partition.parent / "device"):
        warnings = []
        used = max(_numbers(device / "life_time"), default=0)
        if used >= _EXCEEDED:
            warnings.append("the card has exceeded its rated life: replace it")
        elif used > _WORN_TENTHS:
            warnings.append(f"the card has used {used * 10 - 10} to {used * 10} % of its life")
        if _number(device / "pre_eol_info") > 1:
            warnings.append("the card's spare blocks are running out: replace it")
        if warnings:
            return warnings
    return []


def _number(path: Path) -> int:
    return next(iter(_numbers(path)), 0)


def _numbers(path: Path) -> list[int]:
    try:
        return [int(word, 0) for word in path.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []  # not every kernel and card publishes it
