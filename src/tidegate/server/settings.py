"""Settings of the service, all from the environment and the workspace; nothing to edit.

TIDEGATE_WORKSPACE  folder of tidegate.toml; the working folder without it
DATABASE_URL        postgresql://…; SQLite in the workspace without it
TIDEGATE_SECRET_KEY signs sessions; kept in the workspace's `.secret-key` without it
TIDEGATE_HOSTS      names by which the service is reached, separated by commas; this machine without it
"""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url

from tidegate.server.secret_key import secret_key

WORKSPACE = Path(os.environ.get("TIDEGATE_WORKSPACE", ".")).resolve()

SECRET_KEY = os.environ.get("TIDEGATE_SECRET_KEY") or secret_key(WORKSPACE)
ALLOWED_HOSTS = os.environ.get("TIDEGATE_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
DEBUG = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "ninja",
    "tidegate.server.people",
    "tidegate.server.ledger",
    "tidegate.server.launches",
    "tidegate.server.content",
    "tidegate.server.events",
    "tidegate.server.delivery",
]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
ROOT_URLCONF = "tidegate.server.urls"
WSGI_APPLICATION = "tidegate.server.wsgi.application"
AUTH_USER_MODEL = "people.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{WORKSPACE / 'tidegate.db'}",
        conn_max_age=None,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that reads first and writes later would fail where another writer came between.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # FULL: a decision that was answered survives a loss of power.
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    }

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]

MOST_ITEMS = 1_000
"""Items that one request may hold."""
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20
