"""Recordings and cameras as frames, and frames as files."""
