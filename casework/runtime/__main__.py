"""`python -m casework.runtime COMMAND`: what the Makefile calls."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from casework.runtime import children, maintenance, scratch, supervisor
from casework.runtime.installation import from_environment
from casework.runtime.problem import Problem


def main(arguments: Sequence[str]) -> int:
    """Parse and run one command; a `Problem` becomes words on stderr and exit code 1."""
    chosen = _parser().parse_args(arguments)
    umask = os.umask(0o077)
    try:
        return _run(chosen, umask)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(chosen: argparse.Namespace, umask: int) -> int:
    if chosen.command == "with-database":
        argv = chosen.argv[1:] if chosen.argv[:1] == ["--"] else chosen.argv
        if not argv:
            raise Problem("with-database needs a command: with-database -- CMD...")
        return scratch.run_with_database(argv, keep=chosen.keep, umask=umask)
    at = from_environment(os.environ)
    if chosen.command == "run":
        return supervisor.run(at)
    if chosen.command == "database":
        return maintenance.run_database(at)
    if chosen.command == "keys":
        return maintenance.make_keys(at)
    if chosen.command in children.PARTS:
        os.umask(umask)  # web and worker of a real desk share a directory by their group
        return maintenance.become(children.PARTS[chosen.command](at))
    return maintenance.run_manage(at, chosen.argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m casework.runtime", description="Processes and database of Casework."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything and look after it until Ctrl-C")
    commands.add_parser("database", help="start only the embedded database and wait")
    commands.add_parser("keys", help="make the two key rings, or check them")
    for part in children.PARTS:
        commands.add_parser(part, help=f"be the {part} process, for a service manager (docs/deploy.md)")
    manage = commands.add_parser("manage", help="run a Django command, with the database started if need be")
    manage.add_argument("argv", nargs=argparse.REMAINDER, metavar="ARGS...")
    around = commands.add_parser("with-database", help="run one command against a throw-away database")
    around.add_argument("--keep", action="store_true", help="leave the home and its data in place")
    around.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD...")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
