"""The one settings module. Everything a deployment may vary comes from the environment, read here and nowhere else.

Profiles: ``demo`` (embedded database, loopback, plain http), ``production`` (DATABASE_URL, TLS proxy), ``test``.
Roles: ``web``, ``worker``, ``manage`` decide which keys are read (docs/deploy.md).
"""

from __future__ import annotations

import ipaddress
import json
import math
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def _env(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def _choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = _env(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is “{value}”; it must be one of {', '.join(allowed)}.")
    return value


def _int(name: str, default: int) -> int:
    try:
        return int(_env(name, str(default)))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from error


# --- where and as what we run -------------------------------------------------------------------------------------

CASEWORK_HOME = Path(_env("CASEWORK_HOME") or BASE_DIR / "var").absolute()
CASEWORK_KEYS = Path(_env("CASEWORK_KEYS") or CASEWORK_HOME / "keys").absolute()
CASEWORK_ROLE = _choice("CASEWORK_ROLE", ("web", "worker", "manage"), "manage")
DATABASE_URL = _env("DATABASE_URL")
PROFILE = _choice(
    "CASEWORK_PROFILE", ("demo", "production", "test"), "production" if DATABASE_URL else "demo"
)
PORT = _int("PORT", 8000)
PUBLIC_URL = _env("CASEWORK_PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
IS_DEMO = PROFILE == "demo"
IS_SECURE = PUBLIC_URL.startswith("https://")
TRUSTED_PROXIES = tuple(_env("TRUSTED_PROXIES").split())
SANDBOX = _choice("SANDBOX", ("strict", "weak"), "strict")

if IS_DEMO and DATABASE_URL:
    raise ImproperlyConfigured(
        "The demo runs on the embedded database only: unset DATABASE_URL or CASEWORK_PROFILE."
    )


def _secret_key() -> str:
    # A task of django-q2 is a pickle signed with SECRET_KEY. Workers sign with a key that web cannot read, so
    # that whoever takes over a web process still cannot enqueue code where the vault key is (docs/deploy.md).
    name = "worker/queue_key" if CASEWORK_ROLE == "worker" else "web/secret_key"
    for candidate in (CASEWORK_KEYS / name, CASEWORK_KEYS / "worker/queue_key"):
        try:
            return candidate.read_text("ascii").strip()
        except OSError:
            if CASEWORK_ROLE != "manage":
                break
    raise ImproperlyConfigured(
        f"No key at {CASEWORK_KEYS / name}. “make run” makes keys; docs/deploy.md says how to mount them."
    )


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = sorted(
    {urlsplit(PUBLIC_URL).hostname or "localhost", "localhost", "127.0.0.1"}
    | set(_env("ALLOWED_HOSTS").split())
)
if PROFILE == "test":
    ALLOWED_HOSTS.append("testserver")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "casework.urls"
WSGI_APPLICATION = "casework.wsgi.application"

# --- applications -------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "heroicons",
    "rest_framework",
    "casework.privacy",
    "casework.ui",
    "casework.accounts",
    "casework.audit",
    "casework.jobs",
    "casework.wellbeing",
    "casework.outbox",
    "casework.cases",
    "casework.hashbanks",
    "casework.scoring",
    "casework.evidence",
    "casework.reports",
    "casework.partners",
    "casework.escalations",
    "casework.legal",
    "casework.staff",
]

MIDDLEWARE = [
    "casework.ui.middleware.ResponseHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "casework.staff.middleware.SessionLimitsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "casework.staff.middleware.MfaRequiredMiddleware",
    "casework.staff.middleware.PersonalTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "casework.cases.middleware.ConflictMiddleware",
    "casework.ui.busy.BusyMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "casework.ui.context.frame",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "casework.ui.templatetags.ui",
                "casework.accounts.templatetags.permissions",
            ],
        },
    }
]

# --- database, cache, queue ---------------------------------------------------------------------------------------


