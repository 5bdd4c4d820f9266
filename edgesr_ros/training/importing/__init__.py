"""Weights that others trained, as networks of ours: read without believing anything that a file says."""
