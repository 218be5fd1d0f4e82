"""What the CyberTipline answers when it does not do what we asked, in kinds that a program can act on.

Codes are of NCMEC's documentation (updated 2025-06-11). Only ``TryAgain`` is worth another try; the sentences say what
happened, what is kept and what to do.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _


class CyberTipError(Exception):
    """*code*: NCMEC's, or None when it never spoke; *request_id*: what NCMEC asks for when it is asked."""

    def __init__(self, sentence: str, *, code: int | None = None, request_id: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.request_id = request_id


class TryAgain(CyberTipError):
    """Later may help. *unsure*: the server may have done it all the same. *retry_after*: seconds it asked for."""

    def __init__(
        self, sentence: str, *, code: int | None = None, request_id: str = "", unsure: bool = True,
        retry_after: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(sentence, code=code, request_id=request_id)
        self.unsure = unsure
        self.retry_after = retry_after


class NotAllowed(CyberTipError):
    """Our account may not do this."""


class Rejected(CyberTipError):
    """What we sent is not accepted, and will not be when sent again."""


class ReportMissing(CyberTipError):
    """There is no such report: it was never finished and has expired."""


class AlreadyRetracted(CyberTipError):
    """The report was taken back."""


class AlreadyFinished(CyberTipError):
    """The report was finished and can't change any more."""


#: Code: kind, sentence. Of what is worth another try only 1000 leaves open whether something was saved.
_CODES: dict[int, tuple[type[CyberTipError], object]] = {
    1000: (TryAgain, _("NCMEC's server has a problem of its own. The report is kept and sent again.")),
    1100: (TryAgain, _("NCMEC could not save the report. It is kept and sent again.")),
    1110: (TryAgain, _("NCMEC could not take the upload. It is kept and sent again.")),
    1111: (TryAgain, _("NCMEC could not take a file. It is kept and sent again.")),
    1210: (TryAgain, _("NCMEC did not find what we asked for. We ask again later.")),
    1300: (TryAgain, _("NCMEC could not change the report. It is kept and sent again.")),
    2000: (NotAllowed, _("NCMEC does not know our user name or password. Check them, then send again.")),
    3000: (NotAllowed, _("Our account at NCMEC may not do this. Ask NCMEC, then send again.")),
    3100: (NotAllowed, _("Our account at NCMEC may not submit reports. Ask NCMEC, then send again.")),
    3300: (NotAllowed, _("Our account at NCMEC may not change this report. Ask NCMEC, then send again.")),
    4000: (Rejected, _("NCMEC does not accept this request. Nothing is lost; a person has to look at it.")),
    4100: (Rejected, _("NCMEC does not accept what the report says. Correct its facts, then send again.")),
    4110: (Rejected, _("NCMEC could not read the report. Nothing is lost; a person has to look at it.")),
    4200: (Rejected, _("NCMEC does not accept a file. Leave it out or look at it, then send again.")),
    5001: (ReportMissing, _("NCMEC no longer has this report: it expired before it was finished.")),
    5002: (Rejected, _("NCMEC does not have this file. The report is taken back and sent anew.")),
    5101: (AlreadyRetracted, _("This report was already taken back.")),
    5102: (AlreadyFinished, _("This report was already finished and can't change any more.")),
}


def of_code(code: int, *, request_id: str = "") -> CyberTipError:
    """The error that NCMEC's *code* (not 0) stands for; codes we do not know are told by their thousand."""
    if code not in _CODES:
        if 1000 <= code < 2000:
            return TryAgain(str(_CODES[1000][1]), code=code, request_id=request_id)
        return Rejected(str(_CODES[4000][1]), code=code, request_id=request_id)
    kind, sentence = _CODES[code]
    if kind is TryAgain:
        return TryAgain(str(sentence), code=code, request_id=request_id, unsure=code == 1000)
    return kind(str(sentence), code=code, request_id=request_id)
