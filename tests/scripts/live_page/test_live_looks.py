"""What the page is told: what the last look has found, how old that is, and no secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from scripts.cluster_status import Status
from scripts.live_page.live_looks import LiveLooks
from scripts.pulumi_cli import PulumiError
from tests.scripts.live_page.looks import CALL, FIRST, HOSTILE, SERVING, UNSEEN, cluster

SECRET = "secret-of-redis"
WELL = cluster(FIRST, SERVING)


def looking(*found: Status | Exception, secrets: tuple[str, ...] = (SECRET,)) -> LiveLooks:
    """One that finds one after the other; what fails, fails again at once."""
    looks: Iterator[Status | Exception] = iter(
        [one for each in found for one in ([each, each] if isinstance(each, Exception) else [each])]
    )

    def look() -> Status:
        one = next(looks)
        if isinstance(one, Exception):
            raise one
        return one

    made = LiveLooks("prod", look, lambda: secrets, 5)
    for _ in found:
        made.look_again()
    return made


def test_before_the_first_look_nothing_is_known() -> None:
    never: Callable[[], Status] = lambda: WELL  # noqa: E731
    told = LiveLooks("prod", never, lambda: (), 5).as_json()
    assert (told["stack"], told["looked"], told["status"]) == ("prod", None, None)


def test_a_look_is_told_as_status_tells_it() -> None:
    told = looking(WELL).as_json()
    assert told["problem"] is None
    assert told["looked"] <= told["now"]
    status = told["status"]
    assert (status["state"], status["isWell"], status["remarks"]) == ("UP", True, [])
    assert [one["name"] for one in status["machines"]] == ["base", "node-1", "node-2"]
    assert status["machines"][2]["sessions"] == [[HOSTILE, 2, CALL.since.timestamp()]]
    json.dumps(told)


def test_a_look_that_fails_leaves_what_was_found_and_says_so() -> None:
    told = looking(WELL, PulumiError("the state can't be had.\n  Next: pulumi login")).as_json()
    assert told["problem"] == "the state can't be had. Next: pulumi login"
    assert told["status"]["state"] == "UP"
    assert told["timeline"]["lanes"]["node-2"][-1][1] == "not seen"
    again = looking(WELL, PulumiError("no"), WELL).as_json()
    assert again["problem"] is None


def test_a_state_that_is_just_being_written_is_read_again_and_no_gap() -> None:
    found: Iterator[Status | Exception] = iter([WELL, PulumiError("EOF"), WELL])

    def look() -> Status:
        one = next(found)
        if isinstance(one, Exception):
            raise one
        return one

    looks = LiveLooks("prod", look, lambda: (), 5)
    looks.look_again()
    looks.look_again()
    told = looks.as_json()
    assert told["problem"] is None
    assert len(told["timeline"]["lanes"]["node-2"]) == 1


def test_no_secret_is_told_wherever_it_comes_from() -> None:
    found = replace(cluster(FIRST, UNSEEN), health=None, reason=f"401 with {SECRET}")
    told = looking(found).as_json()
    assert any("401 with ********" in one for one in told["status"]["remarks"])
    failed = looking(WELL, PulumiError(f"can't log in with {SECRET}")).as_json()
    assert failed["problem"] == "can't log in with ********"
    session = replace(CALL, id=f"call-{SECRET}")
    named = looking(cluster(replace(SERVING, sessions=(session,)))).as_json()
    assert SECRET not in json.dumps([told, failed, named])
