"""`version`, `whoami`, `login`, `logout`."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from importlib.metadata import version as version_of

from lab.engine.cli.session import Session
from lab.engine.errors import UsageError


def version(options: Namespace) -> None:
    """Print the version of the SDK whose protocol this engine speaks."""
    del options
    sys.stdout.write(f"v{version_of('pulumi')}-embedded\n")


def whoami(options: Namespace) -> None:
    """Print the user."""
    del options
    sys.stdout.write(f"{getpass.getuser()}\n")


def login(options: Namespace) -> None:
    """Choose a backend in the file system."""
    url = "file://~" if options.local else options.url
    if not url or not url.startswith("file://"):
        raise UsageError(f"login: expected file://PATH, got {url or 'nothing'}")
    Session(options).selection.log_in(url)
    sys.stdout.write(f"Logged in to {url} as {getpass.getuser()}\n")


def logout(options: Namespace) -> None:
    """Choose no backend."""
    Session(options).selection.log_in(None)
    sys.stdout.write("Logged out\n")
