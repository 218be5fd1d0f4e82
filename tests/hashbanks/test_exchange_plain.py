"""A list over https or as a file: read when it changed, in three formats; what it holds no longer is deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from casework.hashbanks import matching
from casework.hashbanks.exchanges import plain
from casework.hashbanks.exchanges.base import Connection
from casework.hashbanks.exchanges.plain import PlainList
from casework.outbox.errors import OutboundError
from tests.hashbanks.exchanging import again, connect, in_force, work
from tests.hashbanks.making import ask, flipped, pdq
from tests.hashbanks.servers.plain import ListServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback_allowed")]
CSV = f"signal,value,quality\npdq,{pdq(1).hex()},90\nmd5,{'ab' * 16},\npdq,nonsense,\npdq,{pdq(2).hex()},10\n"
JSON = "\n".join(
    json.dumps(line)
    for line in ({"signal": "pdq", "value": pdq(1).hex()}, {"signal": "md5", "value": "ab" * 16})
)
TEXT = f"\n{pdq(1).hex()}\n\n{pdq(2).hex().upper()}\nnonsense\n"


@pytest.mark.parametrize(
    ("text", "kept", "faults"),
    [
        (CSV, {pdq(1).hex(): "pdq", "ab" * 16: "md5"}, 2),
        (JSON, {pdq(1).hex(): "pdq", "ab" * 16: "md5"}, 0),
        (TEXT, {pdq(1).hex(): "pdq", pdq(2).hex(): "pdq"}, 1),
    ],
    ids=["csv", "json lines", "text"],
)
def test_a_list_is_read_in_three_formats(text: str, kept: dict[str, str], faults: int) -> None:
    with ListServer(text) as server:
        exchange = connect(server.address, "plain")
        work(exchange)
    assert in_force(exchange.bank) == kept
    assert exchange.last_counts["faults"] == faults


def test_a_bad_line_is_named_by_its_number_in_the_file() -> None:
    with ListServer(TEXT) as server:
        exchange = connect(server.address, "plain")
        work(exchange)
    assert [named.split(":")[0] for named in exchange.last_counts["named"]] == ["line 5"]


@pytest.mark.parametrize("etags", [True, False])
def test_a_list_that_has_not_changed_is_not_read_again(etags: bool) -> None:
    with ListServer(CSV, etags=etags) as server:
        exchange = connect(server.address, "plain")
        work(exchange)
        again(exchange)
        assert server.sent == (1 if etags else 2)
    assert (exchange.failures, exchange.last_counts.get("pages"), len(in_force(exchange.bank))) == (0, 1, 2)
    assert exchange.last_counts.get("known", 0) == 0


def test_what_the_list_holds_no_longer_is_deleted_and_matches_no_more() -> None:
    with ListServer(CSV) as server:
        exchange = connect(server.address, "plain")
        work(exchange)
        assert len(matching.match(ask(flipped(pdq(1), 4))).found) == 1
        server.text = f"signal,value\nmd5,{'ab' * 16}\n"
        again(exchange)
    assert in_force(exchange.bank) == {"ab" * 16: "md5"}
    assert matching.match(ask(pdq(1))).found == ()


def test_a_list_of_which_most_became_unreadable_deletes_nothing() -> None:
    with ListServer(CSV) as server:
        exchange = connect(server.address, "plain")
        work(exchange)
        server.text = f"signal,value\nmd5,{'cd' * 16}\npdq,oops\npdq,gone\n"
        again(exchange)
        exchange.refresh_from_db()
    assert in_force(exchange.bank) == {pdq(1).hex(): "pdq", "ab" * 16: "md5"}
    assert (exchange.failures, "is kept" in exchange.last_error) == (1, True)


def test_a_long_list_that_is_mostly_unreadable_deletes_nothing_at_the_second_try_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain, "PAGE_LINES", 2)
    with ListServer(CSV) as server:
        exchange = connect(server.address, "plain")
        work(exchange)
        server.text = (
            "signal,value\n" + "pdq,gone\n" * 6 + f"md5,{'cd' * 16}\nmd5,{'ef' * 16}\nmd5,{'aa' * 16}\n"
        )
        for failures in (1, 2, 3):
            again(exchange)
            assert (exchange.failures, "6 lines of the list" in exchange.last_error) == (failures, True)
            assert {pdq(1).hex(), "ab" * 16} <= set(in_force(exchange.bank))


@pytest.mark.parametrize("text", ["", "\n\n", "signal,value\n", "<html>Not found</html>", "value\nabc\n"])
def test_what_is_no_list_deletes_nothing(text: str) -> None:
    with ListServer(CSV) as server:
        exchange = connect(server.address, "plain")
        work(exchange)
        server.text = text
        again(exchange)
    assert len(in_force(exchange.bank)) == 2
    assert exchange.failures == 1
    assert exchange.last_error


def test_plain_text_without_a_kind_of_hash_is_not_guessed_at() -> None:
    with ListServer(TEXT) as server:
        exchange = connect(server.address, "plain", options={})
        work(exchange)
    assert in_force(exchange.bank) == {}
    assert "none is chosen" in exchange.last_error


def test_a_long_list_goes_on_where_it_stopped_only_if_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "PAGE_LINES", 2)
    text = "".join(f"{pdq(seed).hex()}\n" for seed in range(5))
    with ListServer(text) as server:
        client = PlainList(Connection(server.local.url("/list.csv"), {"signal": "pdq"}))
        first, second, third = client.fetch({})
        assert [len(page.updates) for page in (first, second, third)] == [2, 2, 1]
        assert [(page.first, page.complete) for page in (first, third)] == [(True, False), (False, True)]
        assert [len(page.updates) for page in client.fetch(second.checkpoint)] == [1]
        server.text = text + f"{pdq(8).hex()}\n{pdq(9).hex()}\n"
        assert [len(page.updates) for page in client.fetch(second.checkpoint)] == [2, 2, 2, 1]


def test_the_operator_may_put_a_list_where_workers_find_it(settings: Any, tmp_path: Path) -> None:
    settings.HASH_LISTS_DIR = tmp_path
    (tmp_path / "partner.csv").write_text(CSV)
    exchange = connect("", "plain", address="file:partner.csv")
    work(exchange)
    assert len(in_force(exchange.bank)) == 2


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/b", "", ".hidden", "missing.csv", "link.csv", "folder"]
)
def test_no_file_outside_the_directory_is_read(name: str, settings: Any, tmp_path: Path) -> None:
    settings.HASH_LISTS_DIR = tmp_path / "lists"
    (tmp_path / "lists" / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text(CSV)
    (tmp_path / "lists" / ".hidden").write_text(CSV)
    (tmp_path / "lists" / "link.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(OutboundError):
        list(PlainList(Connection(f"file:{name}")).fetch({}))
