"""How long a moderator waits: the queue, a case, its panel, a reveal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.sheet import spread
from tests.bench.visitor import Answer, Visitor

_CASE = re.compile(r'href="/cases/([0-9a-f-]{36})/"')
TIMES = 40
PEOPLE = 4
SECONDS_AT_ONCE = 4.0


def views(port: int) -> dict[str, str]:
    """Page -> durations, for lena, one request after the other and then four at once."""
    lena = Visitor(port).sign_in("lena")
    cases = _CASE.findall(lena.get("/queue/").text)
    found = {
        "queue": spread(_times(lambda _n: lena.get("/queue/"))),
        "queue, one filter": spread(_times(lambda _n: lena.get("/queue/?show=due"))),
        "case": spread(_times(lambda n: lena.get(f"/cases/{cases[n % len(cases)]}/"))),
        "evidence panel of a case": spread(
            _times(lambda n: lena.ask("GET", f"/evidence/case/{cases[n % len(cases)]}/", HX_Request="true"))
        ),
        "search": spread(_times(lambda n: lena.get(f"/search/?q=https://many.example/{n}"))),
    }
    return found | {f"{PEOPLE} people at once, queue and case in turn": _at_once(port, cases)}


def _times(ask: Callable[[int], Answer], times: int = TIMES) -> list[float]:
    ask(0)
    return [ask(number).seconds for number in range(times)]


def _at_once(port: int, cases: list[str]) -> str:
    people = [Visitor(port).sign_in("lena") for _person in range(PEOPLE)]
    end = time.monotonic() + SECONDS_AT_ONCE

    def work(person: Visitor) -> list[float]:
        took = []
        while time.monotonic() < end:
            address = f"/cases/{cases[len(took) % len(cases)]}/" if len(took) % 2 else "/queue/"
            took.append(person.get(address).seconds)
        return took

    with ThreadPoolExecutor(PEOPLE) as pool:
        took = [seconds for each in pool.map(work, people) for seconds in each]
    return f"{len(took) / SECONDS_AT_ONCE:.0f} pages/s, {spread(took)}"


def reveals(port: int, case: str, item: str, times: int = 12) -> tuple[str, str]:
    """(opening a reveal, its marked picture) of one *item* of *case*, again and again."""
    person = Visitor(port).sign_in("mona")
    opened, served = [], []
    for _time in range(times):
        page = person.get(f"/evidence/case/{case}/?item={item}")
        answer = person.post(f"/evidence/items/{item}/reveal/", page, reason="decide")
        opened.append(answer.seconds)
        stage = person.get(answer.location)
        picture = person.get(f"{answer.location}image/")
        assert picture.body.startswith(b"\xff\xd8"), "no picture was served"
        served.append(picture.seconds)
        person.post(f"{answer.location}close/", stage)
    return spread(opened), f"{spread(served)}, {len(picture.body) / 1000:.0f} KB"
