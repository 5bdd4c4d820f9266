"""What all claims are measured with: camera, running nodes, an observer, and the envelope of results."""
