"""What ``python -m detection`` does besides examining: ``match``, ``mark`` and ``trace``, on plain files.

A file named like a command is examined as ``./match``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

NAMES = ("match", "mark", "trace")


def run(name: str, arguments: Sequence[str]) -> int:
    """Run the command *name* (one of ``NAMES``) and give its exit code: 0; 1 when a file could not be read; 2 for
    wrong use.
    """
    from detection import sandbox, zygote
    from detection.commands import mark, match, trace
    from detection.commands.files import Refusal

    command = {"match": match.main, "mark": mark.main, "trace": trace.main}[name]
    try:
        return command(arguments)
    except Refusal as error:
        print(error, file=sys.stderr)
        return error.code
    except sandbox.Unconfined as error:
        print(f"Nothing was opened: {error}. See --weak-sandbox.", file=sys.stderr)
    except zygote.ZygoteLost as error:
        print(f"No file was opened: {error}.", file=sys.stderr)
    return 1
