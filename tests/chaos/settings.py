"""The product's settings with kinds of work that tests can watch."""

from casework.settings import *  # noqa: F403
from casework.settings import JOB_KINDS as REAL_KINDS
from casework.settings import Q_CLUSTER as REAL_CLUSTER

_WORK = "tests.chaos.work"

# Nothing that comes round by itself: the tests count what they added.
JOB_KINDS = {kind: spec for kind, spec in REAL_KINDS.items() if "every" not in spec} | {
    "test.note": {"path": f"{_WORK}.note", "queue": "score", "lease": 30},
    "test.slow": {"path": f"{_WORK}.slow", "queue": "score", "lease": 30},
    "test.poison": {
        "path": f"{_WORK}.poison",
        "queue": "score",
        "lease": 30,
        "on_quarantine": f"{_WORK}.mourn",
    },
    "test.fails": {
        "path": f"{_WORK}.fails",
        "queue": "score",
        "lease": 30,
        "on_quarantine": f"{_WORK}.mourn",
    },
    "test.hopeless": {
        "path": f"{_WORK}.hopeless",
        "queue": "score",
        "lease": 30,
        "on_quarantine": f"{_WORK}.mourn",
    },
}
JOB_RETRY_AFTER = (0.5, 1.0)
Q_CLUSTER = REAL_CLUSTER | {"timeout": 20, "retry": 100}
