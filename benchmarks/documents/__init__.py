"""The documents that are made of results and of structures: doc/results.md, doc/parameters.md, README."""
