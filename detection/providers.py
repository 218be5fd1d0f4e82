"""On what models run: the execution providers of onnxruntime, by the names it gives them. The CPU unless asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

CPU = "CPUExecutionProvider"
_SECONDS = 60


class ProviderMissing(Exception):
    """A provider was asked for that this machine's onnxruntime does not have. The text is for a person."""


def check(wanted: Sequence[str]) -> None:
    """Raises ProviderMissing unless every one of *wanted* is built into the onnxruntime that is installed."""
    import onnxruntime

    there = [str(name) for name in onnxruntime.get_available_providers()]
    for name in wanted:
        if name not in there:
            raise ProviderMissing(
                f"Models were to run on “{name}”, which the installed onnxruntime does not have; "
                f"it has {', '.join(there)}. Install the build of onnxruntime for that device, or change "
                "MODEL_PROVIDERS."
            )
    if not wanted or len(set(wanted)) != len(wanted):
        raise ProviderMissing(f"MODEL_PROVIDERS must name each provider once, such as {CPU}.")


def check_apart(wanted: Sequence[str]) -> None:
    """As ``check``, in a process of its own: for one that is going to fork and must not load the runtime.

    The default needs no asking. Raises ProviderMissing.
    """
    if tuple(wanted) == (CPU,):
        return
    command = [sys.executable, "-m", "detection.providers", *wanted]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the names are the operator's
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ProviderMissing(f"onnxruntime did not say within {_SECONDS} s on what it can run.") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["onnxruntime could not be asked on what it can run."]
        raise ProviderMissing(said[-1])


def main() -> int:
    """0 when all providers that are named are there, 1 with a sentence on standard error when not."""
    try:
        check(sys.argv[1:])
    except ProviderMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
