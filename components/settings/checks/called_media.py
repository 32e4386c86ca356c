"""Whether the call that an update ends with can be heard. Pure."""

from __future__ import annotations

from components.settings.choices import KURENTO
from components.settings.mistakes import Mistake
from components.settings.table import Settings


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What keeps each call from being heard: `scripts.calls` takes no media of Kurento."""
    if not settings.check_call or settings.media_server != KURENTO:
        return []
    problem = "hears no call with mediaServer kurento, so each update would fail"
    return [Mistake("checkCall", problem, "pulumi config set checkCall false")]
