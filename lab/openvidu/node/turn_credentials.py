"""Credentials for a TURN server that shares a secret with those who hand them out.

Source: OpenVidu 2.30.0's coturn, `use-auth-secret`; draft-uberti-behave-turn-rest-00.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import string
import time

_VALID_SECONDS = 24 * 3600


def credentials(secret: str) -> tuple[str, str]:
    """A user name, good for a day from now, and its password."""
    word = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(8))
    user = f"{int(time.time()) + _VALID_SECONDS}:{word}"
    digest = hmac.digest(secret.encode(), user.encode(), "sha1")
    return user, base64.b64encode(digest).decode()
