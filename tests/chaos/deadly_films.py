"""The product's settings, in which one kind of film kills whoever decodes it."""

from casework.settings import *  # noqa: F403
from casework.settings import JOB_KINDS as REAL_KINDS

JOB_KINDS = REAL_KINDS | {
    "evidence.examine": REAL_KINDS["evidence.examine"] | {"path": "tests.chaos.films.examine_beside_a_killer"}
}
JOB_RETRY_AFTER = (0.5, 1.0)
"""So that three starts take seconds and not minutes."""
