"""What is said of calls: what works, and which rule, port or setting is behind what doesn't."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import replace

import pytest

from openvidu import api
from scripts.calls.judgement import judged
from scripts.calls.outcomes import (
    Closed,
    Fault,
    Heard,
    NodeCall,
    NoRelay,
    NoServer,
    Outcome,
    Seen,
    Silent,
    Tried,
    Unasked,
    Unwilling,
)
from scripts.calls.rest import MediaNode, RefusedError, Stage
from scripts.calls.stack import Node, Stack
from scripts.calls.ways import Way
from scripts.checks.finding import Finding, Result, exit_status

FIRST, SECOND = "10.5.0.6", "10.5.0.7"
PUBLIC = {FIRST: "203.0.113.11", SECOND: "203.0.113.12"}
STACK = Stack(
    "https://openvidu.example.io",
    {ip: Node(f"node-{number}", PUBLIC[ip]) for number, ip in enumerate((FIRST, SECOND), 1)},
)
TURN = f"turn:{PUBLIC[SECOND]}:443"
WELL: dict[Way, Outcome] = {
    Way.STRAIGHT: Heard(2),
    Way.TURN_UDP: Heard(2, TURN),
    Way.TURN_TCP: Heard(2, TURN),
}
LOST = Silent(0, 2, frozenset(PUBLIC.values()))
NO_ANSWER = NoRelay(TURN, Fault.NO_ANSWER, "no answer within 5 s")
MEDIA_RULE, TURN_RULE = (f"node-{one}-udp-from-world-ipv4" for one in ("media", "turn"))
AS_LEFT = Finding("security groups", "AWS", Result.OK, "24 rules are as the last update left them")


def node(ip: str, status: str = api.RUNNING) -> MediaNode:
    return MediaNode(f"media_{ip}", ip, status)


def tried(outcomes: dict[Way, Outcome], other: dict[Way, Outcome] = WELL) -> Tried:
    """Calls on two nodes; what came of that on the second, and on the first."""
    calls = {FIRST: NodeCall(1, "mediasoup", other), SECOND: NodeCall(2, "mediasoup", outcomes)}
    return Tried([node(FIRST), node(SECOND)], [FIRST, SECOND], calls, [FIRST, SECOND])


def failures(seen: Seen, stack: Stack = STACK) -> list[Finding]:
    found = judged(seen, stack)
    assert exit_status(found) == 1
    return [one for one in found if one.result is Result.FAILED]


def taken_out(rule: str, said: str) -> Finding:
    return Finding("security groups", rule, Result.FAILED, said, "pulumi up --refresh")


def test_calls_that_are_heard_work_and_say_how_nodes_were_reached() -> None:
    found = judged(tried(WELL), STACK)
    assert exit_status(found) == 0
    assert {one.result for one in found} == {Result.OK}
    told = {(one.check, one.where): one.said for one in found}
    assert told["reached", "node-2"] == "the load balancer placed session 2 there"
    assert told["straight", "node-2"] == "heard: 2 of 2 streams by UDP 40000-65535"
    assert told["turn-tcp", "node-2"].endswith(f"TURN over TCP 443 of {PUBLIC[SECOND]}")


FAULTS = {
    "media ports": (Way.STRAIGHT, LOST, r"UDP 40000-65535: 0 of 2 streams", "let in UDP 40000-"),
    "TURN's UDP": (Way.TURN_UDP, NO_ANSWER, r"TURN over UDP 443 of 203\.0\.113\.12: no answer", ""),
    "TURN's TCP": (
        Way.TURN_TCP,
        NO_ANSWER,
        r"TURN over TCP 443 of .*: no answer",
        "let in TCP 443",
    ),
    "coturn is down": (
        Way.TURN_TCP,
        NoRelay(TURN, Fault.CLOSED, "refused"),
        "coturn doesn't listen there",
        "node-2 --service coturn",
    ),
    "TURN's secret": (
        Way.TURN_UDP,
        NoRelay(TURN, Fault.DENIED, "(401 - Unauthorized)"),
        "refuses the credentials; the clocks may differ, or the secret of coturn and OpenVidu",
        "node-2 --service coturn",
    ),
    "COTURN_IP": (
        Way.TURN_UDP,
        replace(NO_ANSWER, server=f"turn:{SECOND}:443"),
        r"tells users to come to 10\.5\.0\.7, and node-2 is at 203\.0\.113\.12",
        "COTURN_IP",
    ),
    "the address of media": (
        Way.STRAIGHT,
        Silent(0, 2, frozenset({SECOND})),
        r"send them to 10\.5\.0\.7, and node-2 is at 203\.0\.113\.12",
        "when it starts",
    ),
    "what is relayed": (
        Way.TURN_TCP,
        Silent(0, 2, frozenset(), TURN),
        "the TURN server answers, and doesn't reach the media server by UDP 40000-65535",
        "coturn",
    ),
    "no TURN server": (Way.TURN_UDP, NoServer(), "tells its users of no TURN server", "coturn"),
    "OpenVidu": (Way.STRAIGHT, Unwilling("publishVideo: 401"), "publishVideo: 401", "openvidu-s"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_arrive_is_named_with_what_is_behind_it(fault: str) -> None:
    way, outcome, said, following = FAULTS[fault]
    (found,) = failures(tried({**WELL, way: outcome}))
    assert (found.check, found.where) == (way, "node-2")
    assert found.said.startswith("media of node-2 don't arrive by ")
    assert re.search(said, found.said)
    assert following in (found.next or "")
    assert "they do" in found.said


def test_a_rule_that_aws_has_no_more_is_named() -> None:
    closed = taken_out(MEDIA_RULE, "UDP 40000-65535 from 0.0.0.0/0 is closed")
    (found,) = failures(
        tried({**WELL, Way.STRAIGHT: LOST}), replace(STACK, groups=[closed, taken_out("x", "y")])
    )
    assert f"; {MEDIA_RULE}: UDP 40000-65535 from 0.0.0.0/0 is closed" in found.said
    assert found.next == "pulumi up --refresh"


@pytest.mark.parametrize(
    "groups", [[AS_LEFT], [taken_out(TURN_RULE, "closed")]], ids=["all", "others"]
)
def test_a_rule_that_is_there_is_not_what_closes_the_port(groups: list[Finding]) -> None:
    (found,) = failures(tried({**WELL, Way.STRAIGHT: LOST}), replace(STACK, groups=groups))
    assert f"the security group lets UDP 40000-65535 in ({MEDIA_RULE})" in found.said
    assert found.next
    assert found.next.startswith("try it from another network")


def test_what_aws_does_not_tell_is_not_known() -> None:
    silent = Finding("security groups", "AWS", Result.WARNING, "AWS can't be asked: no login")
    (found,) = failures(tried({**WELL, Way.TURN_UDP: NO_ANSWER}), replace(STACK, groups=[silent]))
    assert "isn't known: AWS can't be asked: no login" in found.said


def test_what_works_on_no_node_may_be_closed_where_one_is() -> None:
    lost = {**WELL, Way.STRAIGHT: LOST}
    found = [one for one in judged(tried(lost, lost), STACK) if one.where == "here"]
    assert [(one.check, one.result) for one in found] == [("straight", Result.WARNING)]
    closed = replace(STACK, groups=[taken_out(MEDIA_RULE, "closed")])
    assert not [one for one in judged(tried(lost, lost), closed) if one.where == "here"]


def test_a_turn_server_of_ones_own_is_not_the_nodes() -> None:
    own = replace(NO_ANSWER, server="turns:turn.example.io:5349")
    (found,) = failures(tried({**WELL, Way.TURN_TCP: own}), replace(STACK, own_turn=True))
    assert "TURN over TCP 5349 of turn.example.io: no answer; it's turnServer's" in found.said


def test_a_single_masters_ports_are_its_own() -> None:
    master = Stack("https://openvidu.example.io", main="master", groups=[AS_LEFT])
    seen = Tried(
        [node("10.5.0.8")],
        ["10.5.0.8"],
        {
            "10.5.0.8": NodeCall(
                1,
                "mediasoup",
                {Way.STRAIGHT: LOST, Way.TURN_UDP: replace(NO_ANSWER, server="turn:192.0.2.1")},
            )
        },
        ["10.5.0.8"],
    )
    straight, turn = failures(seen, master)
    assert straight.where == "media node 10.5.0.8"
    assert straight.next == (
        "let in UDP 40000-65535 of media node 10.5.0.8 from everywhere: on media node 10.5.0.8, "
        "and in what is before it"
    )
    assert "lets UDP 3478 in (master-turn-udp-from-world-ipv4)" in turn.said


def test_a_node_that_no_session_was_placed_on_is_named() -> None:
    alone = {FIRST: NodeCall(1, "mediasoup", WELL)}
    seen = Tried([node(FIRST), node(SECOND)], [FIRST, SECOND], alone, [FIRST] * 6)
    (found,) = failures(seen)
    assert (found.check, found.where) == ("reached", "node-2")
    assert "of 6 sessions the load balancer placed none there; those that" in found.said
    assert "went to node-1" in found.said
    assert found.next == "uv run openvidu-enterprise status node-2"


def test_a_node_that_not_all_could_join_on_is_named() -> None:
    alone = {FIRST: NodeCall(1, "mediasoup", WELL)}
    refused = [RefusedError(401, "no", Stage.JOIN)]
    seen = Tried([node(FIRST), node(SECOND)], [FIRST, SECOND], alone, [FIRST, SECOND], refused)
    (found,) = failures(seen)
    assert (found.where, "not everybody could join" in found.said) == ("node-2", True)


def test_a_node_that_drains_takes_no_call_and_has_not_failed() -> None:
    nodes = [node(FIRST), node(SECOND, api.WAITING_IDLE_TO_TERMINATE)]
    found = judged(
        Tried(nodes, [FIRST], {FIRST: NodeCall(1, "mediasoup", WELL)}, [FIRST, ""]), STACK
    )
    assert exit_status(found) == 0
    (skipped,) = (one for one in found if one.result is Result.SKIPPED)
    assert (skipped.where, skipped.said) == ("node-2", "drains: it takes no more calls")


def test_without_a_node_to_have_a_call_on_none_works() -> None:
    nodes = [node(SECOND, api.WAITING_IDLE_TO_TERMINATE)]
    for seen in (Tried(), Tried(nodes)):
        (found,) = failures(seen, Stack("https://openvidu.example.io"))
        assert found.said.startswith("no call was heard")


def test_a_node_that_the_cluster_does_not_list_is_told() -> None:
    found = judged(
        Tried([node(FIRST)], [FIRST], {FIRST: NodeCall(1, "mediasoup", WELL)}, [FIRST]), STACK
    )
    (warned,) = (one for one in found if one.result is Result.WARNING)
    assert (warned.where, warned.said) == (
        "node-2",
        "the cluster doesn't list it: it starts, or has left",
    )


def test_with_kurento_no_call_was_seen_to_work() -> None:
    found = judged(
        Tried([node(FIRST)], [FIRST], {FIRST: NodeCall(1, "kurento", {})}, [FIRST]), STACK
    )
    assert exit_status(found) == 1
    assert "doesn't speak with kurento" in next(one.said for one in found if one.check == "media")


REFUSED = {
    "secret": (RefusedError(401, "401"), "another openviduSecret", "openvidu-enterprise preflight"),
    "apiCidrs": (RefusedError(403, "403"), "apiCidrs hasn't the address", "apiCidrs"),
    "nobody": (RefusedError(502, "502"), "has no node that answers", "openvidu-enterprise status"),
    "WebSocket": (RefusedError(400, "400", Stage.SOCKET), "a proxy in between", "in between"),
    "media server": (
        RefusedError(503, "503", Stage.JOIN),
        "no connection to its media server",
        "openvidu-enterprise status",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_refuses_every_session_is_named(why: str) -> None:
    error, said, following = REFUSED[why]
    (found,) = failures(Tried(refusals=[error, error]))
    assert (found.check, found.where) == (error.stage, "openvidu.example.io")
    assert said in found.said
    assert following in (found.next or "")


def test_a_session_that_was_refused_among_others_is_a_warning() -> None:
    seen = replace(tried(WELL), refusals=[RefusedError(503, "no", Stage.JOIN)])
    found = judged(seen, STACK)
    assert exit_status(found) == 0
    assert [one.check for one in found if one.result is Result.WARNING] == ["joinRoom"]


def test_a_session_that_may_be_left_is_named() -> None:
    found = judged(replace(tried(WELL), left=["check-call-1"]), STACK)
    assert "check-call-1 may still be there" in found[-1].said


HTTPS_RULE = taken_out("base-https-8443-from-world-ipv4", "TCP 8443 is closed")


ELSEWHERE = Finding(
    "DNS",
    "openvidu.example.io",
    Result.FAILED,
    "leads to 192.0.2.1; expected 203.0.113.10",
    "point openvidu.example.io to 203.0.113.10 with an A record",
)


def untrusted(
    code: int = 20, said: str = "unable to get local issuer certificate"
) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, said
    return error


EXPIRED = untrusted(10, "certificate has expired")


@pytest.mark.parametrize(
    ("error", "stack", "check", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), STACK, "DNS", "leads nowhere"),
        (ConnectionRefusedError(), STACK, "HTTPS", "nothing listens there"),
        (TimeoutError("timed out"), STACK, "HTTPS", "no answer: timed out"),
        (TimeoutError(), replace(STACK, groups=[HTTPS_RULE]), "HTTPS", "base-https-8443-from-"),
        (untrusted(), STACK, "certificate", "unable to get local issuer"),
        (untrusted(), replace(STACK, selfsigned=True), "certificate", "another certificate than"),
        (EXPIRED, STACK, "certificate", "the certificate has expired"),
        (EXPIRED, replace(STACK, selfsigned=True), "certificate", "the certificate has expired"),
        (untrusted(), replace(STACK, names=[ELSEWHERE]), "DNS", "leads to 192.0.2.1; expected 203"),
    ],
    ids=[
        *("name", "refused", "silent", "rule", "certificate"),
        *("self-signed", "expired", "self-signed and expired", "elsewhere"),
    ],
)
def test_who_does_not_get_in_is_told_why(
    error: OSError, stack: Stack, check: str, said: str
) -> None:
    (found,) = failures(Closed(error), stack)
    assert (found.check, found.where) == (check, "openvidu.example.io")
    assert said in found.said
    assert found.next


def test_without_knowing_whom_to_trust_nothing_is_called() -> None:
    (found,) = failures(Unasked("base, 203.0.113.10: can't be reached"))
    assert found.check == "certificate"
    assert "Nothing was called" in found.said


def test_a_master_without_media_nodes_is_told_to_get_one() -> None:
    (found,) = failures(Tried(), Stack("https://openvidu.example.io", main="master"))
    assert found.said == "the master has no media node, and carries no call itself"
    assert "mediaNodes[0]" in (found.next or "")


def test_a_media_node_that_the_master_cannot_reach_is_named() -> None:
    away = MediaNode("media_10.5.0.77", "10.5.0.77", api.RUNNING, connected=False)
    (found,) = failures(Tried([away]), Stack("https://openvidu.example.io", main="master"))
    assert found.where == "media node 10.5.0.77"
    assert found.said == "the master has no connection to its media server"
    assert "TCP 8888 of 10.5.0.77" in (found.next or "")


def test_nothing_is_said_of_a_node_that_was_not_asked_for() -> None:
    calls = {FIRST: NodeCall(2, "mediasoup", WELL)}
    found = judged(Tried([node(FIRST), node(SECOND)], [FIRST], calls, [SECOND, FIRST]), STACK)
    assert exit_status(found) == 0
    assert {one.where for one in found} == {"node-1"}


def test_where_turn_does_not_get_to_the_media_either_the_machine_is_to_be_looked_at() -> None:
    relayed = Silent(0, 2, frozenset(), TURN)
    lost = {Way.STRAIGHT: LOST, Way.TURN_UDP: relayed, Way.TURN_TCP: relayed}
    straight, *_ = failures(tried(lost), replace(STACK, groups=[AS_LEFT]))
    assert straight.check == Way.STRAIGHT
    assert (straight.next or "").startswith("look at the machine's own firewall")
    assert "another network" not in (straight.next or "")


def test_one_node_that_does_not_answer_is_not_all_of_them() -> None:
    found = replace(tried(WELL), refusals=[RefusedError(502, "GET /x: 502", Stage.API)])
    (warning,) = [one for one in judged(found, STACK) if one.result is Result.WARNING]
    assert "one of the load balancer's nodes doesn't answer" in warning.said
