"""Security groups as nftables text."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.cloud.firewall import Rule, render

SSH = Rule(True, "tcp", 22, 22, ("198.51.100.0/24",))


def chain(text: str, name: str) -> list[str]:
    """The rules of a chain after those that every interface has."""
    body = text.split(f"chain {name} {{")[1].split("\n  }", maxsplit=1)[0]
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    return lines[4:]


def test_without_rules_nothing_passes() -> None:
    text = render([])
    assert chain(text, "input") == []
    assert chain(text, "output") == []
    assert text.count("policy drop;") == 2


def test_answers_and_loopback_always_pass() -> None:
    text = render([])
    assert text.count("ct state established,related accept") == 2
    assert "iif lo accept" in text
    assert "oif lo accept" in text


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (SSH, "ip saddr 198.51.100.0/24 tcp dport 22 accept"),
        (
            Rule(True, "udp", 40000, 65535, ("0.0.0.0/0",)),
            "meta nfproto ipv4 udp dport 40000-65535 accept",
        ),
        (Rule(True, "tcp", 443, 443, ("::/0",)), "meta nfproto ipv6 tcp dport 443 accept"),
        (Rule(True, "6", 443, 443, ("2001:db8::/32",)), "ip6 saddr 2001:db8::/32 tcp dport 443"),
        (Rule(True, "tcp", 0, 65535, ("10.5.0.6/32",)), "ip saddr 10.5.0.6/32 meta l4proto tcp"),
        (Rule(True, "-1", None, None, ("10.5.0.0/24",)), "ip saddr 10.5.0.0/24 accept"),
        (Rule(True, "icmp", -1, -1, ("10.0.0.0/8",)), "ip saddr 10.0.0.0/8 meta l4proto icmp"),
        (Rule(True, "icmp", 8, -1, ("10.0.0.0/8",)), "ip saddr 10.0.0.0/8 icmp type 8 accept"),
        (Rule(True, "icmp", 3, 4, ("10.0.0.0/8",)), "icmp type 3 icmp code 4 accept"),
        (Rule(True, "50", None, None, ("10.0.0.0/8",)), "ip saddr 10.0.0.0/8 meta l4proto 50"),
    ],
)
def test_a_rule_is_a_line(rule: Rule, line: str) -> None:
    (found,) = chain(render([rule]), "input")
    assert line in found


def test_outbound_rules_look_at_the_destination() -> None:
    text = render([Rule(False, "tcp", 443, 443, ("198.18.0.2/32",))])
    assert chain(text, "output") == ["ip daddr 198.18.0.2/32 tcp dport 443 accept"]
    assert chain(text, "input") == []


def test_the_same_rule_of_two_groups_is_one_line() -> None:
    assert len(chain(render([SSH, SSH]), "input")) == 1


def test_order_makes_no_difference() -> None:
    other = Rule(True, "tcp", 80, 80, ("0.0.0.0/0", "::/0"))
    assert render([SSH, other]) == render([other, SSH])


def test_a_network_has_to_be_one() -> None:
    with pytest.raises(ValueError, match=r"10\.5\.0\.300"):
        render([Rule(True, "tcp", 22, 22, ("10.5.0.300/32",))])


networks = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
ports = st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(sorted)
rules = st.builds(
    lambda inbound, protocol, pair, peers: Rule(inbound, protocol, *pair, tuple(peers)),
    st.booleans(),
    st.sampled_from(["tcp", "udp", "-1"]),
    ports,
    st.lists(networks, min_size=1, max_size=3),
)


@given(st.lists(rules, max_size=5))
def test_every_network_of_a_rule_has_its_line(wanted: list[Rule]) -> None:
    text = render(wanted)
    lines = chain(text, "input") + chain(text, "output")
    assert len(lines) <= sum(len(rule.networks) for rule in wanted)
    assert all(line.endswith(" accept") for line in lines)


@pytest.mark.lab
def test_nft_takes_the_text() -> None:
    text = render(
        [
            SSH,
            Rule(True, "icmp", 8, -1, ("0.0.0.0/0",)),
            Rule(True, "icmpv6", 128, 0, ("::/0",)),
            Rule(True, "58", -1, -1, ("2001:db8::/32",)),
            Rule(True, "icmp", 3, 4, ("10.0.0.0/8",)),
            Rule(True, "50", None, None, ("10.0.0.0/8",)),
            Rule(False, "-1", None, None, ("0.0.0.0/0", "::/0")),
        ]
    )
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    assert nft
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", nft, "--file", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
