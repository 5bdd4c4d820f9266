"""Making the networks: data, stages, checkpoints, export. Needs torch; nothing of it is used at run time."""
