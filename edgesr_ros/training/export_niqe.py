"""Make models/niqe_live.npz: `python -m edgesr_ros.training.export_niqe`.

The pristine model is the one of the authors' release (see models/METRICS_LICENSE.txt); BasicSR ships it in a
form that needs no MATLAB.
"""

import io

import numpy as np

from edgesr_ros import resources
from edgesr_ros.training.packages import read_members

_PACKAGE = "basicsr==1.4.2"
_SHA256 = "b89b595a87ef964cda9913b4d99380ddb6554c965577c0c10cb7b78e31301e87"
_MEMBER = "basicsr-1.4.2/basicsr/metrics/niqe_pris_params.npz"


def main() -> None:
    """Download the package and write the file."""
    (data,) = read_members(_PACKAGE, _SHA256, [_MEMBER])
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        mean, covariance = arrays["mu_pris_param"].ravel(), arrays["cov_pris_param"]
    path = resources.models() / "niqe_live.npz"
    np.savez(path, mean=mean, covariance=covariance)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
