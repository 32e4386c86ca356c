"""What happens when something goes wrong, with either engine."""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket

import pytest

from lab.tests.engine.harness import Stack, interrupt, wait_until

THREE = """
    a = Thing("a", value="one")
    b = Thing("b", value=a.token)
    c = Thing("c", value=b.token)
    pulumi.export("token", c.token)
"""


def test_what_was_made_before_a_failure_is_in_state_and_the_next_run_goes_on(stack: Stack) -> None:
    stack.program(THREE)
    stack.fail("create", "b", "no capacity")
    done = stack.up()
    assert done.code != 0
    assert "no capacity" in done.text
    assert "update failed" in done.text
    assert "2 errored" in done.out
    assert sorted(set(stack.resources()) - {"default_1_2_3"}) == ["a", "demo-dev"]
    assert stack.checkpoint().get("pending_operations") is None
    stack.mend()
    stack.must_up()
    assert stack.calls("create").count("create a") == 1
    assert stack.objects() == ["a", "b", "c"]


def test_a_failed_update_keeps_the_old_state(stack: Stack) -> None:
    stack.program('Thing("a", value=config.get("value") or "one")')
    stack.must_up()
    stack.configure(value="two")
    stack.fail("update", "a", "not now")
    assert stack.up().code != 0
    assert stack.resources()["a"]["inputs"]["value"] == "one"
    stack.mend()
    stack.must_up()
    assert stack.resources()["a"]["inputs"]["value"] == "two"


def test_a_failed_delete_keeps_all_that_it_depends_on(stack: Stack) -> None:
    stack.program(THREE)
    stack.must_up()
    stack.fail("delete", "b", "still draining")
    done = stack.destroy()
    assert done.code != 0
    assert "still draining" in done.text
    assert stack.objects() == ["a", "b"]
    assert sorted(set(stack.resources()) - {"default_1_2_3"}) == ["a", "b", "demo-dev"]
    assert stack.checkpoint().get("pending_operations") is None
    stack.mend()
    assert stack.destroy().code == 0
    assert stack.objects() == []


def test_by_default_the_first_failure_holds_back_other_work(stack: Stack) -> None:
    stack.program(
        """
        for number in range(2):
            machine = Thing(f"m{number}")
            Thing(f"n{number}", value=machine.token)
        """
    )
    stack.must_up()
    stack.fail("delete", "n0", "still draining")
    stack.hold("delete", "n1")
    process = stack.start("destroy", "--yes", "--skip-preview")
    stack.wait_for_call("delete n1")
    wait_until(lambda: "delete n0" in stack.calls(), "the failing delete")
    stack.release()
    process.communicate()
    assert process.returncode != 0
    assert stack.objects() == ["m0", "m1", "n0"]


def test_with_continue_on_error_what_can_go_on_goes_on(stack: Stack) -> None:
    stack.program(
        """
        for number in range(2):
            machine = Thing(f"m{number}")
            Thing(f"n{number}", value=machine.token)
        """
    )
    stack.must_up()
    stack.fail("delete", "n0", "still draining")
    done = stack.destroy("--continue-on-error")
    assert done.code != 0
    assert stack.objects() == ["m0", "n0"]


def test_with_continue_on_error_independent_resources_are_made(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a")
        b = Thing("b", value=a.token)
        c = Thing("c")
        """
    )
    stack.fail("create", "a", "no capacity")
    done = stack.up("--continue-on-error")
    assert done.code != 0
    assert stack.objects() == ["c"]


def test_with_continue_on_error_what_comes_later_is_made_too(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a")
        Thing("b", value=pulumi.Output.concat("after ", a.id))
        c = Thing("c")
        d = Thing("d", value=pulumi.Output.concat("after ", c.id))
        Thing("e", value=pulumi.Output.concat("after ", d.id))
        """
    )
    stack.fail("create", "a", "no capacity")
    done = stack.up("--continue-on-error")
    assert done.code != 0
    assert "no capacity" in done.text
    assert stack.objects() == ["c", "d", "e"]
    stack.mend()
    stack.must_up()
    assert stack.objects() == ["a", "b", "c", "d", "e"]


