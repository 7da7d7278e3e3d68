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
    OVERHEAD_BYTES,
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
    assert Opener([CENTRE]).key_ids == {CENTRE.public.key_id}
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


def test_what_was_written_once_still_opens() -> None:
    """Bytes of 30 November 2026: a change of a label, the padding or the form shuts them for ever.

    Journals and centres hold such bytes for years.
    """
    centre = CentrePrivateKey(bytes(range(32)))
    assert centre.public.key_id == "eedd883da0a94515"
    sealed = SealedKey(145655668754483314, centre.public.key_id, bytes.fromhex(SEALED_ONCE))
    key = Opener([centre]).open_key(sealed, JOURNAL)
    text = b'{"kind":"audit","record":{"actor":"unit 7"},"schema":3}'
    assert key.open_text(bytes.fromhex(ROW_ONCE), PLACE) == text
    assert key.key_id == sealed.key_id
    assert key.open(bytes.fromhex(PICTURE_ONCE), Place(JOURNAL, 3, 17)) == b"picture"


SEALED_ONCE = (
    "f3a722e7f171c2b41c8219e9eef56a4fba30cbed49ec0874941cc252b1e154756fb2367b2765b41cbec8de11fd5f"
    "f9ff00d954fd71316616fb80671a797aa920bb00486278cd886b1c06e57c3d3b80cad869d14eaf22a630c1d4b27d"
    "8c1d0d325fab3e571b9cc53e195c5674a27ae12efbcbca387c7f41a004efc891"
)
ROW_ONCE = (
    "013270826c4bc10380e61e76bd90fa22f0986d5c6c95d802aade91c5a43293df7bbe530dba4c8d6bfb45775c70d1"
    "aff81f5d6918e3db2ba9477cd805de350da4516ee8e6b2087899abdf214f3b3ebcb558265fc0c8566ebd7bbb0eb0"
    "5541952218adf58855f9f497d3"
)
PICTURE_ONCE = (
    "016e5a8ec66370663bec92aa953f141d1258023e55b41fc32d0a5d4de4df7389bf9d8f621b9ab7f340a1e74b7250"
    "ebcf"
)


def test_a_short_text_costs_64_bytes_and_a_long_one_its_words_less() -> None:
    """The words that every record repeats are the dictionary's, not the row's."""
    key, _ = SEALER.new_key(JOURNAL)
    assert len(key.seal_text(b"A", PLACE)) == 64 + OVERHEAD_BYTES
    words = RECORDS_3.as_bytes()
    assert len(key.seal_text(words, PLACE)) == 64 + OVERHEAD_BYTES


def test_a_text_of_up_to_256_kib_opens() -> None:
    """One byte more is not even unpacked."""
    key, _ = SEALER.new_key(JOURNAL)
    most = bytes(256 * 1024)
    assert key.open_text(key.seal_text(most, PLACE), PLACE) == most
    with pytest.raises(SealingError, match="far too much"):
        key.open_text(key.seal_text(most + b"x", PLACE), PLACE)


def test_a_key_that_does_not_seal_has_a_name_and_nothing_sealed() -> None:
    """Recordings and benches are kept in clear, under keys that say so."""
    key, sealed = Sealer(None).new_key(JOURNAL)
    assert (Sealer(None).centre_key_id, Sealer(None).seals) == ("none", False)
    assert key.key_id == sealed.key_id
    assert (key.secret, sealed.centre_key_id, sealed.sealed) == (None, "none", b"")


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    """A text that claims to unpack to a gigabyte is refused by its claim."""
    key, _ = SEALER.new_key(JOURNAL)
    bomb = zstandard.ZstdCompressor(level=3).compress(bytes(2**28))
    blob = key.seal(bindings.sodium_pad(bomb, 64), PLACE)
    with pytest.raises(SealingError, match="far too much"):
        key.open_text(blob, PLACE)
