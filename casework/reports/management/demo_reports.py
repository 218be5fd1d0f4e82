"""The reports of the demo: who says what through which door, and what the desk does with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .demo_doors import Upload
from .demo_pictures import animation, cut_off, film, no_picture, pattern, photo, webp

Draw = Callable[[Path], Upload]


@dataclass(frozen=True)
class DemoReport:
    """One report. *door*: "form", "platform" or "flagger". *then*: what the desk does with it afterwards."""

    slug: str
    door: str = "form"
    role: str = "depicted"
    age: str = "adult"
    made: str = "unknown"
    danger: bool = False
    more_links: int = 0
    accounts: tuple[str, ...] = ()
    statement: str = ""
    description: str = ""
    contact: str = ""
    signed: bool = True
    pictures: tuple[Draw, ...] = field(default=())
    then: str = ""

    @property
    def links(self) -> list[str]:
        """Where it is; the first one tells this report from all others."""
        host = {"form": "pictures.example", "platform": "forum.example", "flagger": "clips.example"}[
            self.door
        ]
        return [f"https://{host}/demo/{self.slug}"] + [
            f"https://copies.example/demo/{self.slug}/{number}" for number in range(1, self.more_links + 1)
        ]


def _photo(name: str, size: int | None = None, quality: int = 0) -> Draw:
    return lambda folder: photo(folder, name, size=size, quality=quality)


def _drawn(draw: Callable[[int], Upload], seed: int) -> Draw:
    return lambda folder: draw(seed)


def _generated(seed: int) -> Draw:
    return lambda folder: pattern(seed, generated=True)


REPORTS = (
    # links only, from people themselves
    DemoReport(
        "garden", contact="noor@mail.example", made="ai", statement="I never made this. It has my face."
    ),
    DemoReport("harbour", contact="sam@mail.example", made="real", more_links=3, then="remove"),
    DemoReport("meadow", made="real", signed=False, description="The second one on the page."),
    DemoReport(
        "station",
        contact="kim@mail.example",
        danger=True,
        made="real",
        statement="He says he will send it to my work.",
    ),
    DemoReport(
        "bridge", accounts=("@old.account",), made="ai", contact="jo@mail.example", then="remove_confirmed"
    ),
    DemoReport("market", made="unknown", then="need_more"),
    # a parent, somebody who acts for a friend
    DemoReport("orchard", role="guardian", age="minor", made="ai", contact="parent@mail.example", then="tip"),
    DemoReport(
        "library",
        role="representative",
        made="ai",
        contact="law@office.example",
        pictures=(_generated(3),),
        then="claim",
    ),
    # somebody who came across it
    DemoReport("mountain", role="somebody_else", age="unknown", made="unknown"),
    DemoReport(
        "river", role="somebody_else", made="real", pictures=(_photo("chelsea.png"),), then="remove_bank"
    ),
    DemoReport("river-again", role="somebody_else", made="real", pictures=(_photo("chelsea.png"),)),
    DemoReport(
        "river-smaller", door="platform", role="somebody_else", pictures=(_photo("chelsea.png", 300, 70),)
    ),
    # a platform's own reports
    DemoReport(
        "coffee", door="platform", role="somebody_else", pictures=(_photo("coffee.png"),), then="keep"
    ),
    DemoReport(
        "launch", door="platform", role="somebody_else", made="real", pictures=(_photo("rocket.jpg"),)
    ),
    DemoReport(
        "sky",
        door="platform",
        role="somebody_else",
        pictures=(_photo("hubble_deep_field.jpg"), _photo("coins.png"), _photo("horse.png")),
    ),
    DemoReport(
        "ground",
        door="platform",
        role="somebody_else",
        pictures=(_photo("brick.png"), _photo("grass.png"), _photo("gravel.png"), _drawn(webp, 4)),
    ),
    DemoReport(
        "painting", door="platform", role="somebody_else", made="ai", pictures=(_generated(7), _generated(8))
    ),
    DemoReport("turning", door="platform", role="somebody_else", pictures=(_drawn(animation, 2),)),
    DemoReport("moving", door="platform", role="somebody_else", pictures=(_drawn(film, 5),)),
    DemoReport(
        "damaged",
        door="platform",
        role="somebody_else",
        pictures=(_drawn(cut_off, 5), lambda folder: no_picture()),
    ),
    DemoReport(
        "for-a-user",
        door="platform",
        role="depicted",
        made="ai",
        contact="user@mail.example",
        statement="A user's own words, passed on.",
        then="hold",
    ),
    # trusted flaggers
    DemoReport(
        "flagged-one",
        door="flagger",
        role="somebody_else",
        made="ai",
        more_links=4,
        pictures=(_generated(11),),
    ),
    DemoReport(
        "flagged-two",
        door="flagger",
        role="representative",
        made="real",
        contact="desk@hotline.example",
        then="escalate",
    ),
    DemoReport("flagged-young", door="flagger", role="somebody_else", age="minor"),
    DemoReport("flagged-clock", door="flagger", role="somebody_else", pictures=(_photo("clock_motion.png"),)),
)


def form_pages(report: DemoReport) -> dict[str, dict[str, str]]:
    """What is typed on each page of the public form."""
    tick = {"no_consent": "on", "accurate": "on", "signature": f"{report.slug.capitalize()} (demo)"}
    contact = (
        {"channel": "email", "address": report.contact, "message_ok": "on"}
        if report.contact
        else {"channel": "none"}
    )
    return {
        "start": {"in_danger": "yes" if report.danger else "no"},
        "you": {"role": report.role},
        "acting": {"authorisation": "She asked me to, in writing."},
        "where": {
            "links": "\n".join(report.links),
            "accounts": "\n".join(report.accounts),
            "description": report.description,
        },
        "what": {"age_at_the_time": report.age, "made_how": report.made},
        "sign": {**tick, "statement": report.statement} if report.signed else {"skip": "1"},
        "contact": contact,
    }


def api_fields(report: DemoReport) -> dict[str, str | list[str]]:
    """The fields of the REST API."""
    fields: dict[str, str | list[str]] = {"role": report.role, "links": report.links, "made_how": report.made}
    if report.age != "adult":
        fields["age_at_the_time"] = report.age
    if report.contact:
        fields |= {"contact_channel": "email", "contact_address": report.contact, "no_consent": "true"}
        fields |= {"signature": "Signed at the sender", "statement": report.statement}
    return fields
