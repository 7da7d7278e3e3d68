"""Sealing for the centre, and opening."""

import hashlib
import uuid
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import bindings

from outrider.wire.dictionary import RECORDS_3
from outrider.wire.sealing import (
    CentrePrivateKey,
    CentrePublicKey,
    Opener,
    Place,
    SealedKey,
    Sealer,
    SealingError,
)

JOURNAL = uuid.UUID(int=7)
PLACE = Place(JOURNAL, 3, 1)
CENTRE = CentrePrivateKey.generate()
SEALER = Sealer(CENTRE.public)


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_seal_and_open(data: bytes) -> None:
    """What is sealed opens with the centre's private key, and only in its place."""
    key, sealed_key = SEALER.new_key(JOURNAL)
    blob = key.seal_text(data, PLACE)
    opened = Opener([CENTRE]).open_key(sealed_key, JOURNAL)
    assert opened.open_text(blob, PLACE) == data
    assert len(data) < 8 or data not in blob


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=100), st.data())
def test_any_changed_byte_is_noticed(data: bytes, draw: st.DataObject) -> None:
    """A sealed thing with one byte changed does not open."""
    key, _ = SEALER.new_key(JOURNAL)
    blob = bytearray(key.seal(data, PLACE))
    place = draw.draw(st.integers(0, len(blob) - 1))
    blob[place] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(SealingError):
        key.open(bytes(blob), PLACE)


@pytest.mark.parametrize(
    "place", [Place(JOURNAL, 4, 1), Place(JOURNAL, 3, 2), Place(uuid.UUID(int=8), 3, 1)]
)
def test_nothing_can_be_moved(place: Place) -> None:
    """A sealed row put in the place of another row, kind or journal does not open."""
    key, _ = SEALER.new_key(JOURNAL)
    with pytest.raises(SealingError, match="moved"):
        key.open(key.seal(b"KX21ABC", PLACE), place)


def test_another_private_key_does_not_open() -> None:
    """Another centre's key says which key is needed."""
    _, sealed_key = SEALER.new_key(JOURNAL)
    with pytest.raises(SealingError, match=CENTRE.public.key_id):
        Opener([CentrePrivateKey.generate()]).open_key(sealed_key, JOURNAL)


def test_data_key_of_another_journal_is_refused() -> None:
    """A sealed key copied into another journal, or under another name, is noticed."""
    _, sealed = SEALER.new_key(JOURNAL)
    with pytest.raises(SealingError, match="another journal"):
        Opener([CENTRE]).open_key(sealed, uuid.UUID(int=8))
    renamed = SealedKey(sealed.key_id ^ 1, sealed.centre_key_id, sealed.sealed)
    with pytest.raises(SealingError, match="another journal"):
        Opener([CENTRE]).open_key(renamed, JOURNAL)


def test_clear_and_sealed_are_not_mixed_up() -> None:
    """A blob in clear is not accepted where a sealed one is expected: no downgrade."""
    key, _ = SEALER.new_key(JOURNAL)
    clear, clear_key = Sealer(None).new_key(JOURNAL)
    blob = clear.seal_text(b"KX21ABC", PLACE)
    assert Opener().open_key(clear_key, JOURNAL).open_text(blob, PLACE) == b"KX21ABC"
    with pytest.raises(SealingError):
        key.open_text(blob, PLACE)
    with pytest.raises(SealingError):
        clear.open_text(key.seal_text(b"KX21ABC", PLACE), PLACE)


def test_lengths_say_little() -> None:
    """Marks of different lengths give rows of one length."""
    key, _ = SEALER.new_key(JOURNAL)
    assert len({len(key.seal_text(b"A" * n, PLACE)) for n in range(1, 10)}) == 1


def test_key_files(tmp_path: Path) -> None:
    """Keys come back from their files; a private key where a public one belongs is named."""
    CENTRE.write(tmp_path / "private")
    CENTRE.public.write(tmp_path / "public")
    assert CentrePrivateKey.read(tmp_path / "private") == CENTRE
    assert CentrePublicKey.read(tmp_path / "public") == CENTRE.public
    assert (tmp_path / "private").stat().st_mode & 0o077 == 0
    with pytest.raises(SealingError, match="take it off this machine"):
        CentrePublicKey.read(tmp_path / "private")
    with pytest.raises(SealingError, match="cannot read"):
        CentrePublicKey.read(tmp_path / "missing")


def test_the_dictionary_is_part_of_the_format() -> None:
    """The dictionary is as it was: an edit would make every row written so far unreadable."""
    digest = hashlib.sha256(RECORDS_3.as_bytes()).hexdigest()
    assert digest == "a52218d21cf8f1ed58989ec4690e9ba0a5277907792e23b0342e589318ab8a86"


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    """A text that claims to unpack to a gigabyte is refused by its claim."""
    key, _ = SEALER.new_key(JOURNAL)
    bomb = zstandard.ZstdCompressor(level=3).compress(bytes(2**28))
    blob = key.seal(bindings.sodium_pad(bomb, 64), PLACE)
    with pytest.raises(SealingError, match="far too much"):
        key.open_text(blob, PLACE)
