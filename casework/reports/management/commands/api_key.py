"""``manage.py api_key create|list|revoke``: keys of the REST API, for whoever sets the installation up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from casework.accounts.models import Organisation
from casework.reports.actions import create_api_key, revoke_api_key
from casework.reports.models import ApiKey


class Command(BaseCommand):
    help = "Make, list and revoke keys of the REST API."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key; its text is printed once")
        create.add_argument("name", help="what the key is for")
        create.add_argument("--organisation", required=True, help="whose it is")
        create.add_argument("--kind", choices=Organisation.Kind.values, default=Organisation.Kind.PLATFORM)
        create.add_argument(
            "--scope", action="append", choices=ApiKey.Scope.values, help="default: every scope"
        )
        create.add_argument("--trusted-flagger", action="store_true")
        verbs.add_parser("list", help="every key, never its text")
        revoke = verbs.add_parser("revoke", help="end a key at once")
        revoke.add_argument("prefix", help="as “list” shows it")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    def _create(
        self,
        *,
        name: str,
        organisation: str,
        kind: str,
        scope: list[str] | None,
        trusted_flagger: bool,
        **_: Any,
    ) -> None:
        key, secret = create_api_key(
            actor=None, name=name, organisation=organisation, kind=kind,
            scopes=scope or ApiKey.Scope.values, trusted_flagger=trusted_flagger,
        )  # fmt: skip
        self.stderr.write(f"The key {key.prefix} is made. It is shown once:")
        self.stdout.write(secret)

    def _list(self, **_: Any) -> None:
        for key in ApiKey.objects.select_related("organisation").order_by("pk"):
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
            flagger = ", trusted flagger" if key.trusted_flagger else ""
            self.stdout.write(
                f"{key.prefix}  {state}  {key.name} ({key.organisation.name}{flagger})  {' '.join(key.scopes)}"
            )

    def _revoke(self, *, prefix: str, **_: Any) -> None:
        key = ApiKey.objects.filter(prefix=prefix).first()
        if key is None:
            raise CommandError(f"There is no key {prefix}; “api_key list” shows them.")
        if not revoke_api_key(key, actor=None):
            raise CommandError(f"The key {prefix} was revoked already.")
        self.stdout.write(f"The key {prefix} is revoked.")
