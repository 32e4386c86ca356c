"""Typed reading of properties that have been checked: secrets revealed, nothing unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.providers.base import ProviderError, Value, contains_unknown, reveal


class PlainProperties:
    """The properties of an object in the clear, by name and type. Keep them out of logs."""

    def __init__(self, properties: Mapping[str, Value]) -> None:
        """Reveal the properties.

        Raises:
            ProviderError: One is not known yet.
        """
        for name, value in properties.items():
            if contains_unknown(value):
                raise ProviderError(
                    f"property {name!r} is not known yet, and a command runs only with values that "
                    "are: outside of previews, the engine has to resolve it first"
                )
        self._values = {name: reveal(value) for name, value in properties.items()}

    def __repr__(self) -> str:
        return f"PlainProperties({', '.join(self._values)})"

    def get(self, name: str) -> Value:
        """Give the value as it is, or None."""
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        """Give a text, or None."""
        value = self._values.get(name)
        return value if isinstance(value, str) else None

    def required_text(self, name: str) -> str:
        """Give a text that has to be there.

        Raises:
            ProviderError: It is not.
        """
        value = self.text(name)
        if value is None:
            raise ProviderError(f"property {name!r}: expected a text, found nothing of the kind")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Give true or false."""
        value = self._values.get(name)
        return value if isinstance(value, bool) else default

    def whole(self, name: str, *, default: int) -> int:
        """Give a whole number."""
        value = self._values.get(name)
        return int(value) if isinstance(value, int | float) else default

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Give a list of texts, or None."""
        value = self._values.get(name)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(map(str, value))
        return None

    def text_map(self, name: str) -> dict[str, str]:
        """Give a map of texts, empty if there is none."""
        value = self._values.get(name)
        return {k: str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}

    def object(self, name: str) -> PlainProperties | None:
        """Give an object, or None."""
        value = self._values.get(name)
        return PlainProperties(value) if isinstance(value, Mapping) else None
