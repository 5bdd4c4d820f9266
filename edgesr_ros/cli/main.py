"""`edgesr COMMAND …`: finds the command's module, parses its arguments, runs it.

A command is a module beside this one, with `_` for `-` in its name, and one more behind a word of Python's,
that has `HELP` (one line), `add_arguments(parser)` and `run(arguments) -> int | None` (exit status). Only the
chosen one is imported.
"""

import argparse
import importlib
import keyword
import sys
from collections.abc import Sequence
from types import ModuleType

from edgesr_ros.errors import InputError, disk_error

COMMANDS = (
    "demo",
    "operator",
    "upscale",
    "evaluate",
    "bench",
    "experiment",
    "ladder",
    "train",
    "search",
    "export",
    "import",
    "check-edgetpu",
    "link",
)


def module_of(name: str) -> ModuleType:
    """The module of a command."""
    return importlib.import_module(f"edgesr_ros.cli.{name.replace('-', '_')}{'_' * keyword.iskeyword(name)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; status 0, 2 with one line on stderr for a user's mistake, 130 after Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = [name for name in COMMANDS if name in given[:1]] or COMMANDS
    parser = argparse.ArgumentParser(
        prog="edgesr", description="A robot's camera that stays watchable over a bad radio link."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in chosen:
        module = module_of(name)
        command = subparsers.add_parser(name, help=module.HELP, description=module.HELP)
        command.set_defaults(run=module.run)
        module.add_arguments(command)
    parsed = parser.parse_args(given)
    try:
        try:
            return parsed.run(parsed) or 0
        except OSError as error:
            raise disk_error(error) or error from None
    except InputError as error:
        print(f"edgesr {parsed.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
