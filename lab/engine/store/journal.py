"""What has been done so far, in the state file at each moment of a deployment.

Before a step begins, and after it has ended, the state is written; the step goes on when the file
has been. One thread writes: all that changed while it wrote goes into its next file, so that many
steps at once cost few writes. Each resource is encoded once, and again only when it changes.

Source of what counts when: pulumi, pkg/backend/snapshot.go.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from lab.engine.errors import EngineError
from lab.engine.model.aliases import normalised
from lab.engine.model.state import CREATING, Deployment, Operation, ResourceState, now
from lab.engine.store.codec import Sealer, encode_resource


class Journal:
    """The state of a stack while it is being changed.

    Args:
        base: the state when the deployment began.
        sealer: encrypts secrets.
        secrets_provider: goes into the file, for whoever decrypts them.
        save: writes the JSON of a deployment; None for a preview, which writes nothing.
    """

    def __init__(
        self,
        base: Deployment,
        sealer: Sealer,
        secrets_provider: dict[str, Any],
        save: Callable[[str], None] | None,
    ) -> None:
        self._base = list(base.resources)
        self._carried = [one for one in base.operations if one.kind == CREATING]
        self._metadata = base.metadata
        self._sealer = sealer
        self._secrets_provider = secrets_provider
        self._save = save
        self._news: list[ResourceState] = []
        self._done: set[int] = set()
        self._keep: list[ResourceState] = []  # holds on to done states, so that ids stay theirs
        self._pending: dict[int, Operation] = {}
        self._encoded: dict[int, str] = {}
        self._change = threading.Condition()
        self._wanted = self._written = 0
        self._error: EngineError | None = None
        self._closed = False
        self._writer = threading.Thread(target=self._write, name="state-writer", daemon=True)
        if save:
            self._writer.start()

    def begin(self, state: ResourceState, kind: str) -> None:
        """Note that an operation on a resource begins."""
        with self._change:
            self._pending[id(state)] = Operation(state, kind)
            self._keep.append(state)
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
                self._done.add(id(state))
                self._keep.append(state)
            if add is not None:
                self._news.append(add)
        if write:
            self._commit()

    def change(self, state: ResourceState, **fields: Any) -> None:
        """Change a state that the journal has; written with the next step."""
        with self._change:
            for name, value in fields.items():
                setattr(state, name, value)
            self._encoded.pop(id(state), None)

    def rebase(self, resources: list[ResourceState], *, carry: bool) -> None:
        """Take other resources as the ones that the deployment began with (after a refresh).

        Args:
            resources: the refreshed ones.
            carry: whether unfinished creations of an earlier run stay noted.
        """
        with self._change:
            self._base = list(resources)
            self._encoded.clear()
            if not carry:
                self._carried = []
        self._commit()

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

    def resources(self) -> list[ResourceState]:
        """The resources that are there at this moment, in dependency order."""
        with self._change:
            return normalised(self._current())

    def _current(self) -> list[ResourceState]:
        both = [*self._news, *self._base]
        return [state for state in both if id(state) not in self._done]

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
            text = self._text()
        if self._save:
            self._save(text)
        with self._change:
            self._written = target
            self._change.notify_all()
        return True

    def _give_up(self, error: EngineError) -> None:
        with self._change:
            self._error = error
            self._change.notify_all()

    def _text(self) -> str:
        operations = [*self._pending.values(), *self._carried]
        pending = ",".join(
            f'{{"resource":{self._resource(one.resource)},"type":"{one.kind}"}}'
            for one in operations
        )
        current = self._current()
        resources = ",".join(
            self._resource(one, lasting=one is original)
            for original, one in zip(current, normalised(current), strict=True)
        )
        manifest = json.dumps({"time": now(), "magic": "", "version": ""})
        provider = json.dumps(self._secrets_provider)
        text = f'{{"manifest":{manifest},"secrets_providers":{provider}'
        text += f',"resources":[{resources}]' if resources else ""
        text += f',"pending_operations":[{pending}]' if pending else ""
        return f'{text},"metadata":{json.dumps(self._metadata)}}}'

    def _resource(self, state: ResourceState, *, lasting: bool = False) -> str:
        text = self._encoded.get(id(state)) if lasting else None
        if text is None:
            raw = encode_resource(state, self._sealer)
            text = json.dumps(raw, separators=(",", ":"), ensure_ascii=False)
            if lasting:
                self._encoded[id(state)] = text
        return text