def _database() -> dict[str, object]:
    options: dict[str, object] = {
        "options": "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    }
    common = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": options,
    }
    as_owner = _env("CASEWORK_DB_ROLE", "app") == "owner"
    if DATABASE_URL:
        url = urlsplit(DATABASE_URL)
        return common | {
            "HOST": url.hostname or "",
            "PORT": str(url.port or 5432),
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
        }
    pointer = CASEWORK_HOME / "postgres.json"
    try:
        cluster = json.loads(pointer.read_text())
    except OSError:
        # Commands that need no database (compiling, linting) still load; a connection would then say why it fails.
        cluster = {
            "socket": str(CASEWORK_HOME),
            "port": 5432,
            "database": "casework",
            "owner": "casework_owner",
            "app": "casework_app",
        }
    return common | {
        "HOST": cluster["socket"],
        "PORT": str(cluster["port"]),
        "NAME": cluster["database"],
        "USER": cluster["owner" if as_owner else "app"],
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

#: What the frame around pages shows and the layer ``ui`` may not import: part -> dotted path, called with the request.
FRAME_PARTS = {
    "meter": "casework.wellbeing.meter.frame_part",
    "due": "casework.cases.frame.due",
}
#: The numbers beside the entries of the rail, each app's own: called with the request, name of an address -> number.
FRAME_COUNTS = ["casework.cases.frame.counts", "casework.escalations.frame.counts"]

#: What the reporter's status page shows and the layer ``reports`` may not import: name -> dotted path, called with the
#: report.
STATUS_PARTS = {"handed": "casework.escalations.reporting.passed_on"}

#: Called with a case, in the same transaction, when it becomes restricted or free again.
ON_RESTRICTION = "casework.evidence.actions.recount_known"
#: Called with a ``Q`` over matches, in the same transaction, when their entries or their bank changed.
ON_ENTRIES_CHANGED = "casework.evidence.actions.recount_bank_matches"
#: Called for a subquery of public ids of items whose hashes leave in no bank but one that restricts.
ITEMS_HELD_BACK = "casework.evidence.leaving.items_held_back"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        # Django's default of 300 entries would throw rate limits and used codes away under load.
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}

