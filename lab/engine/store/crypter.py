"""Encryption of secrets under a passphrase, as the CLI's `passphrase` secrets provider does it.

AES-256-GCM; the key is made from the passphrase by PBKDF2. A stack carries its salt together with
an encrypted known word, by which a wrong passphrase is told.

Source: pulumi, sdk/go/common/resource/config/crypt.go and pkg/secrets/passphrase/manager.go.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from lab.engine.errors import EngineError

_ITERATIONS: Final = 1_000_000
_KNOWN_WORD: Final = "pulumi"


class SecretsError(EngineError):
    """Secrets can't be read: no passphrase, the wrong one, or another secrets provider."""


class Crypter:
    """Encrypts and decrypts the secrets of one stack."""

    def __init__(self, phrase: str, salt: bytes) -> None:
        # Importing it takes a while, and commands that meet no secret need it not.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        key = hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, _ITERATIONS, 32)
        self._cipher = AESGCM(key)
        self._salt = salt
        self._texts: dict[str, str] = {}

    @classmethod
    def new(cls, phrase: str) -> Crypter:
        """A crypter for a stack that has none yet."""
        return cls(phrase, os.urandom(8))

    @classmethod
    def unlock(cls, phrase: str, state: str) -> Crypter:
        """The crypter of a stack.

        Args:
            phrase: the passphrase.
            state: what the stack keeps: `v1:SALT:v1:NONCE:TEXT`.

        Raises:
            SecretsError: the passphrase is wrong, or the state is of another kind.
        """
        version, _, rest = state.partition(":")
        salt, _, word = rest.partition(":")
        if version != "v1":
            raise SecretsError(f"encryptionsalt: expected v1:SALT:TEXT, got version '{version}'")
        crypter = cls(phrase, base64.b64decode(salt))
        try:
            known = crypter.decrypt(word)
        except SecretsError:
            known = ""
        if known != _KNOWN_WORD:
            raise SecretsError(
                "incorrect passphrase\n"
                "  PULUMI_CONFIG_PASSPHRASE (or the file PULUMI_CONFIG_PASSPHRASE_FILE names) "
                "isn't the one with which this stack was made"
            )
        crypter._state = state
        return crypter

    _state: str = ""

    @property
    def state(self) -> str:
        """What the stack must keep so that the passphrase opens it again."""
        if not self._state:
            salt = base64.b64encode(self._salt).decode()
            self._state = f"v1:{salt}:{self.encrypt(_KNOWN_WORD)}"
        return self._state

    def encrypt(self, text: str) -> str:
        """Encrypt; the same text gives another result each time."""
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, text.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, sealed: str) -> str:
        """Decrypt.

        Raises:
            SecretsError: it wasn't encrypted with this key, or was altered.
        """
        known = self._texts.get(sealed)
        if known is not None:
            return known
        try:
            version, nonce, text = sealed.split(":")
            if version != "v1":
                raise ValueError(version)
            plain = self._cipher.decrypt(base64.b64decode(nonce), base64.b64decode(text), None)
        except Exception as error:  # ValueError, or the library's InvalidTag
            raise SecretsError(
                "a secret can't be decrypted: it was made with another passphrase, or altered"
            ) from error
        self._texts[sealed] = plain.decode()
        return self._texts[sealed]


class LazyCrypter:
    """A stack's crypter, made when there is a secret: making the key takes a while.

    Args:
        phrase: gives the passphrase.
        state: what the stack keeps.
    """

    def __init__(self, phrase: Callable[[], str], state: str) -> None:
        self.state = state
        self._phrase = phrase
        self._lock = threading.Lock()
        self._crypter: Crypter | None = None

    def begin(self) -> None:
        """Make the key beside other work."""
        threading.Thread(target=self._try, name="key", daemon=True).start()

    def check(self) -> None:
        """Make sure that secrets can be encrypted, before there's one that can't be lost.

        Raises:
            SecretsError: no passphrase, or the wrong one.
        """
        self._made()

    def encrypt(self, text: str) -> str:
        """Encrypt.

        Raises:
            SecretsError: no passphrase, or the wrong one.
        """
        return self._made().encrypt(text)

    def decrypt(self, sealed: str) -> str:
        """Decrypt.

        Raises:
            SecretsError: no passphrase, or the wrong one, or the text was altered.
        """
        return self._made().decrypt(sealed)

    def _made(self) -> Crypter:
        with self._lock:
            if self._crypter is None:
                self._crypter = Crypter.unlock(self._phrase(), self.state)
            return self._crypter

    def _try(self) -> None:
        with suppress(SecretsError):  # whoever needs it gets the error
            self._made()


def passphrase(environment: Mapping[str, str]) -> str:
    """The passphrase from the environment.

    Raises:
        SecretsError: there is none, or its file can't be read.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        return environment["PULUMI_CONFIG_PASSPHRASE"]
    file = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        raise SecretsError(
            "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE "
            "environment variables"
        )
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise SecretsError(f"PULUMI_CONFIG_PASSPHRASE_FILE={file}: {error.strerror}") from error


def salt_of(secrets_provider: Mapping[str, Any] | None) -> str:
    """The passphrase state that a deployment carries, or "".

    Raises:
        SecretsError: its secrets are kept by another provider (a cloud's key service, say).
    """
    if not secrets_provider:
        return ""
    kind = secrets_provider.get("type")
    if kind != "passphrase":
        raise SecretsError(
            f"the stack's secrets provider is '{kind}'; this engine knows 'passphrase' only"
        )
    return str(secrets_provider["state"]["salt"])
