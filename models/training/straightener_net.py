"""The straightener: from a plate with its surroundings to the plate's four corners."""

from __future__ import annotations

import torch
from detector_net import conv
from torch import Tensor, nn

from outrider.unit.recognise.patch_geometry import PATCH_H_PX, PATCH_W_PX
from outrider.unit.recognise.straighten import expected_corners

BLOCK_PX = 4


class Straightener(nn.Module):
    """Grey patch [N, 1, 64, 128] in 0..1 to corners [N, 8], x and y in 0..1 of the patch."""

    def __init__(self) -> None:
        super().__init__()
        self.split = nn.PixelUnshuffle(BLOCK_PX)
        self.body = nn.Sequential(
            conv(BLOCK_PX**2, 48),
            conv(48, 48),
            conv(48, 96, 3, 2),
            conv(96, 96),
            conv(96, 128, 3, 2),
            conv(128, 128),
        )
        cells = (PATCH_H_PX // 16) * (PATCH_W_PX // 16)
        self.hidden = nn.Linear(128 * cells, 128)
        self.corners = nn.Linear(128, 8)
        nn.init.normal_(self.corners.weight, std=0.001)
        with torch.no_grad():
            self.corners.bias.copy_(torch.from_numpy(expected_corners()).reshape(8))

    def answer(self, blocks: Tensor) -> Tensor:
        """Map the space-to-depth patch [N, 16, 16, 32] to corners [N, 8]."""
        return self.decode(self.body(blocks))

    def decode(self, features: Tensor) -> Tensor:
        """Map the features to corners."""
        return self.corners(torch.relu(self.hidden(features.flatten(1))))  # type: ignore[no-any-return]

    def forward(self, patch: Tensor) -> Tensor:
        """Return the corners of a batch."""
        return self.answer(self.split(patch))


class StraightenerHead(nn.Module):
    """The last layer, by itself because it stays in float: its 8 bits would be half a pixel."""

    def __init__(self, net: Straightener) -> None:
        super().__init__()
        self.corners = net.corners

    def forward(self, hidden: Tensor) -> Tensor:
        """Map [1, 128] to corners [1, 8]."""
        return self.corners(hidden)  # type: ignore[no-any-return]


class DeployedStraightener(nn.Module):
    """As the run-time sees it: [1, 64, 128, 1] grey in 0..1 to corners [1, 8]."""

    def __init__(self, net: Straightener) -> None:
        super().__init__()
        self.net = net
        self.head = StraightenerHead(net)

    def forward(self, patch: Tensor) -> Tensor:
        """Return the corners TL, TR, BR, BL as x, y in 0..1 of the patch."""
        rows, columns = PATCH_H_PX // BLOCK_PX, PATCH_W_PX // BLOCK_PX
        parts = patch.reshape(rows, BLOCK_PX, columns, BLOCK_PX).permute(0, 2, 1, 3)
        blocks = parts.reshape(1, rows, columns, BLOCK_PX**2).permute(0, 3, 1, 2)
        features = self.net.body(blocks)
        return self.head(torch.relu(self.net.hidden(features.flatten(1))))  # type: ignore[no-any-return]
