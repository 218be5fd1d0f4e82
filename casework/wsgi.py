"""The WSGI entry point that gunicorn loads. Unlike a management command it would run past every system check."""

import os

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casework.settings")


def refuse_to_run_unsafe() -> None:
    """Raise ``ImproperlyConfigured`` with what is wrong and what to do, where a system check found an error."""
    errors = [str(found) for found in run_checks() if found.is_serious() and not found.is_silenced()]
    if errors:
        raise ImproperlyConfigured("\n".join(["The web does not start:", *errors]))


application = get_wsgi_application()
refuse_to_run_unsafe()
