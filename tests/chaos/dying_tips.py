"""The chaos settings, in which whoever sends a report to NCMEC dies on order."""

from tests.chaos.settings import *  # noqa: F403
from tests.chaos.settings import JOB_KINDS as CHAOS_KINDS

JOB_KINDS = CHAOS_KINDS | {
    "escalations.tip": CHAOS_KINDS["escalations.tip"] | {"path": "tests.chaos.tips.send_dying"}
}
