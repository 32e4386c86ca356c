"""State on disk: encryption, encoding, the journal, the lock."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.errors import EngineError, StackLockedError
from lab.engine.model.state import CREATING, DELETING, Deployment, ResourceState, Timeouts
from lab.engine.model.values import Secret
from lab.engine.store.backend import Backend
from lab.engine.store.codec import Blinding, Decoder, Encrypting, encode_resource
from lab.engine.store.crypter import Crypter, SecretsError, passphrase
from lab.engine.store.files import write_whole
from lab.engine.store.journal import Journal
from lab.engine.store.lock import StackLock

# Made by the Pulumi CLI with the passphrase "pw": a stack's salt, and the text "hunter22" under it.
CLI_SALT = "v1:Jq42CoOckNw=:v1:MenA8f19tHBgBypQ:QazFJ0TnRxJ7clSshKZnKxwR2l8Cgg=="
CLI_TEXT = "v1:26QPB2vmqqkmsB8O:70M3z5LU2XZ8/myKpGRq61+ZBYOYZepb"


@pytest.fixture(scope="module")
def crypter() -> Crypter:
    return Crypter.new("pw")


def thing(name: str, **more: Any) -> ResourceState:
    return ResourceState(
        urn=f"urn:pulumi:dev::demo::t:i:T::{name}", type="t:i:T", custom=True, id=name, **more
    )


def test_what_the_cli_encrypted_is_read() -> None:
    assert Crypter.unlock("pw", CLI_SALT).decrypt(CLI_TEXT) == "hunter22"


def test_a_wrong_passphrase_is_told() -> None:
    with pytest.raises(SecretsError, match="incorrect passphrase"):
        Crypter.unlock("another", CLI_SALT)


def test_an_altered_text_is_told(crypter: Crypter) -> None:
    sealed = crypter.encrypt("text")
    with pytest.raises(SecretsError, match="can't be decrypted"):
        crypter.decrypt(sealed[:-6] + "AAAAA=")


def test_the_passphrase_comes_from_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "phrase"
    file.write_text("from file\n")
    assert passphrase({"PULUMI_CONFIG_PASSPHRASE": ""}) == ""
    assert passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == "from file"
    with pytest.raises(SecretsError, match="PULUMI_CONFIG_PASSPHRASE"):
        passphrase({})


@settings(deadline=None, max_examples=30)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=4), inner, max_size=3)
            | inner.map(Secret)
        ),
        max_leaves=8,
    )
)
def test_a_resource_reads_back_as_it_was(value: Any) -> None:
    crypter = _shared()
    state = thing("a", inputs={"value": value}, timeouts=Timeouts(create=5), protect=True)
    raw = json.loads(json.dumps(encode_resource(state, Encrypting(crypter))))
    back = Decoder(crypter).resource(raw)
    assert encode_resource(back, Blinding()) == encode_resource(state, Blinding())
    assert back.timeouts == state.timeouts


_SHARED: list[Crypter] = []


def _shared() -> Crypter:
    if not _SHARED:
        _SHARED.append(Crypter.new("pw"))
    return _SHARED[0]


def test_a_secret_that_stays_keeps_its_cipher_text(crypter: Crypter) -> None:
    state = thing("a", inputs={"password": Secret("text")})
    first = encode_resource(state, Encrypting(crypter))
    encrypting = Encrypting(crypter)
    Decoder(crypter, encrypting).resource(first)
    assert encode_resource(state, encrypting) == first
    assert encode_resource(state, Encrypting(crypter)) != first


def test_what_another_engine_wrote_is_kept(crypter: Crypter) -> None:
    raw = {**encode_resource(thing("a"), Blinding()), "viewOf": "urn:x"}
    assert encode_resource(Decoder(crypter).resource(raw), Blinding())["viewOf"] == "urn:x"


class Saved:
    """Where a journal writes to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: EngineError | None = None

    def save(self, pieces: Iterable[bytes]) -> None:
        self.gate.wait()
        if self.error:
            raise self.error
        self.texts.append(b"".join(pieces).decode())

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.texts[-1])
        return found

    def names(self) -> list[str]:
        return [one["id"] for one in self.last.get("resources", [])]


def journal(saved: Saved, *base: ResourceState) -> Journal:
    return Journal(Deployment(resources=list(base)), Blinding(), {}, saved.save)


def test_an_operation_is_noted_before_it_begins_and_gone_when_it_has_ended() -> None:
    saved, new = Saved(), thing("a")
    book = journal(saved)
    book.begin(new, CREATING)
    pending = saved.last["pending_operations"]
    assert [(one["type"], one["resource"]["id"]) for one in pending] == [(CREATING, "a")]
    assert saved.names() == []
    book.end(new, add=new)
    assert "pending_operations" not in saved.last
    assert saved.names() == ["a"]
    book.close()


def test_a_delete_takes_the_resource_out_when_it_has_ended() -> None:
    saved, a, b = Saved(), thing("a"), thing("b")
    book = journal(saved, a, b)
    book.begin(b, DELETING)
    assert saved.names() == ["a", "b"]
    book.end(b, remove=[b])
    assert saved.names() == ["a"]
    book.close()


def test_a_change_of_a_state_is_in_the_next_write() -> None:
    saved, a = Saved(), thing("a")
    book = journal(saved, a)
    book.flush()
    book.change(a, delete=True)
    book.flush()
    assert saved.last["resources"][0]["delete"] is True
    book.close()


def test_many_operations_at_once_share_writes() -> None:
    saved = Saved()
    book = journal(saved)
    book.flush()
    saved.gate.clear()
    states = [thing(str(number)) for number in range(50)]
    threads = [threading.Thread(target=book.begin, args=(one, CREATING)) for one in states]
    for thread in threads:
        thread.start()
    saved.gate.set()
    for thread in threads:
        thread.join()
    assert len(saved.last["pending_operations"]) == 50
    assert len(saved.texts) < 25
    book.close()


def test_a_write_that_fails_stops_whoever_waits_for_it() -> None:
    saved = Saved()
    saved.error = EngineError("can't write: No space left on device")
    book = journal(saved)
    with pytest.raises(EngineError, match="No space left"):
        book.begin(thing("a"), CREATING)
    with pytest.raises(EngineError, match="No space left"):
        book.close()


def test_a_preview_writes_nothing() -> None:
    book = Journal(Deployment(), Blinding(), {}, None)
    book.begin(thing("a"), CREATING)
    book.close()


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state.json"
    write_whole(file, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EngineError, match="No space left on device; it stays as it was"):
        write_whole(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_lock_names_who_holds_it(tmp_path: Path) -> None:
    first, second = StackLock(tmp_path, "dev"), StackLock(tmp_path, "dev")
    first.acquire()
    with pytest.raises(StackLockedError, match=r"\(pid \d+\).*\n.*pulumi cancel --yes dev"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_only_files_are_a_backend() -> None:
    with pytest.raises(EngineError, match="expected file://PATH"):
        Backend("s3://bucket", "demo")


def test_a_deployment_of_another_version_is_refused(tmp_path: Path) -> None:
    backend = Backend(f"file://{tmp_path}", "demo")
    backend.create("dev")
    file = tmp_path / ".pulumi/stacks/demo/dev.json"
    file.write_text('{"version": 2}')
    with pytest.raises(EngineError, match="expected a deployment of version 3, got 2"):
        backend.load("dev")
