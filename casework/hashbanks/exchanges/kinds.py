"""The kinds of exchange that are spoken here. Another one is a client and a row in this table."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Entry, Verdict

from .base import Client, Connection, Input, KindSpec
from .hma import HMA
from .hma import SIGNALS as HMA_SIGNALS
from .ncmec import ENVIRONMENTS, NCMEC
from .plain import PlainList
from .stopncii import StopNCII
from .threatexchange import TYPES as THREATEXCHANGE_TYPES
from .threatexchange import ThreatExchange

_AUTHORIZATION = Input(
    "authorization",
    _("Authorization header"),
    _("Only where the server asks for one, for example “Bearer …”."),
    secret=True,
    required=False,
)

KINDS: dict[str, KindSpec] = {
    Exchange.Kind.STOPNCII: KindSpec(
        connect=StopNCII,
        address="https://api.stopncii.org/v1",
        inputs=(
            Input("subscription_key", _("Subscription key"), secret=True),
            Input("fetch_key", _("Function key of FetchHashes"), secret=True),
            Input("submit_key", _("Function key of SubmitHashes"), secret=True, required=False),
            Input("feedback_key", _("Function key of SubmitFeedback"), secret=True, required=False),
        ),
        reads=_(
            "PDQ hashes of pictures and MD5 of films that adults made of themselves on their own devices."
        ),
        sends=_("The hash and one word: blocked, not blocked, or withdrawn. No case, no picture, no name."),
        signals=("pdq", "video_md5"),
        verdicts=(Verdict.CONFIRMED, Verdict.DIFFERENT, Verdict.WRONG),
        batch=100,
    ),
    Exchange.Kind.THREATEXCHANGE: KindSpec(
        connect=ThreatExchange,
        address="https://graph.facebook.com/v24.0",
        inputs=(
            Input("privacy_group", _("Privacy group"), _("Its number."), pattern=r"\d{1,30}"),
            Input("tag", _("Tag for what we contribute"), required=False),
            Input("access_token", _("Access token"), _("App id, a bar, and the app's secret."), secret=True),
        ),
        reads=_("PDQ, SHA-256 and MD5 hashes that members of the privacy group share."),
        sends=_("The hash as a descriptor that only the privacy group sees, or a reaction to one of theirs."),
        signals=tuple(sorted(set(THREATEXCHANGE_TYPES.values()))),
        verdicts=(Verdict.CONFIRMED, Verdict.WRONG),
        by_name=True,
    ),
    Exchange.Kind.HMA: KindSpec(
        connect=HMA,
        address="",
        inputs=(Input("bank", _("Name of the bank there"), pattern=r"[A-Z0-9_]{1,100}"), _AUTHORIZATION),
        reads=_("PDQ hashes and MD5 of films of one bank there, content by content."),
        sends=_("The hash as a content of that bank. It takes no feedback."),
        signals=HMA_SIGNALS,
        interval_minutes=24 * 60,
    ),
    Exchange.Kind.NCMEC: KindSpec(
        connect=NCMEC,
        address="https://exttest.cybertip.org/hashsharing",
        inputs=(
            Input("username", _("User name"), secret=True),
            Input("password", _("Password"), secret=True),
            Input(
                "reason",
                _("Reason for a vote against"),
                _("Its name or number at NCMEC; without one no vote against is sent."),
                required=False,
            ),
        ),
        reads=_("PDQ and MD5 fingerprints of images, and MD5 of films, that members report to NCMEC."),
        sends=_("A vote for or against one fingerprint of theirs. Hashes of our own are never sent there."),
        verdicts=(Verdict.CONFIRMED, Verdict.WRONG),
        by_name=True,
        never=(400, 404, 410, 422),  # an entry may be gone by the time we vote on it
    ),
    Exchange.Kind.PLAIN: KindSpec(
        connect=PlainList,
        address="",
        inputs=(
            Input(
                "signal",
                _("Kind of hash"),
                _("Needed for plain text with one hash a line; other lists say it themselves."),
                required=False,
                choices=tuple((value, label) for value, label in Entry.Signal.choices),
            ),
            _AUTHORIZATION,
        ),
        reads=_("Every line of the list. What it holds no longer is deleted here."),
        sends=_("Nothing."),
        interval_minutes=6 * 60,
    ),
}

#: Addresses that are offered beside the first one.
ADDRESSES: dict[str, dict[str, object]] = {Exchange.Kind.NCMEC: dict(ENVIRONMENTS)}


def spec_of(exchange: Exchange) -> KindSpec:
    """What the kind of *exchange* is and can."""
    return KINDS[exchange.kind]


def connect(exchange: Exchange) -> Client:
    """A client for *exchange*, with its keys."""
    connection = Connection(exchange.address, exchange.options, exchange.credentials or {})
    return spec_of(exchange).connect(connection)
