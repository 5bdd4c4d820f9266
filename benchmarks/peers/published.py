"""Figures of others' networks, to stand beside ours."""

from typing import NamedTuple

DATASET, SCALE = "set5", 4

_EDGESRGAN = "arXiv 2209.03355"
_TPSR = "arXiv 2007.04356, measured with its published weights"


class Published(NamedTuple):
    """A network on `DATASET` at `SCALE`; None: not stated."""

    model: str
    source: str
    parameters: int | None = None
    gmac_80x60: float | None = None
    psnr_y_db: float | None = None
    ssim_y: float | None = None
    lpips_alex: float | None = None
    int8: bool = False


PUBLISHED = (
    Published("bicubic", _EDGESRGAN, 0, 0.0, lpips_alex=0.340),
    Published("EdgeSRGAN", _EDGESRGAN, 660_611, 3.176, 29.49, 0.837, 0.095),
    Published("EdgeSRGAN-tiny", _EDGESRGAN, 95_555, 0.462, 28.07, 0.803, 0.146),
    Published("EdgeSRGAN-tiny, distilled", _EDGESRGAN, 95_555, 0.462, lpips_alex=0.132),
    Published("EdgeSRGAN, int8", _EDGESRGAN, 660_611, 3.176, lpips_alex=0.209, int8=True),
    Published("EdgeSRGAN-tiny, distilled, int8", _EDGESRGAN, 95_555, 0.462, lpips_alex=0.257, int8=True),
    Published("SRGAN", _EDGESRGAN, None, None, 29.18, 0.842, 0.094),
    Published("TPSR-D2", _TPSR, 61_000, None, 29.605, None, 0.1207),
    Published("TPSR-NOGAN", _TPSR, 61_000, None, 31.10, None, 0.1986),
)
