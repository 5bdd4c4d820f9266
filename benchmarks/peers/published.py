"""Figures of others' networks, to stand beside ours."""

from typing import NamedTuple

from benchmarks.harness.evidence import QualityRow

DATASET, SCALE = "set5", 4

_EDGESRGAN = "arXiv 2209.03355"
_TPSR = "arXiv 2007.04356, measured with its published weights"


class _Published(NamedTuple):
    """None: not stated."""

    model: str
    source: str
    parameters: int | None = None
    gmac_80x60: float | None = None
    psnr_y_db: float | None = None
    ssim_y: float | None = None
    lpips_alex: float | None = None
    int8: bool = False


_ROWS = (
    _Published("bicubic", _EDGESRGAN, 0, 0.0, lpips_alex=0.340),
    _Published("EdgeSRGAN", _EDGESRGAN, 660_611, 3.176, 29.49, 0.837, 0.095),
    _Published("EdgeSRGAN-tiny", _EDGESRGAN, 95_555, 0.462, 28.07, 0.803, 0.146),
    _Published("EdgeSRGAN-tiny, distilled", _EDGESRGAN, 95_555, 0.462, lpips_alex=0.132),
    _Published("EdgeSRGAN, int8", _EDGESRGAN, 660_611, 3.176, lpips_alex=0.209, int8=True),
    _Published("EdgeSRGAN-tiny, distilled, int8", _EDGESRGAN, 95_555, 0.462, lpips_alex=0.257, int8=True),
    _Published("SRGAN", _EDGESRGAN, None, None, 29.18, 0.842, 0.094),
    _Published("TPSR-D2", _TPSR, 61_000, None, 29.605, None, 0.1207),
    _Published("TPSR-NOGAN", _TPSR, 61_000, None, 31.10, None, 0.1986),
)


def published(dataset: str) -> list[QualityRow]:
    """The published figures on a data set; none on one that we know none of."""
    if dataset.lower() != DATASET:
        return []
    return [
        QualityRow(
            model=row.model,
            format=None,
            precision="int8" if row.int8 else "float32",
            tile=None,
            dataset=dataset,
            scale=SCALE,
            psnr_y_db=row.psnr_y_db,
            ssim_y=row.ssim_y,
            lpips_alex=row.lpips_alex,
            lpips_vgg=None,
            niqe=None,
            psnr_against_float_db=None,
            parameters=row.parameters,
            gmac_80x60=row.gmac_80x60,
            published=True,
            source=row.source,
        )
        for row in _ROWS
    ]
