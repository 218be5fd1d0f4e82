"""`manage.py first_administrator EMAIL --name NAME`: the one person whom nobody inside can invite."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.urls import reverse
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Role
from casework.staff.actions import create_person


class Command(BaseCommand):
    help = "Add the first administrator and print the link under which they choose a password (written to the log)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True, help="as colleagues will read it")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(_("“%(email)s” is no e-mail address.") % {"email": email}) from error
        if User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exists():
            raise CommandError(_("There is an administrator already; they invite everybody else."))
        if User.objects.filter(email__iexact=email).exists():
            raise CommandError(_("Somebody has this address already. Nothing was changed."))
        person = create_person(actor=None, email=email, name=options["name"], role=Role.ADMINISTRATOR)
        path = reverse("welcome", args=[person.public_id, default_token_generator.make_token(person)])
        self.stdout.write(_("Within two days, and once, a password is chosen here:"))
        self.stdout.write(f"{settings.PUBLIC_URL}{path}")
        self.stdout.write(_("At the first sign-in a second factor is set up; then invite everybody else."))
