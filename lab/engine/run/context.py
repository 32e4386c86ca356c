"""What all parts of a deployment share: its names, its services, and whether it is to stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from lab.engine.display.facts import Display, Message
from lab.engine.display.masking import Masker
from lab.engine.errors import EngineError
from lab.engine.model.values import Value, opened
from lab.engine.plugin.registry import Registry
from lab.engine.run.options import Options
from lab.engine.store.journal import Journal


class StoppedError(EngineError):
    """The deployment is stopping; what was asked isn't done any more."""


class RefusedError(EngineError):
    """A registration can't be carried out; its text has to be shown.

    Attributes:
        urn: the resource, or "" when it has no name yet.
    """

    def __init__(self, message: str, urn: str = "") -> None:
        super().__init__(message)
        self.urn = urn


@dataclass(slots=True, kw_only=True)
class Context:
    """One deployment."""

    project: str
    stack: str
    config: dict[str, Value]
    options: Options
    registry: Registry
    journal: Journal
    display: Display
    masker: Masker
    _stopping: threading.Event = field(default_factory=threading.Event)
    _cancelled: bool = False
    _terminated: bool = False
    _failed: bool = False

    @property
    def config_texts(self) -> dict[str, str]:
        """The configuration as programs and policy packs get it: text by key, secrets opened."""
        return {key: str(opened(value)) for key, value in self.config.items()}

    @property
    def stopping(self) -> bool:
        """Whether no new work is to begin."""
        return self._stopping.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the operator wants it to stop."""
        return self._cancelled

    @property
    def terminated(self) -> bool:
        """Whether the operator wants it to stop at once."""
        return self._terminated

    @property
    def failed(self) -> bool:
        """Whether something went wrong."""
        return self._failed

    def fail(self, *, stop: bool = True) -> None:
        """Something went wrong; by default that ends the deployment."""
        self._failed = True
        if stop:
            self._stopping.set()

    def cancel(self) -> None:
        """Stop gracefully: nothing new begins, and providers are asked to give up."""
        self._cancelled = True
        self._stopping.set()
        self.registry.cancel()

    def terminate(self) -> None:
        """Stop at once: what was going on stays noted in state as pending."""
        self._terminated = self._cancelled = True
        self._stopping.set()
        self.registry.stop()

    def error(self, text: str, urn: str = "") -> None:
        """Show an error."""
        self.display.log(Message("error", text, urn))

    def warn(self, text: str, urn: str = "") -> None:
        """Show a warning."""
        self.display.log(Message("warning", text, urn))
