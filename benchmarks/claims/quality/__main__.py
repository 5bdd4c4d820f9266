"""Runs the claim."""

import sys

from benchmarks.claims.quality.measure import main

if __name__ == "__main__":
    sys.exit(main())