#: Queues of the job ledger that this worker serves; ``make run`` serves all of them with one cluster.
JOB_QUEUES = tuple(_env("CASEWORK_QUEUES", "score deliver maintain").split())
#: What may run: kind -> dotted path, queue, seconds of lease; optional: what to call when it is stopped for good.
JOB_KINDS: dict[str, dict[str, Any]] = {
    "evidence.examine": {
        "path": "casework.evidence.tasks.examine_item",
        "queue": "score",
        "lease": 150,
        "on_quarantine": "casework.evidence.actions.set_item_aside",
    },
    "evidence.play": {
        "path": "casework.evidence.filming.make_playback",
        "queue": "maintain",
        "lease": 150,
        "on_quarantine": "casework.evidence.actions.leave_unplayed",
    },
    "evidence.examine_again": {
        "path": "casework.evidence.tasks.examine_item_again",
        "queue": "score",
        "lease": 150,
    },
    "evidence.verify": {"path": "casework.evidence.tasks.verify_item", "queue": "maintain", "lease": 150},
    "evidence.trace": {
        "path": "casework.evidence.tasks.trace_copy",
        "queue": "maintain",
        "lease": 150,
        "on_quarantine": "casework.evidence.actions.leave_untraced",
    },
    "evidence.match": {"path": "casework.evidence.comparing.match_again", "queue": "score", "lease": 150},
    "evidence.recount": {"path": "casework.evidence.comparing.recount", "queue": "score", "lease": 150},
    "evidence.sweep": {
        "path": "casework.evidence.comparing.sweep",
        "queue": "maintain",
        "lease": 150,
        "on_quarantine": "casework.hashbanks.actions.fail_sweep",
    },
    "evidence.import_list": {
        "path": "casework.evidence.comparing.import_list",
        "queue": "maintain",
        "lease": 150,
        "on_quarantine": "casework.evidence.actions.leave_unread",
    },
    "legal.keep_time": {
        "path": "casework.legal.tasks.keep_time",
        "queue": "maintain",
        "lease": 150,
        "every": 60,
    },
    "hashbanks.keep": {
        "path": "casework.hashbanks.tasks.keep",
        "queue": "maintain",
        "lease": 150,
        "every": 600,
    },
    "evidence.close_looks": {
        "path": "casework.evidence.tasks.close_looks",
        "queue": "maintain",
        "lease": 150,
        "every": 60,
    },
    "evidence.reap": {
        "path": "casework.evidence.tasks.reap",
        "queue": "maintain",
        "lease": 150,
        "every": 600,
    },
    "hashbanks.due": {
        "path": "casework.hashbanks.exchanges.tasks.begin_due",
        "queue": "maintain",
        "lease": 150,
        "every": 60,
    },
    "hashbanks.fetch": {
        "path": "casework.hashbanks.exchanges.tasks.fetch",
        "queue": "maintain",
        "lease": 150,
        "on_quarantine": "casework.hashbanks.exchanges.actions.stop_run",
    },
    "hashbanks.send": {
        "path": "casework.hashbanks.exchanges.tasks.send",
        "queue": "deliver",
        "lease": 150,
        "on_quarantine": "casework.hashbanks.exchanges.actions.stop_sending",
    },
    "outbox.deliver": {
        "path": "casework.outbox.tasks.deliver",
        "queue": "deliver",
        "lease": 150,
        "on_quarantine": "casework.outbox.actions.leave_attempt",
    },
    "escalations.package": {
        "path": "casework.escalations.tasks.make_package",
        "queue": "deliver",
        "lease": 150,
        "on_quarantine": "casework.escalations.actions.packages.leave_package",
    },
    "escalations.stamp": {
        "path": "casework.escalations.tasks.stamp_package",
        "queue": "deliver",
        "lease": 150,
        "on_quarantine": "casework.escalations.actions.packages.leave_unstamped",
    },
    "escalations.keep_time": {
        "path": "casework.escalations.tasks.keep_time",
        "queue": "maintain",
        "lease": 150,
        "every": 300,
    },
    "escalations.tip": {
        "path": "casework.escalations.tasks.send_tip",
        "queue": "deliver",
        "lease": 150,
        "on_quarantine": "casework.escalations.actions.tips.leave_run",
    },
    "evidence.assess_again": {
        "path": "casework.evidence.tasks.assess_again",
        "queue": "score",
        "lease": 150,
        "on_quarantine": "casework.scoring.actions.leave_walk",
    },
    "scoring.propose": {
        "path": "casework.scoring.tasks.propose",
        "queue": "maintain",
        "lease": 150,
        "every": 30 * 86_400,
    },
    "cases.keep_time": {
        "path": "casework.cases.tasks.keep_time",
        "queue": "maintain",
        "lease": 150,
        "every": 60,
    },
    "reports.reap": {"path": "casework.reports.tasks.reap", "queue": "maintain", "lease": 150, "every": 300},
}

#: How long a worker that was asked to stop lets running jobs go on; below what its supervisor waits (45 s).
JOB_DRAIN_SECONDS = _int("JOB_DRAIN_SECONDS", 40)
#: Seconds until a job that raised is started again: after its first start, after its second.
JOB_RETRY_AFTER = (5.0, 30.0)

# security.md 5.4: the ledger decides about retries, so the queue acknowledges everything it has started.
_WORKERS = max(1, _int("CASEWORK_WORKERS", 2))
Q_CLUSTER: dict[str, Any] = {
    "name": "casework",
    "orm": "default",
    "workers": _WORKERS,
    "queue_limit": 2,
    "bulk": 1,
    "timeout": 120,
    "retry": 51 + 123 * (1 + math.ceil(3 / _WORKERS)),  # 420 s for two; jobs.E001 says why
    "ack_failures": True,
    "max_attempts": 0,
    # Whoever may only write to the database must not get code to run here: no schedule rows, and no results, whose
    # columns are pickles that nobody signed. Our broker also refuses the cache and any function but one.
    "broker_class": "casework.jobs.broker.Doorbell",
    "scheduler": False,
    "catch_up": False,
    "save_limit": -1,
    "recycle": 200,
    "max_rss": 1_500_000,
    "poll": 0.5,
    "guard_cycle": 0.5,
    "daemonize_workers": True,
    "label": "Jobs",
}

