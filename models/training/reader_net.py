"""The slot reader: where each character stands, what it is, and what its neighbours make of it.

A grey patch runs through convolutions to an 8 x 32 grid of features. A coarse 4 x 16 branch sees
the whole plate and tells each of nine slots where to look (a softmax over the grid, one map a
slot); the features gathered there become nine tokens, which a small mixer relates to each other
before each says which of 37 characters it is.

Two more answers come from the same tokens and a narrow view of the coarse grid: whether this is a
plate, and whether all of it is to be seen.

Only operations that survive static int8 and run on tflite-runtime 2.14: convolution, ReLU,
linear, softmax, one batched product, and a space-to-depth by reshape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
BLANK: Final = len(ALPHABET) - 1
SLOTS: Final = 9
JUDGED: Final = ("plate", "whole")
"""What the second output says, as probabilities in this order."""
PATCH_HW_PX: Final = (64, 128)


@dataclass(frozen=True, slots=True)
class ReaderSize:
    """Channel counts of the stages (stride 2, 4, (8, 4), (16, 8)) and of the tokens."""

    stem: int = 32
    fine: int = 64
    middle: int = 112
    coarse: int = 128
    token: int = 128
    mixers: int = 2


def _conv(inputs: int, outputs: int, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """Two 3 x 3 convolutions beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class _Mixer(nn.Module):
    """One mixing layer over `places` tokens of `width`: across the tokens, then within each."""

    def __init__(self, places: int, width: int, hidden: int) -> None:
        super().__init__()
        self.norm_across = nn.LayerNorm(width)
        self.across = nn.Sequential(
            nn.Linear(places, 4 * places), nn.ReLU(), nn.Linear(4 * places, places)
        )
        self.norm_within = nn.LayerNorm(width)
        self.within = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.across(self.norm_across(x).transpose(1, 2)).transpose(1, 2)
        return x + self.within(self.norm_within(x))  # type: ignore[no-any-return]


class ReaderNet(nn.Module):
    """[B, 1, 64, 128] grey 0..1 to logits [B, 9, 37] of characters and [B, 2] of `JUDGED`."""

    def __init__(self, size: ReaderSize | None = None) -> None:
        super().__init__()
        size = size or ReaderSize()
        self.fine = nn.Sequential(
            _conv(4, size.stem), _conv(size.stem, size.fine, 2), _Residual(size.fine)
        )
        self.middle = nn.Sequential(_conv(size.fine, size.middle, (2, 1)), _Residual(size.middle))
        self.coarse = nn.Sequential(
            _conv(size.middle, size.coarse, 2), _conv(size.coarse, size.coarse)
        )
        self.overview = nn.Sequential(nn.Linear(4 * 16, 128), nn.ReLU(), nn.Linear(128, 4 * 16))
        self.look_coarse = nn.Conv2d(size.coarse, SLOTS, 1)
        self.to_fine = nn.Linear(4 * 16, 8 * 32)
        self.look_fine = nn.Conv2d(size.middle, SLOTS, 1)
        self.value = nn.Conv2d(size.middle, size.token, 1)
        self.slot_bias = nn.Parameter(torch.zeros(1, SLOTS, size.token))
        self.mixers = nn.Sequential(
            *(_Mixer(SLOTS, size.token, 2 * size.token) for _ in range(size.mixers))
        )
        self.name = nn.Linear(size.token, len(ALPHABET))
        self.glance = nn.Conv2d(size.coarse, 8, 1)
        self.judge = nn.Sequential(
            nn.Linear(SLOTS * size.token + 8 * 64, 48), nn.ReLU(), nn.Linear(48, len(JUDGED))
        )
        self._start_upsampling()

    def _start_upsampling(self) -> None:
        """`to_fine` starts as nearest-neighbour upsampling, so that coarse looks help at once."""
        weight = torch.zeros(8, 32, 4, 16)
        for y in range(8):
            for x in range(32):
                weight[y, x, y // 2, x // 2] = 1.0
        with torch.no_grad():
            self.to_fine.weight.copy_(weight.reshape(256, 64))
            self.to_fine.bias.zero_()

    def forward(self, patch: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of a batch of patches."""
        middle = self.middle(self.fine(space_to_depth(patch)))
        coarse = self.coarse(middle)
        flat = coarse.flatten(2)
        flat = torch.relu(flat + self.overview(flat))
        broad = self.look_coarse(flat.reshape(coarse.shape)).flatten(2)
        look = self.to_fine(broad) + self.look_fine(middle).flatten(2)
        seen = torch.softmax(look, dim=2) @ self.value(middle).flatten(2).transpose(1, 2)
        tokens = self.mixers(seen + self.slot_bias)
        glance = torch.relu(self.glance(coarse)).flatten(1)
        judged = self.judge(torch.cat([tokens.flatten(1), glance], dim=1))
        return self.name(tokens), judged


def space_to_depth(patch: Tensor) -> Tensor:
    """[B, 1, H, W] to [B, 4, H/2, W/2]; a one-channel convolution would run as a slow depthwise."""
    batch, _, height, width = patch.shape
    cells = patch.reshape(batch, height // 2, 2, width // 2, 2)
    return cells.permute(0, 2, 4, 1, 3).reshape(batch, 4, height // 2, width // 2)


class ReaderForExport(nn.Module):
    """The model file's contract: [1, 64, 128, 1] to softmax [1, 9, 37] and sigmoid [1, 2]."""

    def __init__(self, net: ReaderNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, patch: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of one NHWC patch."""
        names, judged = self.net(patch.permute(0, 3, 1, 2))
        return torch.softmax(names, dim=2), torch.sigmoid(judged)
