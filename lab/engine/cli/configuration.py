"""A stack's configuration, as a deployment gets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.engine.cli.session import NoSecrets, Session
from lab.engine.display.masking import MASK, Masker
from lab.engine.errors import UsageError
from lab.engine.model.values import Secret, Value
from lab.engine.project import project as projects
from lab.engine.project import values


@dataclass(frozen=True, slots=True)
class Configuration:
    """Configuration with the project's values filled in, opened.

    Attributes:
        texts: what the program gets, by full key.
        secret_keys: keys whose value is encrypted, wholly or in part.
        raw: as it stands in the file.
    """

    texts: Mapping[str, str]
    secret_keys: frozenset[str]
    raw: Mapping[str, values.Raw]

    @property
    def as_values(self) -> dict[str, Value]:
        """As property values: a secret one is a Secret."""
        return {k: Secret(v) if k in self.secret_keys else v for k, v in self.texts.items()}

    @property
    def blinded(self) -> dict[str, str]:
        """As it may be shown."""
        return {k: MASK if k in self.secret_keys else v for k, v in sorted(self.texts.items())}


def load(
    session: Session, given: Sequence[str], masker: Masker, *, validate: bool
) -> Configuration:
    """The configuration of the session's stack.

    Args:
        session: the command's surroundings.
        given: KEY=VALUE from the command line, to be kept in the file too.
        masker: learns the secrets.
        validate: whether to hold it against what the project declares; to destroy must be
            possible without.

    Raises:
        EngineError: a value is missing, or is of another type.
    """
    file = session.file
    for entry in given:
        key, separator, text = entry.partition("=")
        if not separator:
            raise UsageError(f"-c {entry}: expected KEY=VALUE")
        file.set(key, text)
    if given:
        file.save()
    raw = projects.apply(session.project, session.stack, file.config, complete=validate)
    secret_keys = frozenset(key for key, one in raw.items() if values.has_secure(one))
    opener = session.crypter if secret_keys else NoSecrets()
    if validate:
        projects.validate(session.project, session.stack, raw, opener)
    plain = {key: values.opened(one, opener) for key, one in raw.items()}
    texts = {key: values.as_text(one) for key, one in plain.items()}
    for key in secret_keys:
        masker.learn_texts([texts[key], *values.secure_texts(raw[key], opener)])
    return Configuration(texts, secret_keys, raw)
