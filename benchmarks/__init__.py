"""What the package claims, and the evidence of it.

`claims` has a script for each claim, run as `python -m benchmarks.claims.NAME` in the checkout, on a machine
that does nothing else; `results` holds what they found, `documents` writes it down. `harness` is what the
scripts share, `peers` are the networks of others beside which ours stand.
"""
