"""A script for each claim of the README; `results/` holds what they found, `tables` shows it there.

Run as `python -m benchmarks.NAME` in the checkout, on a machine that does nothing else.
"""
