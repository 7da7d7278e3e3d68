"""What the recogniser asks of a neural network, whichever runtime runs it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from outrider.records import Image

Tensor = NDArray[np.float32]


class ModelError(Exception):
    """A model cannot be used: which file, what is wrong with it, and what to do."""


class Network(Protocol):
    """A network of one grey picture in and float32 tensors out. Owned by one thread."""

    @property
    def name(self) -> str:
        """File name, precision and runtime, for people."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        ...

    @property
    def input_hw_px(self) -> tuple[int, int]:
        """Height and width of the picture that it takes."""
        ...

    def run(self, grey: Image) -> list[Tensor]:
        """Return every output for a uint8 picture of exactly input_hw_px.

        Raises ModelError where the runtime fails.
        """
        ...
