"""A new cluster, or the one that a home already has: initdb, roles, database, and what is refused."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from pathlib import Path

from psycopg import sql

from casework.runtime import binaries
from casework.runtime.cluster import (
    APP,
    DATABASE,
    OWNER,
    SUPERUSER,
    Cluster,
    connect,
    describe,
    give,
    remove,
    running,
    server_environment,
)
from casework.runtime.problem import Problem


def prepare(home: Path, *, scratch: bool = False, mark: str = "") -> Cluster:
    """Find the cluster of ``home`` or make one; nothing is started. ``mark`` is kept as the database's
    comment.

    As root the cluster lies in a directory of its own under `binaries.SHARED`, because the server's user
    cannot be let into ``home`` without opening the directories above it.
    """
    record = home / "postgres.json"
    known = describe(record)
    if known is not None:
        cluster = Cluster(record, Path(known["directory"]), scratch)
        if not (cluster.data / "PG_VERSION").is_file():
            raise Problem(
                f"{record} names a database in {cluster.directory}, but there is none.\n"
                "Restore that directory from a backup; or, to begin with an empty database, move "
                f"{home} away as a whole (its evidence belongs to the missing database)."
            )
        _check_version(cluster)
        _own_home(cluster, home)
        return cluster
    return _make(home, scratch=scratch, mark=mark)


def _make(home: Path, *, scratch: bool, mark: str) -> Cluster:
    record = home / "postgres.json"
    if binaries.is_root():
        clusters = binaries.shared_directory() / "clusters"
        clusters.mkdir(mode=0o755, exist_ok=True)
        clusters.chmod(0o755)
        cluster = Cluster(record, clusters / secrets.token_hex(6), scratch)
    else:
        cluster = Cluster(record, home / "postgres", scratch)
    user = binaries.server_user()
    cluster.directory.mkdir(mode=0o700)
    try:
        _own_home(cluster, home)
        give(cluster.directory, user)
        _initdb(cluster, user)
        log = cluster.directory / "creation.log"
        with running(cluster, log):
            _create_roles(cluster, mark)
    except BaseException:
        remove(cluster)
        raise
    return cluster


def _initdb(cluster: Cluster, user: binaries.ServerUser) -> None:
    command = [
        str(binaries.programs() / "initdb"),
        *("-D", str(cluster.data), "-U", SUPERUSER, "--encoding=UTF8", "--data-checksums", "--auth=reject"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
        *(["--no-sync"] if cluster.scratch else []),
    ]
    done = subprocess.run(  # noqa: S603 - our own binary, our own arguments
        command,
        env=server_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        user=user.uid,
        group=user.gid,
        extra_groups=None if user.uid is None else [],
        start_new_session=True,  # Ctrl-C is ours to handle
        check=False,
    )
    if done.returncode:
        raise Problem(
            f"The embedded database could not be made in {cluster.data}:\n{done.stderr.strip()[-2000:]}"
        )
    _rewrite(cluster.data / "pg_hba.conf", "local all all peer map=casework\n", user)
    _rewrite(cluster.data / "pg_ident.conf", f'casework "{binaries.our_name()}" all\n', user)


def _create_roles(cluster: Cluster, mark: str) -> None:
    """Two roles and one database; by default the app reads and writes all that the owner makes."""
    createdb = sql.SQL("CREATEDB" if cluster.scratch else "NOCREATEDB")
    with connect(cluster.record, database="postgres") as link:
        link.execute(sql.SQL("CREATE ROLE {} LOGIN {}").format(sql.Identifier(OWNER), createdb))
        link.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APP)))
    # In template1, so that every database made later (tests make theirs) has the same defaults.
    with connect(cluster.record, database="template1") as link:
        for rights in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES"):
            link.execute(
                sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {} TO {}").format(
                    sql.Identifier(OWNER), sql.SQL(rights), sql.Identifier(APP)
                )
            )
    with connect(cluster.record, database="postgres") as link:
        link.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
        )
        if mark:
            link.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(DATABASE), sql.Literal(mark))
            )


def _check_version(cluster: Cluster) -> None:
    made_by = (cluster.data / "PG_VERSION").read_text().strip()
    shipped = binaries.major_version()
    if made_by != shipped:
        raise Problem(
            f"The database in {cluster.data} was made by PostgreSQL {made_by}; here is {shipped}.\n"
            "Nothing was changed. Dump it with the Casework that made it and load the dump into a new home."
        )


def _own_home(cluster: Cluster, home: Path) -> None:
    """Note beside the data whose it is, for the clean-up of abandoned clusters."""
    note = cluster.directory / "home.json"
    note.write_text(json.dumps({"home": str(home), "scratch": cluster.scratch, "pid": os.getpid()}) + "\n")


def _rewrite(path: Path, text: str, user: binaries.ServerUser) -> None:
    path.write_text(text)
    if user.uid is not None and user.gid is not None:
        os.chown(path, user.uid, user.gid)