def test_with_continue_on_error_what_depends_on_a_failed_update_stays(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a", value=config.get("value") or "one")
        b = Thing("b", value=a.token)
        Thing("c", opts=pulumi.ResourceOptions(depends_on=[b]))
        """
    )
    stack.must_up()
    before = stack.objects()
    stack.configure(value="two")
    stack.fail("update", "a", "not now")
    stack.forget_calls()
    assert stack.up("--continue-on-error").code != 0
    assert stack.calls("delete", "create") == []
    assert stack.objects() == before
    stack.mend()
    stack.must_up()
    assert stack.objects() == before


def test_an_original_whose_delete_failed_is_deleted_by_the_next_run(stack: Stack) -> None:
    stack.program('Thing("a", unique=config.get("unique"))')
    stack.must_up()
    stack.configure(unique="y")
    stack.fail("delete", "a", "still in use")
    assert stack.up().code != 0
    states = [one for one in stack.checkpoint()["resources"] if one["urn"].endswith("::a")]
    assert [one.get("delete", False) for one in states] == [False, True]
    stack.mend()
    stack.must_up()
    assert stack.objects() == ["a"]
    assert len([one for one in stack.checkpoint()["resources"] if one["urn"][-3:] == "::a"]) == 1


def test_a_replacement_cut_between_delete_and_create_is_carried_on(stack: Stack) -> None:
    stack.program('Thing("a", opts(delete_before_replace=True), unique=config.get("unique"))')
    stack.must_up()
    stack.configure(unique="y")
    stack.fail("create", "a", "no capacity")
    assert stack.up().code != 0
    assert stack.resources()["a"]["pendingReplacement"] is True
    assert stack.objects() == []
    stack.mend()
    stack.forget_calls()
    stack.must_up()
    assert stack.calls("create", "delete") == ["create a"]
    assert stack.objects() == ["a"]
    stack.must_up("--expect-no-changes")


def test_a_resource_that_exists_but_is_not_ready_is_kept_and_tried_again(stack: Stack) -> None:
    stack.program('Thing("a", partial=config.get_bool("partial"))')
    stack.configure(partial="true")
    done = stack.up()
    assert done.code != 0
    assert "it never became ready" in done.text
    assert stack.resources()["a"]["initErrors"] == ["it never became ready"]
    stack.configure(partial="false")
    stack.must_up()
    assert stack.calls("create", "update") == ["create a", "update a"]
    assert "initErrors" not in stack.resources()["a"]


def test_one_ctrl_c_stops_gracefully(stack: Stack) -> None:
    stack.program(THREE)
    stack.hold("create", "b")
    process = stack.start("up", "--yes", "--skip-preview")
    stack.wait_for_call("create b")
    interrupt(process)
    out, _ = process.communicate(timeout=120)
    assert process.returncode != 0, out
    assert "cancel" in out
    assert stack.calls("cancel")
    assert stack.objects() == ["a"]
    assert stack.checkpoint().get("pending_operations") is None
    stack.release()
    stack.must_up()
    assert stack.objects() == ["a", "b", "c"]


def test_two_ctrl_c_stop_at_once(stack: Stack) -> None:
    stack.program(THREE)
    stack.hold("create", "b")
    (stack.things / "stubborn").touch()
    process = stack.start("up", "--yes", "--skip-preview")
    stack.wait_for_call("create b")
    interrupt(process)
    wait_until(lambda: stack.calls("cancel"), "the provider to be told")
    interrupt(process)
    out, _ = process.communicate(timeout=120)
    assert process.returncode != 0, out
    assert "a" in stack.resources()


def test_a_killed_run_leaves_its_lock_and_notes_what_was_going_on(stack: Stack) -> None:
    stack.program(THREE)
    stack.hold("create", "b")
    process = stack.start("up", "--yes", "--skip-preview")
    stack.wait_for_call("create b")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    pending = stack.checkpoint()["pending_operations"]
    assert [one["type"] for one in pending] == ["creating"]
    assert pending[0]["resource"]["urn"].endswith("::b")

    refused = stack.up()
    assert refused.code != 0
    assert "pulumi cancel" in refused.text
    assert f"(pid {process.pid})" in refused.text or stack.engine == "pulumi"

    stack.release()
    assert stack.run("cancel", "--yes").code == 0
    done = stack.must_up()
    assert "1 pending operations" in done.text
    assert "interrupted while creating" in done.text
    assert [one["type"] for one in stack.checkpoint()["pending_operations"]] == ["creating"]

    assert stack.refresh("--clear-pending-creates").code == 0
    assert stack.checkpoint().get("pending_operations") is None
    stack.must_up("--expect-no-changes")


def test_a_killed_delete_is_run_again(stack: Stack) -> None:
    stack.program('Thing("a")')
    stack.must_up()
    stack.hold("delete", "a")
    process = stack.start("destroy", "--yes", "--skip-preview")
    stack.wait_for_call("delete a")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    stack.release()
    stack.run("cancel", "--yes")
    stack.forget_calls()
    assert stack.destroy().code == 0
    assert stack.calls("delete") == ["delete a"]
    assert stack.checkpoint().get("pending_operations") is None


def test_a_second_run_is_refused_while_one_is_going_on(stack: Stack) -> None:
    stack.program('Thing("a")')
    stack.hold("create", "a")
    process = stack.start("up", "--yes", "--skip-preview")
    stack.wait_for_call("create a")
    refused = stack.up()
    assert refused.code != 0
    assert "currently locked by 1 lock(s)" in refused.text
    assert f"{getpass.getuser()}@{socket.gethostname()} (pid {process.pid})" in refused.text
    assert "pulumi cancel" in refused.text
    assert stack.preview().code == 0
    stack.release()
    process.communicate()
    assert process.returncode == 0
    stack.must_up("--expect-no-changes")


def test_a_state_file_is_for_its_owner_only(stack: Stack) -> None:
    if stack.engine != "embedded":
        pytest.skip("the CLI leaves that to the umask")
    stack.program('Thing("a")')
    stack.must_up()
    files = list((stack.folder / "state/.pulumi/stacks").rglob("*.json"))
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * len(files)


def test_state_that_is_no_json_is_named(stack: Stack) -> None:
    file = next((stack.folder / "state/.pulumi/stacks").rglob("dev.json"))
    file.write_text(json.dumps({"version": 3})[:-3])
    done = stack.preview()
    assert done.code != 0
    assert "dev" in done.text


def test_a_program_that_has_told_its_mistake_and_says_so_is_told_once(stack: Stack) -> None:
    """As our own does."""
    stack.program('import sys\npulumi.log.error("nodeCount: got 0")\nsys.exit(32)')
    for done in (stack.preview(), stack.up()):
        assert done.code != 0
        assert done.text.split("Diagnostics:")[1].count("nodeCount: got 0") == 1
        assert "unhandled error" not in done.text
        assert "Traceback" not in done.text


@pytest.mark.parametrize("blow", ["Ctrl-C", "failure"])
def test_a_program_that_leaves_interrupts_to_the_system_ends_without_a_trace(
    blow: str, stack: Stack
) -> None:
    """As our own does, where the update is stopped or fails while the program waits."""
    stack.program("""
        import signal
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        a = Thing("a")
        Thing("b", value=a.token)
    """)
    stack.hold("create", "a")
    stack.fail("create", "a", "out of luck")
    process = stack.start("up", "--yes", "--skip-preview")
    stack.wait_for_call("create a")
    if blow == "Ctrl-C":
        interrupt(process)
    stack.release()
    printed, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed


def test_what_is_found_wrong_once_all_is_done_fails_the_update(stack: Stack) -> None:
    stack.program(
        THREE
        + """
    class SilentError(Exception):
        pass

    def check(urn):
        if not pulumi.runtime.is_dry_run():
            raise SilentError("The base doesn't work: no answer.")
        return urn

    pulumi.export("checked", pulumi.Output.all(c.urn).apply(check))
"""
    )
    assert stack.run("preview").code == 0
    done = stack.up()
    assert done.code != 0
    assert "The base doesn't work: no answer." in done.text
    # What was done is kept.
    assert stack.objects() == ["a", "b", "c"]
