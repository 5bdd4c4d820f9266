"""The `edgesr` command: one module a subcommand."""
