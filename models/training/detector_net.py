"""The detector: a small fully convolutional net that finds plates and their four corners.

Dense 3x3 convolutions throughout (depthwise ones are slow to train on a CPU and gain nothing from
int8 here), a space-to-depth stem (a one-channel convolution would become a slow depthwise one), a
body down to stride 32 for context, and a short pyramid back to one head at stride 8.

Corners are predicted as ``u * exp(s)``: ``s`` is the logarithm of the plate's size and ``u`` the
corners in that unit, so that the error scales with the plate, and 8-bit features serve a plate of
8 px as well as one of 140 px.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

STRIDE_PX = 8
STEM_BLOCK_PX = 4
MIN_LOG_SIZE, MAX_LOG_SIZE = -1.5, 4.5


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """Widths (channels) and depths (residual blocks) of the stages at stride 4, 8, 16, 32."""

    widths: tuple[int, int, int, int] = (16, 48, 96, 160)
    blocks: tuple[int, int, int] = (3, 3, 3)
    neck: int = 48

    def as_dict(self) -> dict[str, object]:
        """Return the plain values that a checkpoint stores."""
        return asdict(self)


class Raw(NamedTuple):
    """Head outputs at stride 8, NCHW: logit of the centre, corners in units of size, log size."""

    heat_logit: Tensor
    unit_corners: Tensor
    log_size: Tensor


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Bottleneck(nn.Module):
    """Residual block: 1x1 to half the width, dense 3x3 back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(width, width // 2, 1), conv(width // 2, width, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Map NCHW to the same shape."""
        return x + self.body(x)  # type: ignore[no-any-return]


class Up(nn.Module):
    """Bring the coarser level to the finer grid and add the finer level's features."""

    def __init__(self, coarse: int, fine: int, width: int) -> None:
        super().__init__()
        self.rise = nn.Sequential(nn.Conv2d(coarse, 4 * width, 1), nn.PixelShuffle(2))
        self.side = nn.Conv2d(fine, width, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return features on the finer grid."""
        return torch.relu(self.rise(coarse) + self.side(fine))


class Detector(nn.Module):
    """Grey picture in 0..1, [N, 1, H, W] with H and W multiples of 32, to head maps at H/8, W/8."""

    def __init__(self, spec: DetectorSpec | None = None) -> None:
        super().__init__()
        self.spec = spec or DetectorSpec()
        w4, w8, w16, w32 = self.spec.widths
        b8, b16, b32 = self.spec.blocks
        neck = self.spec.neck
        self.split = nn.PixelUnshuffle(STEM_BLOCK_PX)
        self.stem = conv(STEM_BLOCK_PX**2, w4)
        self.level8 = self._stage(w4, w8, b8)
        self.level16 = self._stage(w8, w16, b16)
        self.level32 = self._stage(w16, w32, b32)
        self.up16 = Up(w32, w16, neck)
        self.mix16 = conv(neck, neck)
        self.up8 = Up(neck, w8, neck)
        self.mix8 = conv(neck, neck)
        self.heat = nn.Conv2d(neck, 1, 1)
        self.corners = nn.Conv2d(neck, 9, 1)
        self._initialise_head()

    @staticmethod
    def _stage(inputs: int, width: int, blocks: int) -> nn.Sequential:
        return nn.Sequential(conv(inputs, width, 3, 2), *(Bottleneck(width) for _ in range(blocks)))

    def _initialise_head(self) -> None:
        """Start with rare centres (focal loss) and a level 4:1 plate of about 4 cells."""
        nn.init.normal_(self.heat.weight, std=0.01)
        nn.init.normal_(self.corners.weight, std=0.01)
        assert self.heat.bias is not None
        assert self.corners.bias is not None
        nn.init.constant_(self.heat.bias, -4.0)
        with torch.no_grad():
            x, y = 0.5, 0.125
            self.corners.bias.copy_(torch.tensor([-x, -y, x, -y, x, y, -x, y, 1.4]))

    def features(self, blocks: Tensor) -> Tensor:
        """Map the space-to-depth picture [N, 16, H/4, W/4] to neck features at stride 8."""
        fine = self.level8(self.stem(blocks))
        middle = self.level16(fine)
        deep = self.level32(middle)
        middle = self.mix16(self.up16(deep, middle))
        return self.mix8(self.up8(middle, fine))  # type: ignore[no-any-return]

    def head(self, features: Tensor) -> Raw:
        """Map neck features to the raw head maps."""
        maps = self.corners(features)
        log_size = maps[:, 8:].clamp(MIN_LOG_SIZE, MAX_LOG_SIZE)
        return Raw(self.heat(features), maps[:, :8], log_size)

    def forward(self, picture: Tensor) -> Raw:
        """Return the raw head maps of a batch."""
        return self.head(self.features(self.split(picture)))


class HeadDecoder(nn.Module):
    """Scores and corners from neck features. A module of its own because it stays in float.

    Corners of +-40 cells in 8 bits would move in steps of 3 px, and a centre is so rare that the
    range the quantiser sees for its logit ends below it: scores above 0.5 were cut to it.
    """

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.heat = detector.heat
        self.corners = detector.corners

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Map NCHW features to heat [N, H, W, 1] and corners [N, H, W, 8] in cells."""
        heat = torch.sigmoid(self.heat(features))
        maps: Tensor = self.corners(features)
        corners = maps[:, :8] * torch.exp(maps[:, 8:].clamp(MIN_LOG_SIZE, MAX_LOG_SIZE))
        return heat.permute(0, 2, 3, 1), corners.permute(0, 2, 3, 1)


class DeployedDetector(nn.Module):
    """The detector as the run-time sees it: NHWC in and out, probabilities and corners decoded."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.net = detector
        self.decode = HeadDecoder(detector)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Map [1, H, W, 1] grey in 0..1 to heat [1, H/8, W/8, 1] and corners [1, H/8, W/8, 8]."""
        _, height, width, _ = picture.shape
        rows, columns, block = height // STEM_BLOCK_PX, width // STEM_BLOCK_PX, STEM_BLOCK_PX
        parts = picture.reshape(rows, block, columns, block).permute(0, 2, 1, 3)
        blocks = parts.reshape(1, rows, columns, block * block).permute(0, 3, 1, 2)
        return self.decode(self.net.features(blocks))  # type: ignore[no-any-return]


Net = TypeVar("Net", bound=nn.Module)


def fuse_batch_norm(net: Net) -> Net:
    """Fold every batch normalisation into its convolution, in place; for inference only."""
    net.eval()
    for module in net.modules():
        if isinstance(module, nn.Sequential) and len(module) == 3:
            first, second = module[0], module[1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                module[0] = nn.utils.fusion.fuse_conv_bn_eval(first, second)
                module[1] = nn.Identity()
    return net


def macs(detector: Detector, height_px: int, width_px: int) -> int:
    """Count multiply-accumulates of the convolutions for one picture of this size."""
    total = 0

    def count(module: nn.Module, _: tuple[Tensor, ...], out: Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)
        total += out[0].numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in detector.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        detector.eval()(torch.zeros(1, 1, height_px, width_px))
    for hook in hooks:
        hook.remove()
    return total
