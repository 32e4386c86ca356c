"""Pulumi's Automation API, with either engine."""

from __future__ import annotations

import pytest
from pulumi import automation

from lab.tests.engine.harness import Stack, script


@pytest.fixture
def workspace(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> automation.LocalWorkspace:
    script(stack.folder / "bin" / "pulumi", f'exec {" ".join(stack.command)} "$@"')
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    return automation.LocalWorkspace(work_dir=str(stack.project))


def test_a_stack_is_updated_and_what_was_done_is_told(
    stack: Stack, workspace: automation.LocalWorkspace
) -> None:
    stack.program("""
        pulumi.export("secret", config.require_secret("password"))
        pulumi.export("echo", Thing("a", value=config.require("size")).echo)
    """)
    selected = automation.Stack.select("dev", workspace)
    selected.set_all_config(
        {
            "size": automation.ConfigValue("3"),
            "password": automation.ConfigValue("correct-horse", secret=True),
        }
    )
    lines: list[str] = []
    done = selected.up(on_output=lines.append, color="never")
    assert done.outputs["echo"].value == "3"
    assert done.outputs["secret"].secret
    assert done.summary.result == "succeeded"
    assert (done.summary.resource_changes or {})["create"] == 2
    assert done.summary.config["demo:password"].secret
    assert not any("correct-horse" in line for line in lines)
    selected.up(color="never", show_secrets=False)
    newest, oldest = selected.history()
    assert newest.resource_changes == {"same": 2}
    assert newest.start_time >= oldest.start_time
    assert selected.history(page_size=1, page=2)[0].resource_changes == oldest.resource_changes


def test_an_update_that_fails_raises(stack: Stack, workspace: automation.LocalWorkspace) -> None:
    stack.program("raise SystemExit('no')")
    with pytest.raises(automation.CommandError):
        automation.Stack.select("dev", workspace).up(color="never")


def test_a_stack_that_is_locked_is_told_from_a_failure(
    stack: Stack, workspace: automation.LocalWorkspace
) -> None:
    lock = stack.folder / "state/.pulumi/locks/organization/demo/dev/other.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"pid":1,"username":"u","hostname":"h","timestamp":"2026-01-01T00:00:00Z"}')
    with pytest.raises(automation.ConcurrentUpdateError):
        automation.Stack.select("dev", workspace).up(color="never")
