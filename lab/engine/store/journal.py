"""What has been done so far, in the state file at each moment of a deployment.

Before a step begins, and after it has ended, the state is written; the step goes on when the file
has been. One thread writes: all that changed while it wrote goes into its next file, so that many
steps at once cost few writes. Each resource is encoded once, and again only when it changes: a
write of a large state only joins texts.

Source of what counts when: pulumi, pkg/backend/snapshot.go.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.engine.errors import EngineError
from lab.engine.model.aliases import normalised
from lab.engine.model.state import CREATING, Deployment, Operation, ResourceState, now
from lab.engine.store.codec import Sealer, encode_resource


@dataclass(slots=True)
class _Entry:
    """A resource that is there, and its text in the file; empty until it's written, or changes."""

    state: ResourceState
    text: bytes = b""


class Journal:
    """The state of a stack while it is being changed.

    Args:
        base: the state when the deployment began.
        sealer: encrypts secrets.
        secrets_provider: goes into the file, for whoever decrypts them.
        save: writes the JSON of a deployment, given in pieces; None for a preview, which writes
            nothing.
    """

    def __init__(
        self,
        base: Deployment,
        sealer: Sealer,
        secrets_provider: dict[str, Any],
        save: Callable[[Iterable[bytes]], None] | None,
    ) -> None:
        self._metadata = base.metadata
        self._sealer = sealer
        self._secrets_provider = secrets_provider
        self._save = save
        # By identity of the state; what is new stands in the file before what was there.
        self._news: dict[int, _Entry] = {}
        self._base = _entries(base.resources)
        self._pending: dict[int, tuple[ResourceState, bytes]] = {}
        carried = [one for one in base.operations if one.kind == CREATING]
        self._carried = [self._operation(one) for one in carried]
        self._change = threading.Condition()
        self._wanted = self._written = 0
        self._error: EngineError | None = None
        self._closed = False
        self._writer = threading.Thread(target=self._write, name="state-writer", daemon=True)
        if save:
            self._writer.start()

    def begin(self, state: ResourceState, kind: str) -> None:
        """Note that an operation on a resource begins."""
        if not self._save:
            return
        text = self._operation(Operation(state, kind))
        with self._change:
            self._pending[id(state)] = (state, text)
        self._commit()

    def end(
        self,
        operated: ResourceState,
        *,
        add: ResourceState | None = None,
        remove: Iterable[ResourceState] = (),
        write: bool = True,
    ) -> None:
        """Note that an operation has ended, and what it left.

        Args:
            operated: the resource that `begin` named.
            add: the state that is true now.
            remove: states that no longer are.
            write: whether it's worth a write of its own.
        """
        with self._change:
            self._pending.pop(id(operated), None)
            for state in remove:
                self._news.pop(id(state), None)
                self._base.pop(id(state), None)
            if add is not None:
                self._news[id(add)] = _Entry(add)
        if write:
            self._commit()

    def change(self, state: ResourceState, **fields: Any) -> None:
        """Change a state that the journal has; written with the next step."""
        with self._change:
            for name, value in fields.items():
                setattr(state, name, value)
            entry = self._news.get(id(state)) or self._base.get(id(state))
            if entry is not None:
                entry.text = b""

    def rebase(self, resources: list[ResourceState], *, carry: bool) -> None:
        """Take other resources as the ones that the deployment began with (after a refresh).

        As with Pulumi, they are written with the next change, or at the end.

        Args:
            resources: the refreshed ones.
            carry: whether unfinished creations of an earlier run stay noted.
        """
        with self._change:
            self._base = _entries(resources)
            if not carry:
                self._carried = []

    def flush(self) -> None:
        """Write now, and wait for it."""
        self._commit()

    def close(self) -> None:
        """Write what is left, and stop."""
        self._commit()
        with self._change:
            self._closed = True
            self._change.notify_all()
        if self._save:
            self._writer.join()

    def _commit(self) -> None:
        if not self._save:
            return
        with self._change:
            self._wanted += 1
            mine = self._wanted
            self._change.notify_all()
            self._change.wait_for(lambda: self._written >= mine or self._error is not None)
            if self._error is not None:
                raise self._error

    def _write(self) -> None:
        try:
            while self._write_once():
                pass
        except EngineError as error:
            self._give_up(error)
        except Exception as error:  # whatever it is, nobody may wait for a write that won't come
            self._give_up(EngineError(f"can't write the state: {error!r}"))
            raise

    def _write_once(self) -> bool:
        """Write what is wanted, once something is; false when there's nothing to come."""
        with self._change:
            self._change.wait_for(lambda: self._wanted > self._written or self._closed)
            if self._wanted == self._written:
                return False
            target = self._wanted
            pieces = self._pieces()
        if self._save:
            self._save(pieces)
        with self._change:
            self._written = target
            self._change.notify_all()
        return True

    def _give_up(self, error: EngineError) -> None:
        with self._change:
            self._error = error
            self._change.notify_all()

    def _pieces(self) -> list[bytes]:
        resources = b",".join(self._resources())
        pending = b",".join([*(text for _, text in self._pending.values()), *self._carried])
        pieces = [b'{"manifest":', _json({"time": now(), "magic": "", "version": ""})]
        pieces += [b',"secrets_providers":', _json(self._secrets_provider)]
        pieces += [b',"resources":[', resources, b"]"] if resources else []
        pieces += [b',"pending_operations":[', pending, b"]"] if pending else []
        return [*pieces, b',"metadata":', _json(self._metadata), b"}"]

    def _resources(self) -> list[bytes]:
        entries = [*self._news.values(), *self._base.values()]
        for entry in entries:
            if not entry.text:
                entry.text = self._encoded(entry.state)
        if not any(entry.state.aliases for entry in entries):
            return [entry.text for entry in entries]
        named = normalised([entry.state for entry in entries])
        return [
            entry.text if state is entry.state else self._encoded(state)
            for entry, state in zip(entries, named, strict=True)
        ]

    def _operation(self, operation: Operation) -> bytes:
        resource = self._encoded(operation.resource)
        return b'{"resource":%b,"type":"%b"}' % (resource, operation.kind.encode())

    def _encoded(self, state: ResourceState) -> bytes:
        return _json(encode_resource(state, self._sealer))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _entries(resources: Sequence[ResourceState]) -> dict[int, _Entry]:
    return {id(state): _Entry(state) for state in resources}
