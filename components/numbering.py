"""Which numbers a stack's nodes have: the lowest ones that aren't retired. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count, islice


def node_numbers(wanted: int, retired: Collection[int]) -> tuple[int, ...]:
    """Numbers of so many nodes, lowest first."""
    return tuple(islice((number for number in count(1) if number not in retired), wanted))


@dataclass(frozen=True)
class Wanted:
    """The nodes that a stack wants, as its configuration says it.

    Attributes:
        count: `nodeCount`.
        retired: `retiredNodes`.
    """

    count: int
    retired: frozenset[int] = frozenset()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the nodes, lowest first."""
        return node_numbers(self.count, self.retired)

    def without(self, leaving: Collection[int]) -> Wanted:
        """The same without some nodes, whose numbers aren't used again."""
        return self._of(set(self.numbers) - set(leaving), self.retired | set(leaving))

    def including(self, number: int) -> Wanted:
        """The same with a node more, if it isn't among them."""
        return self._of({*self.numbers, number}, self.retired - {number})

    def grown(self, to: int, leaving: Collection[int] = ()) -> Wanted:
        """The same with more nodes, `to` in all.

        Args:
            to: how many.
            leaving: numbers of nodes that drain: there's no way back for them, so others come.
        """
        fresh = (
            number for number in count(1) if number not in {*self.numbers, *self.retired, *leaving}
        )
        return self._of({*self.numbers, *islice(fresh, to - self.count)}, self.retired)

    def shrunk(self, to: int) -> Wanted:
        """The same with fewer nodes, `to` in all: those with the highest numbers go.

        Numbers above theirs are no longer retired: else a cluster that grows and shrinks each day
        would run out of addresses.
        """
        numbers = self.numbers[:to]
        return self._of(numbers, frozenset(n for n in self.retired if n < max(numbers)))

    @staticmethod
    def _of(numbers: Collection[int], retired: frozenset[int]) -> Wanted:
        # A gap below a wanted number has to be retired, or it would be filled first.
        gaps = set(range(1, max(numbers, default=0))) - set(numbers)
        return Wanted(len(numbers), retired | gaps)
