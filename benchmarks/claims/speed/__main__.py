"""Runs the claim."""

import sys

from benchmarks.claims.speed.measure import main

if __name__ == "__main__":
    sys.exit(main())