# --- what leaves the product ---------------------------------------------------------------------------------------


def _nets(name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text) for text in _env(name).split())
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must list networks such as 10.1.0.0/16: {error}.") from error


#: Private networks that requests of ours may enter (casework/outbox/addresses.py); none unless listed.
OUTBOUND_ALLOWED_NETS = _nets("OUTBOUND_ALLOWED_NETS")
#: Called with the results that a receiver reported, in one transaction: kind of message -> dotted path, and which
#: states of a result it understands.
_PARTNER_SAYS = ("casework.escalations.notices.hear_partner", ("acknowledged", "answered", "declined"))
OUTBOX_HEARS: dict[str, tuple[str, tuple[str, ...]]] = {
    "effects.wanted": ("casework.cases.actions.hearing.hear_platform", ("done", "failed")),
    "escalation.sent": _PARTNER_SAYS,
    "escalation.reminder": _PARTNER_SAYS,
}
#: Called with a message that was taken, in the same transaction: kind of message -> dotted path.
OUTBOX_TELLS = {
    "escalation.sent": "casework.escalations.notices.note_taken",
    "escalation.xarf": "casework.escalations.notices.note_taken",
}
#: Called with an exchange and the keys of entries that it has taken, in the same transaction.
ON_HASHES_TAKEN = "casework.escalations.notices.note_hashes_taken"
#: Called with a partner that was suspended and who did it, in the same transaction.
ON_PARTNER_SUSPENDED = "casework.escalations.actions.sending.cancel_all"
#: Who says which requests of authorities are on record, checked and open for a case, and that may be answered to a
#: partner: that room lies above.
LEGAL_REQUESTS = "casework.legal.reading.answerable"
#: Who says which requests of authorities forbid any word to those concerned now.
LEGAL_SILENCE = "casework.legal.reading.silent"
#: How long a partner may see and fetch what it was sent, in days.
ESCALATION_ACCESS_DAYS = _int("ESCALATION_ACCESS_DAYS", 30)
#: Who writes to hosts and partners: the organisation's name and its e-mail address for answers.
DESK_NAME = _env("CASEWORK_DESK_NAME", "" if PROFILE == "production" else "Casework demo desk")
DESK_CONTACT = _env("CASEWORK_DESK_CONTACT", "" if PROFILE == "production" else "desk@casework.example")
#: A PEM file with authorities of a private network, trusted beside the system's.
OUTBOUND_CA_FILE = _env("OUTBOUND_CA_FILE")
#: Where reports to NCMEC go. Its test server throws away what it gets; "production" has to be said.
CYBERTIP_ENVIRONMENT = _choice("CYBERTIP_ENVIRONMENT", ("test", "production"), "test")
#: Our account there; the password is read by workers only, from a file that web processes can't read.
CYBERTIP_USER = _env("CYBERTIP_USER")
CYBERTIP_PASSWORD_FILE = _env("CYBERTIP_PASSWORD_FILE")
#: Another server that speaks NCMEC's protocol, for trying things out. Never together with "production".
CYBERTIP_URL = _env("CYBERTIP_URL").rstrip("/")
if CYBERTIP_URL and CYBERTIP_ENVIRONMENT == "production":
    raise ImproperlyConfigured("CYBERTIP_URL is for trying things out; unset it where reports are meant.")
#: Who reports, as NCMEC and the police read it: a person, and optionally where legal process is served.
CYBERTIP_REPORTER = {
    "name": _env("CYBERTIP_REPORTER_NAME"),
    "mail": _env("CYBERTIP_REPORTER_MAIL"),
    "phone": _env("CYBERTIP_REPORTER_PHONE"),
    "company": _env("CYBERTIP_COMPANY"),
    "legal_url": _env("CYBERTIP_LEGAL_URL"),
}
#: Where workers keep NCMEC's schema.
CYBERTIP_SCHEMA_DIR = CASEWORK_HOME / "cybertip"
#: Where workers look for lists of hashes that the operator puts there as files.
HASH_LISTS_DIR = Path(_env("HASH_LISTS_DIR") or CASEWORK_HOME / "lists").absolute()

