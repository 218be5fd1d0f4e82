"""What all tests share: the database and its roles, the browser, foreign tools, and whole installations.

The database server is started before pytest, once, by `python -m casework.runtime with-database -- pytest`
(`make test` does). Databases are made and migrated by their owner; the tests themselves run as the app role,
which is no superuser and does not own the log: what the database refuses in production it refuses here.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import setup_databases, teardown_databases

from casework.runtime import cluster
from casework.runtime.installation import CHECKOUT
from tests.running import RunningInstallation, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root, and visit only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to run beside a database that is not a test's own."""
    if settings.PROFILE != "test":
        pytest.exit(
            "The tests need a database of their own. Run `make test`, or for some of them:\n"
            "  .venv/bin/python -m casework.runtime with-database -- .venv/bin/pytest tests/cases",
            returncode=4,
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share one running installation go to one parallel worker."""
    for item in items:
        if "installation" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("installation"))


# --- database ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Parallel workers copy one migrated database instead of migrating one each."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    done = tmp_path_factory.getbasetemp().parent / "migrated"
    with (tmp_path_factory.getbasetemp().parent / "migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _migrate_the_template()
            done.touch()
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = cluster.DATABASE


def _migrate_the_template() -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "-v", "0"], cwd=CHECKOUT, check=True
    )
    subprocess.run([sys.executable, "manage.py", "createcachetable"], cwd=CHECKOUT, check=True)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """A database made and migrated by its owner; from here on connections are the app role's.

    It replaces pytest-django's fixture of this name, which makes no database where the selected tests ask for
    `committed_db` alone.
    """
    known = cluster.describe(settings.CASEWORK_HOME / "postgres.json")
    assert known is not None
    connection = connections["default"]
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, keepdb=django_db_keepdb)
    _connect_as(connection, known["app"])
    yield
    _connect_as(connection, known["owner"])
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)


def _connect_as(connection: Any, role: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = role  # shared by the connections of all threads


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of this test's own, in which commits are real; its name. Dropped afterwards.

    It is a copy of the migrated and empty test database. Do not combine it with `db`.
    """
    connection = connections["default"]
    template = connection.settings_dict["NAME"]
    name = f"{template}_{secrets.token_hex(4)}"
    connection.close()
    _as_superuser(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER casework_owner')
    connection.settings_dict["NAME"] = name
    try:
        with django_db_blocker.unblock():
            yield name
            connections.close_all()
    finally:
        connection.settings_dict["NAME"] = template
        _as_superuser(f'DROP DATABASE "{name}" WITH (FORCE)')


def _as_superuser(statement: str) -> None:
    with cluster.connect(settings.CASEWORK_HOME / "postgres.json", database="postgres") as link:
        link.execute(statement)  # type: ignore[arg-type]


@pytest.fixture
def superuser(committed_db: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A superuser's own connection to `committed_db`, autocommit: it edits what nobody may edit."""
    with cluster.connect(settings.CASEWORK_HOME / "postgres.json", database=committed_db) as link:
        yield link


# --- people ----------------------------------------------------------------------------------------


def _member(name: str) -> Any:
    """A fixture with the person ``name``, in `committed_db` if the test uses it and else in `db`."""

    @pytest.fixture(name=name)
    def member(request: pytest.FixtureRequest) -> Any:
        from tests.cast import person

        request.getfixturevalue("committed_db" if "committed_db" in request.fixturenames else "db")
        return person(name)

    return member


mona, milo, sena = _member("mona"), _member("milo"), _member("sena")
lena, lex, audra = _member("lena"), _member("lex"), _member("audra")
ada, nia, stan = _member("ada"), _member("nia"), _member("stan")


# --- whole installations ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstallation]:
    """One demo installation under its real supervisor, ready, shared by all tests. Do not break it."""
    with RunningInstallation(tmp_path_factory.mktemp("installation") / "home", free_port()) as running:
        running.start()
        yield running


@pytest.fixture
def make_installation(tmp_path: Path) -> Iterator[Callable[..., RunningInstallation]]:
    """Installations of this test's own, not started, removed afterwards: `make_installation("a")`."""
    made: list[RunningInstallation] = []

    def make(name: str = "home", **env: str) -> RunningInstallation:
        made.append(RunningInstallation(tmp_path / name, free_port(), **env))
        return made[-1]

    yield make
    for one in made:
        one.close()


# --- foreign tools and the browser ------------------------------------------------------------------


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """The path of a program such as `age`; skips the test without it, fails under REQUIRE_TOOLS=1."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            _absent(f"the program “{name}” is not installed", "REQUIRE_TOOLS")
        assert path is not None
        return path

    return find


def _absent(what: str, variable: str) -> None:
    if os.environ.get(variable) == "1":
        pytest.fail(f"{what}, and {variable}=1 demands it")
    pytest.skip(f"NOT TESTED: {what} (set {variable}=1 to make this a failure)")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; skips without it, or fails under REQUIRE_BROWSER=1."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    _absent("no Chromium was found", "REQUIRE_BROWSER")
    raise AssertionError


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium. Browser tests ask the installation, not the ORM.

    Playwright keeps an event loop in this thread until the session ends. Django would refuse every later test of this
    process its database for it, although no coroutine of ours ever runs; connections belong to one side of the loop.
    """
    from playwright.sync_api import sync_playwright

    connections.close_all()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()
        connections.close_all()


@pytest.fixture
def context(browser: Browser, installation: RunningInstallation) -> Iterator[BrowserContext]:
    """A fresh browser profile whose relative addresses lead to `installation`."""
    fresh = browser.new_context(base_url=installation.base_url)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One page in a fresh profile: `page.goto("/report/")`."""
    return context.new_page()
