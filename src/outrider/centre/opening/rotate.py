"""A new sealing key for the centre; the old ones stay, for what was sealed to them."""

import os
from pathlib import Path

from outrider import durable
from outrider.centre.authority.sealed_to import note
from outrider.centre.folder import CentreFolder
from outrider.wire.sealing import CentrePrivateKey, CentrePublicKey, SealingError


def rotate(folder: CentreFolder, keys: Path) -> CentrePublicKey:
    """Make a new pair and put its public half in force; return it.

    The private half is on the disk first: cut off between, nothing was sealed to it yet. Raises
    SealingError where the folder holds not the private half of the key in force, OSError.
    """
    present = CentrePublicKey.read(folder.sealing_key)
    held = _held(keys, present)
    new = CentrePrivateKey.generate()
    new.write(keys / f"sealing-{new.public.key_id}.key")
    note(folder, [*held, new.public])
    part = folder.sealing_key.with_name(f".{folder.sealing_key.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    new.public.write(part)
    durable.move(part, folder.sealing_key)
    return new.public


def _held(keys: Path, present: CentrePublicKey) -> list[CentrePublicKey]:
    """Return the public halves of the keys in a folder, that in force among them."""
    held = [CentrePrivateKey.read(path).public for path in sorted(keys.glob("*.key"))]
    if present not in held:
        raise SealingError(
            f"{keys}: the private half of the key in force ({present.key_id}) is not here: what is "
            "sealed to it would stay closed; give the folder that holds it"
        )
    return held
