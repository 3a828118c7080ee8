"""Settings of the service, all from the environment and the workspace; nothing to edit.

TIDEGATE_WORKSPACE  folder of tidegate.toml; the working folder without it
DATABASE_URL        postgresql://…; SQLite in the workspace without it
TIDEGATE_SECRET_KEY signs sessions; kept in the workspace's `.secret-key` without it
TIDEGATE_URL        under which browsers reach the service, such as https://tidegate.example.com; with https
                    all that keeps sessions safe on the way is on. This machine, for trying, without it
TIDEGATE_HOSTS      more names by which the service is reached, separated by commas
TIDEGATE_LOG        json for a line of JSON per event and request; text without it
TIDEGATE_PROXIES    how many reverse proxies stand before the service; 1 with https, else none
"""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url

from tidegate.server.environment import database_url, proxies, public_url
from tidegate.server.ops.logs import logging_config
from tidegate.server.people.sign_in import oidc_apps, oidc_origins
from tidegate.server.secret_key import secret_key

HERE = Path(__file__).parent
WORKSPACE = Path(os.environ.get("TIDEGATE_WORKSPACE", ".")).resolve()

_PUBLIC = public_url()
PUBLIC_URL = _PUBLIC.geturl()
_HTTPS = _PUBLIC.scheme == "https"

SECRET_KEY = os.environ.get("TIDEGATE_SECRET_KEY") or secret_key(WORKSPACE)
ALLOWED_HOSTS = [
    *os.environ.get("TIDEGATE_HOSTS", "127.0.0.1,localhost,[::1]").split(","),
    *([_PUBLIC.hostname] if _PUBLIC.hostname else []),
]
DEBUG = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "ninja",
    "tidegate.server.zones",
    "tidegate.server.people",
    "tidegate.server.ledger",
    "tidegate.server.launches",
    "tidegate.server.policies",
    "tidegate.server.content",
    "tidegate.server.events",
    "tidegate.server.delivery",
    "tidegate.server.review",
    "tidegate.server.care",
    "tidegate.server.quality",
    "tidegate.server.retention",
    "tidegate.server.reporting",
]
APIS = ("/api/", "/v1/", "/health/", "/metrics")
"""Where keys are asked for, not people: see `api.keys`."""
FOR_PAGES = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tidegate.server.people.middleware.Gate",
]
MIDDLEWARE = [
    "tidegate.server.zones.middleware.begin_nowhere",
    "tidegate.server.ops.middleware.observed",
    "tidegate.server.api.middleware.in_problems",
    "django.middleware.security.SecurityMiddleware",
    *FOR_PAGES,  # requests of the API go past these: see `wsgi`
    "tidegate.server.nowhere.no_nul",
]
ROOT_URLCONF = "tidegate.server.urls"
WSGI_APPLICATION = "tidegate.server.wsgi.application"
AUTH_USER_MODEL = "people.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tidegate.server.console.navigation.places",
            ]
        },
    }
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "static"]
WHITENOISE_USE_FINDERS = (
    True  # files are served from the packages that bring them; there is nothing to collect
)

DATABASES = {
    "default": dj_database_url.parse(
        database_url(WORKSPACE),
        conn_max_age=None,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "tidegate.server.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that reads first and writes later would fail where another writer came between.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # FULL: a decision that was answered survives a loss of power.
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    }
# What counts failed attempts is shared by all processes.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "people_cached"},
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [HERE / "locale"]

# Sessions: see docs/people.md.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "__Host-session" if _HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if _HTTPS else "csrf"
LANGUAGE_COOKIE_NAME = "language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = _HTTPS
# A key that was sent in the clear is known already; to redirect would only hide it.
SECURE_REDIRECT_EXEMPT = [f"^{path[1:]}" for path in APIS]
X_FRAME_OPTIONS = "DENY"
if _HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CONTENT_SECURITY_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'", "data:"],  # the code that an authenticator app scans
    "connect-src": ["'self'"],
    "form-action": ["'self'", *oidc_origins(WORKSPACE)],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
"""What pages may load, by directive; `people.content_security` writes it as a header."""

# Signing in.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 12}),
        ("UserAttributeSimilarityValidator", {}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
ACCOUNT_ADAPTER = "tidegate.server.people.adapters.Account"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = proxies(https=_HTTPS)
MFA_ADAPTER = "tidegate.server.people.adapters.SecondFactor"
MFA_FORMS = {
    "add_webauthn": "tidegate.server.people.forms.AddKey",
    "edit_webauthn": "tidegate.server.people.forms.EditKey",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Tidegate"
MFA_TOTP_TOLERANCE = 1  # clocks of phones are not exact
MFA_ALLOW_UNVERIFIED_EMAIL = True  # there is no signing up, and so nobody's address to take
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _HTTPS  # browsers allow it on this machine only
SOCIALACCOUNT_ADAPTER = "tidegate.server.people.adapters.SingleSignOn"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": oidc_apps(WORKSPACE)}}

LOGGING = logging_config(os.environ.get("TIDEGATE_LOG", "text"))

MOST_ITEMS = 1_000
"""Items that one request may hold."""
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20
