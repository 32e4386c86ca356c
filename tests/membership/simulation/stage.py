"""Runs that take turns in virtual time: one at a time, in an order that a seed decides.

Each run is a thread that goes on only when it's its turn, and gives the turn away at each step: a
look at the cluster, a command, a pause. So every interleaving of steps can come, and comes again
with the same seed. A run can be killed at a step.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from membership.clock import Clock


class Killed(BaseException):
    """The run was killed: it does nothing any more."""


class Lost(Killed):
    """The run was ended, as whoever waits for it lost its connection."""


@dataclass(eq=False)
class Task:
    """A run.

    Attributes:
        wakes: seconds at which it goes on.
        steps_left: how many it has before it's killed; None for no limit.
        background: whether the end doesn't wait for it.
        lost: whether it ends at its next step.
        error: what it ended with.
    """

    act: Callable[[], None]
    wakes: float = 0.0
    steps_left: int | None = None
    background: bool = False
    lost: bool = False
    error: BaseException | None = None
    done: bool = False
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Stage:
    """Where runs take turns."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.stepped = 0.0
        """By how many seconds the base's time of day is off."""
        self._random = random.Random(seed)
        self._tasks: list[Task] = []
        self._current: Task | None = None
        self._over = False
        self._given_back = threading.Semaphore(0)

    def start(
        self,
        act: Callable[[], None],
        *,
        steps: int | None = None,
        background: bool = False,
        delay: float = 0,
    ) -> Task:
        """Begin a run; it goes on when `play` gives it a turn.

        Args:
            act: what it does.
            steps: it's killed at this step.
            background: the end doesn't wait for it.
            delay: seconds before it begins.
        """
        task = Task(act, self.now + delay, steps, background)
        self._tasks.append(task)
        threading.Thread(target=self._body, args=(task,), daemon=True).start()
        return task

    def play(self) -> None:
        """Let all runs go on until they have ended; background ones live on.

        Raises:
            BaseException: what a run ended with, unless it was killed.
        """
        while any(not task.done and not task.background for task in self._tasks):
            task = self._give_turn()
            if task.error:
                raise task.error

    def lose(self) -> None:
        """Have all runs but those in the background end at their next step."""
        for task in self._tasks:
            task.lost = not task.background and not task.done

    def close(self) -> None:
        """Kill what is left."""
        self._over = True
        for task in self._tasks:
            while not task.done:
                self._hand_over(task)

    def sleep(self, seconds: float) -> None:
        """Let the current run pause."""
        task = self._current
        assert task
        task.wakes = self.now + seconds
        self._given_back.release()
        task.turn.acquire()
        if task.steps_left is not None:
            task.steps_left -= 1
        if self._over or task.steps_left == 0:
            raise Killed
        if task.lost:
            task.lost = False
            raise Lost

    def step(self) -> None:
        """Let other runs go first, maybe."""
        self.sleep(0)

    @property
    def clock(self) -> Clock:
        """The virtual time, for the code under test."""
        return _StageClock(self)

    def _give_turn(self) -> Task:
        alive = [task for task in self._tasks if not task.done]
        self.now = max(self.now, min(task.wakes for task in alive))
        task = self._random.choice([task for task in alive if task.wakes <= self.now])
        self._hand_over(task)
        return task

    def _hand_over(self, task: Task) -> None:
        self._current = task
        task.turn.release()
        self._given_back.acquire()

    def _body(self, task: Task) -> None:
        task.turn.acquire()
        try:
            if not self._over:
                task.act()
        except Killed:
            pass
        except BaseException as error:
            task.error = error
        task.done = True
        self._given_back.release()


class _StageClock(Clock):
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def monotonic(self) -> float:
        return self._stage.now

    def boot(self) -> str:
        return "the only one"

    def now(self) -> float:
        return 1_000_000 + self._stage.now + self._stage.stepped

    def sleep(self, seconds: float) -> None:
        self._stage.sleep(seconds)
