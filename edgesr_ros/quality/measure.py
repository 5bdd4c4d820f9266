"""How good a shown picture is: against the original, against bicubic, against what was received."""

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.quality.consistency import consistency_db
from edgesr_ros.quality.distortion import PSNR_LIMIT, psnr, ssim_y
from edgesr_ros.quality.lpips import Lpips
from edgesr_ros.quality.rows import Scores
from edgesr_ros.upscaling.restore import restore


class Measurer:
    """Scores of shown pictures; loads the perceptual network once.

    Args:
        threads: that the perceptual network may use.
    """

    def __init__(self, threads: int = 1) -> None:
        self._lpips = Lpips(threads)

    def measure(
        self, original: np.ndarray, received_lr: np.ndarray, shown: np.ndarray, scale: int
    ) -> tuple[Scores, Scores, float]:
        """Scores of the shown picture, of bicubic from the same received frame, and the consistency in dB.

        Args:
            original: (H, W, 3) uint8 RGB, from the camera.
            received_lr: (h, w, 3) uint8 RGB, decoded; h and w are H and W over `scale`, rounded up.
            shown: (H, W, 3) uint8 RGB.
            scale: from received to shown.

        Raises:
            InputError: the sizes do not fit each other.
        """
        height, width = original.shape[:2]
        reduced = (-(-height // scale), -(-width // scale))
        if shown.shape != original.shape or received_lr.shape[:2] != reduced:
            raise InputError(
                f"original {width}x{height}, scale {scale}: expected the same size shown and "
                f"{reduced[1]}x{reduced[0]} received, got {_size(shown)} and {_size(received_lr)}"
            )
        bicubic = restore(received_lr, (width, height)).picture
        consistency = consistency_db(shown, received_lr)
        return self.scores(shown, original), self.scores(bicubic, original), consistency

    def scores(self, picture: np.ndarray, original: np.ndarray) -> Scores:
        """Scores of a picture against its original, both (H, W, 3) uint8 RGB.

        Raises:
            InputError: they differ in size, or are too small.
        """
        if picture.shape != original.shape:
            raise InputError(f"original {_size(original)}: expected the same size, got {_size(picture)}")
        lpips = self._lpips(picture, original)  # first: it refuses pictures that are too small for SSIM too
        return Scores(
            psnr_db=min(psnr(picture, original), PSNR_LIMIT),
            ssim=ssim_y(picture, original, border=0),
            lpips=lpips,
        )


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
