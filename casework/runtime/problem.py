"""The one exception of this package."""


class Problem(Exception):
    """Something a person has to fix; the text says what happened, what is kept and what to do.

    The command line prints it without a traceback and exits 1.
    """
