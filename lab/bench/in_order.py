"""Work in the order of dependencies, so many pieces at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def run_in_order(
    dependencies: Mapping[Key, Collection[Key]], work: Callable[[Key], None], parallel: int
) -> None:
    """Do a piece of work for each key, as soon as that of all its dependencies is done.

    Args:
        dependencies: the keys, with those that go before each.
        work: what to do; runs in threads.
        parallel: how many at a time.

    Raises:
        graphlib.CycleError: keys depend on one another; nothing was done.
        Exception: what `work` raised first. What ran ends before; nothing else begins.
    """
    order = TopologicalSorter(dependencies)
    order.prepare()
    running: dict[Future[None], Key] = {}
    with ThreadPoolExecutor(parallel) as pool:
        while order.is_active():
            for key in order.get_ready():
                running[pool.submit(work, key)] = key
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if error := future.exception():
                    pool.shutdown(cancel_futures=True)
                    raise error
                order.done(running.pop(future))