# --- people -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 2 * 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "casework.staff.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 3600
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_RATE_LIMITS = {"login": "20/h/ip", "login_failed": "5/m/key,20/h/ip", "reauthenticate": "10/m/user"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_TOTP_ISSUER = "Casework"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_SECURE
MFA_ADAPTER = "casework.staff.adapter.MfaAdapter"
MFA_REQUIRED = not IS_DEMO
USERSESSIONS_TRACK_ACTIVITY = False
USERSESSIONS_ADAPTER = "casework.staff.adapter.UserSessionsAdapter"

SESSION_ENGINE = "casework.accounts.sessions"
SESSION_IDLE_SECONDS = 15 * 60
SESSION_LIFETIME_SECONDS = 8 * 3600
SESSION_COOKIE_AGE = SESSION_LIFETIME_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_NAME = "__Host-session" if IS_SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_SECURE else "csrf"
# In the session, not in a cookie of their own that would be neither __Host- nor ended with the session.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "casework.ui.views.csrf_failure"

# --- the browser --------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
# Not "no-referrer": with it browsers send "Origin: null" with our own forms and every POST fails the CSRF check.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 63_072_000 if IS_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_SECURE
SECURE_SSL_REDIRECT = False  # the proxy redirects; we never answer on the public plain port
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # asks for the redirect that the proxy does
X_FRAME_OPTIONS = "DENY"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

STATIC_URL = "static/"
STATIC_ROOT = CASEWORK_HOME / "static" if PROFILE == "production" else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = PROFILE != "production"
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PROFILE != "production"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- uploads and evidence -----------------------------------------------------------------------------------------

FILE_UPLOAD_HANDLERS = ["casework.evidence.uploads.SealingUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 200  # ours (UPLOAD_MAX_FILES) answers first, in words
UPLOAD_MAX_FILE_BYTES = _int("UPLOAD_MAX_FILE_BYTES", 100 * 1024 * 1024)
UPLOAD_MAX_REPORT_BYTES = _int("UPLOAD_MAX_REPORT_BYTES", 500 * 1024 * 1024)
UPLOAD_MAX_FILES = 50
#: What one API key, or one address prefix on the public form, may send in a day.
UPLOAD_MAX_SENDER_BYTES = _int("UPLOAD_MAX_SENDER_BYTES", 20 * 1024 * 1024 * 1024)
EVIDENCE_STORE = _env("EVIDENCE_STORE", "casework.evidence.storage.FileStore")
EVIDENCE_DIR = CASEWORK_HOME / "evidence"
#: Files of the store that belong to no blob and are kept all the same: dotted paths of functions that give their keys.
EVIDENCE_ALSO_KEPT = ("casework.escalations.reading.stored_packages",)
MODELS_DIR = CASEWORK_HOME / "models"
#: Directories with descriptions of this installation's own models, and on what models run (docs/models.md).
MODEL_CARDS = tuple(Path(name).absolute() for name in _env("MODEL_CARDS").split())
MODEL_PROVIDERS = tuple(_env("MODEL_PROVIDERS", "CPUExecutionProvider").split())
#: PEM files of certificates that signers of Content Credentials may chain to, read by workers (docs/provenance.md).
C2PA_TRUST_ANCHORS = tuple(Path(name).absolute() for name in _env("C2PA_TRUST_ANCHORS").split())
#: The workers' index of the PDQ hashes in all banks: a copy, made anew from the database where it is missing.
HASH_INDEX_DIR = CASEWORK_HOME / "index"
CHECKPOINT_FILE = Path(_env("CHECKPOINT_FILE") or CASEWORK_HOME / "checkpoints.log").absolute()
LOG_ORIGIN = _env("CASEWORK_LOG_ORIGIN", f"{urlsplit(PUBLIC_URL).netloc}/casework-log")
#: The public key of the log as ``name+id+key``, for processes that hold no key file of it (docs/deploy.md).
LOG_VKEY = _env("CASEWORK_LOG_VKEY")
# The name under which evidence packages are signed; partners know the key by it, so it stays when the address changes.
PACKAGE_SIGNER = _env("CASEWORK_PACKAGE_SIGNER", f"{urlsplit(PUBLIC_URL).netloc}/casework-packages")
#: An RFC 3161 authority that stamps packages, and a PEM file of the roots it chains to; no stamp without both.
TIMESTAMP_URL = _env("TIMESTAMP_URL")
TIMESTAMP_CA_FILE = _env("TIMESTAMP_CA_FILE")
#: The log lies below ``cases`` and asks this model's ``for_user`` whose case an entry may be shown with.
LOG_CASE_MODEL = "cases.Case"
REVEAL_SECONDS = 15
#: A copy that turned up outside is compared with so many pictures at most, at a third of a second each.
TRACE_MOST = _int("TRACE_MOST", 5000)
#: What the law lets this desk do with suspected child sexual abuse material (domain.md 4.1): asked at set-up.
CSAM_CUSTODY = _env("CSAM_CUSTODY", "forbidden" if PROFILE != "production" else "")

# --- API ----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["casework.reports.access.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["casework.reports.access.DeclaredScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "casework.reports.problems.problem_json",
    "DEFAULT_THROTTLE_RATES": {
        "reports": _env("API_REPORTS_RATE", "120/min"),
        "callbacks": _env("API_CALLBACKS_RATE", "300/min"),
    },
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Casework",
    "DESCRIPTION": "File reports of non-consensual intimate imagery and follow what became of them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
}

# --- language, time, mail, logs -----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = (
    [("en", _("English")), ("ar-xb", _("Pseudo right-to-left"))]
    if PROFILE != "production"
    else [("en", _("English"))]
)
LOCALE_PATHS = [BASE_DIR / "casework" / "locale"]
# Dates that a page shows without saying how: day before month, 24 hours, whatever Django holds usual for a language.
FORMAT_MODULE_PATH = "casework.ui.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Mail leaves through workers only (casework/outbox/mail.py): by SMTP where EMAIL_HOST names a server; without one a
# demo writes files, and a real desk keeps it in the outbox.
EMAIL_HOST = _env("EMAIL_HOST")
_EMAIL_WITHOUT_HOST = "dummy" if PROFILE == "production" else "filebased"
EMAIL_BACKEND = (
    "casework.outbox.mail.SmtpBackend"
    if EMAIL_HOST
    else f"django.core.mail.backends.{_EMAIL_WITHOUT_HOST}.EmailBackend"
)
_EMAIL_TLS = _choice("EMAIL_TLS", ("starttls", "tls", "none"), "starttls")
EMAIL_USE_TLS, EMAIL_USE_SSL = _EMAIL_TLS == "starttls", _EMAIL_TLS == "tls"
EMAIL_PORT = _int("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587)
EMAIL_HOST_USER = _env("EMAIL_USER")
EMAIL_TIMEOUT = 15


def _email_password() -> str:
    name = _env("EMAIL_PASSWORD_FILE")
    if not name or CASEWORK_ROLE != "worker":  # nobody else sends
        return ""
    try:
        return Path(name).read_text("utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"EMAIL_PASSWORD_FILE names {name}, which can't be read: {error}."
        ) from error


EMAIL_HOST_PASSWORD = _email_password()
EMAIL_FILE_PATH = CASEWORK_HOME / "mail"
DEFAULT_FROM_EMAIL = _env("DEFAULT_FROM_EMAIL", "casework@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "filters": {"without_secrets": {"()": "casework.privacy.log_lines.WithoutSecrets"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_secrets"]}
    },
    "loggers": {
        "django-q": {"level": "WARNING"},  # four lines for each job otherwise
        "urllib3": {"level": "ERROR"},  # it would log whole addresses, whose query may hold a key
    },
    "root": {
        "handlers": ["stderr"],
        "level": _env("LOG_LEVEL", "INFO" if CASEWORK_ROLE == "worker" else "WARNING"),
    },
}
