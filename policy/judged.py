"""What the policies have judged in a run of the engine, told when all of them hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Judged:
    """The policies that have judged anything; those that are switched off aren't among them."""

    _violated: dict[str, bool] = field(default_factory=dict)

    def note(self, policy: str, *, violated: bool) -> None:
        """Note that a policy has judged something.

        Args:
            policy: its name.
            violated: whether it had anything to say.
        """
        self._violated[policy] = violated or self._violated.get(policy, False)

    def end(self, resources: int) -> str | None:
        """What is told at the end of a run; the next one begins anew.

        Args:
            resources: how many there are.

        Returns:
            None where a policy doesn't hold: what it had to say is told already.
        """
        found, self._violated = self._violated, {}
        if not found or any(found.values()):
            return None
        names = ", ".join(found)
        return f"Policy pack: {resources} resources follow all {len(found)} policies: {names}"
