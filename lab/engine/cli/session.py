"""What a command works on: project, backend, stack, its configuration and its secrets."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lab.engine.errors import EngineError, StackNotFoundError, UsageError
from lab.engine.model.state import Deployment
from lab.engine.project import project as projects
from lab.engine.project.project import Project
from lab.engine.project.selection import Selection
from lab.engine.project.stack_file import StackFile
from lab.engine.project.values import has_secure
from lab.engine.store.backend import Backend
from lab.engine.store.codec import Decoder, Encrypting
from lab.engine.store.crypter import Crypter, LazyCrypter, SecretsError, passphrase, salt_of


@dataclass(frozen=True)
class Opened:
    """A state, decrypted, and what encrypts it again."""

    deployment: Deployment
    encrypting: Encrypting


class NoSecrets:
    """Stands in for a crypter where there's nothing encrypted."""

    def encrypt(self, text: str) -> str:
        """Refuse."""
        del text
        raise SecretsError("this stack has no passphrase yet")

    def decrypt(self, sealed: str) -> str:
        """Refuse."""
        del sealed
        raise SecretsError(
            "the stack has secrets and no 'encryptionsalt' to open them\n"
            "  look for it in the version history of the stack's Pulumi.STACK.yaml"
        )


class Session:
    """The surroundings of one command; what it needs is found when it's needed."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.environment = dict(os.environ)
        self.selection = Selection(self.environment)

    @cached_property
    def project(self) -> Project:
        """The project of the current folder."""
        return projects.find(Path.cwd())

    @cached_property
    def url(self) -> str:
        """The backend's address."""
        return self.selection.backend_url(self.project)

    @cached_property
    def backend(self) -> Backend:
        """The backend."""
        return Backend(self.url, self.project.name)

    @cached_property
    def stack(self) -> str:
        """The stack that is named or selected; it exists.

        Raises:
            UsageError: none is.
            StackNotFoundError: it doesn't exist.
        """
        chosen = plain_name(self.options.stack) if self.options.stack else None
        chosen = chosen or self.selection.stack(self.project, self.url)
        if not chosen:
            raise UsageError(
                "no stack selected; please use `pulumi stack select` to choose one, or -s NAME"
            )
        self.require(chosen)
        return chosen

    def require(self, stack: str) -> None:
        """Make sure that a stack exists.

        Raises:
            StackNotFoundError: it doesn't.
        """
        if not self.backend.exists(stack):
            raise StackNotFoundError(stack)

    def stack_file(self, stack: str) -> StackFile:
        """The configuration file of a stack."""
        named = self.options.config_file
        path = Path(named) if named else self.project.folder / f"Pulumi.{stack}.yaml"
        return StackFile(path, self.project.name)

    @cached_property
    def file(self) -> StackFile:
        """The configuration file of the stack."""
        return self.stack_file(self.stack)

    @cached_property
    def raw_state(self) -> Any:
        """The stack's deployment, as the file has it."""
        return self.backend.load(self.stack)

    def forget_state(self) -> None:
        """Have the state read anew: it may have changed since."""
        self.__dict__.pop("raw_state", None)

    def begin_unlocking(self, *, needed: bool) -> None:
        """Begin to make the key for secrets, if it's needed or there are any, beside other work."""
        has_secrets = any(map(has_secure, self.file.config.values()))
        if needed or has_secrets or self.backend.has_secrets(self.stack):
            self.crypter.begin()

    @cached_property
    def crypter(self) -> LazyCrypter:
        """The stack's crypter; a stack without one gets one.

        Raises:
            SecretsError: the stack's secrets are kept by something else than a passphrase.
        """
        salt = self._salt() or Crypter.new(passphrase(self.environment)).state
        if not self.file.salt:
            self.file.set_salt(salt)
            self.file.save()
        return LazyCrypter(lambda: passphrase(self.environment), salt)

    def _salt(self) -> str:
        if self.file.secrets_provider not in ("", "passphrase"):
            raise SecretsError(
                f"{self.file.path}: secretsprovider: this engine knows 'passphrase' only, "
                f"got '{self.file.secrets_provider}'"
            )
        return self.file.salt or salt_of(self.raw_state.get("secrets_providers"))

    def state(self) -> Opened:
        """The stack's state, decrypted."""
        encrypting = Encrypting(self.crypter)
        return Opened(Decoder(self.crypter, encrypting).deployment(self.raw_state), encrypting)

    def confirm(self, question: str) -> None:
        """Ask the operator, unless `--yes` says so already.

        Raises:
            UsageError: nobody can be asked.
            EngineError: the answer is no.
        """
        if self.options.yes:
            return
        if self.options.non_interactive or not sys.stdin.isatty():
            raise UsageError("--yes must be passed in to proceed when running non-interactively")
        sys.stdout.write(f"{question} [yes/no] ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("yes", "y"):
            raise EngineError("confirmation declined, nothing was done")


def plain_name(name: str) -> str:
    """A stack's name without organization and project."""
    return name.rsplit("/", 1)[-1]
