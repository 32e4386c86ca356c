"""Where a name leads: as DNS says, whatever this computer's own files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.checks import dns, names

RECORDS = {"203.0.113.5", "2001:db8::5"}
GETENT = """\
case "$*" in
  *--no-addrconfig*--service=dns*)
    echo '203.0.113.5     STREAM openvidu.example.io'
    echo '2001:db8::5     STREAM' ;;
  *) echo '127.0.1.1 STREAM openvidu.example.io' ;;
esac
"""
RESOLVECTL = """\
case "$*" in
  *--synthesize=no*--type=AAAA*) echo 'openvidu.example.io IN AAAA 2001:db8::5 -- link: eth0' ;;
  *--synthesize=no*--type=A*) echo 'openvidu.example.io IN A 203.0.113.5 -- link: eth0' ;;
  *) echo 'openvidu.example.io IN A 127.0.1.1' ;;
esac
"""
DIG = """\
case "$*" in
  *AAAA*) echo 2001:db8::5 ;;
  *) echo balancer.example.com.; echo 203.0.113.5 ;;
esac
"""
PROGRAMS = {"getent": GETENT, "resolvectl": RESOLVECTL, "dig": DIG}


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer with a server of names, where no program is."""
    (tmp_path / "resolv.conf").write_text("search example.io\nnameserver 192.0.2.53\n")
    monkeypatch.setattr(dns, "RESOLV_CONF", tmp_path / "resolv.conf")
    monkeypatch.setattr(dns, "RESOLVED", tmp_path / "resolved")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def install(computer: Path, *programs: str) -> None:
    for name in programs:
        program = computer / "bin" / name
        program.write_text(f"#!/bin/sh\n{PROGRAMS[name]}")
        program.chmod(0o755)


@pytest.mark.parametrize("programs", [("getent",), ("resolvectl", "getent"), ("dig",)])
def test_dns_is_asked_for_both_kinds_and_no_file(computer: Path, programs: tuple[str, ...]) -> None:
    install(computer, *programs)
    if "resolvectl" in programs:
        (computer / "resolved").touch()
    assert dns.addresses("localhost") == RECORDS


def test_resolvectl_isnt_asked_where_its_service_doesnt_run(computer: Path) -> None:
    install(computer, "resolvectl", "getent")
    (computer / "bin" / "resolvectl").write_text("#!/bin/sh\necho 198.51.100.1\n")
    assert dns.addresses("localhost") == RECORDS


def test_without_a_server_of_names_files_are_all_there_is(computer: Path) -> None:
    install(computer, "getent")
    (computer / "resolv.conf").write_text("# none\n")
    assert "127.0.0.1" in dns.addresses("localhost")


@pytest.mark.parametrize("text", ["false", "sleep 60"])
def test_who_gives_no_answer_has_said_nothing(
    computer: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    install(computer, "getent")
    (computer / "bin" / "getent").write_text(f"#!/bin/sh\nexec /bin/{text}\n")
    monkeypatch.setattr(dns, "_SECONDS", 0.3)
    assert dns.addresses("localhost") == set()


def test_what_this_computer_alone_takes_for_a_name_is_told_apart() -> None:
    dns_says, files_say = (lambda _, one=one: {one} for one in ("203.0.113.5", "192.0.2.1"))
    (wrong,) = names.here("openvidu.example.io", dns_says, files_say)
    assert wrong.said == "leads to 192.0.2.1 here, and to 203.0.113.5 in DNS"
    assert "this computer's /etc/hosts" in str(wrong.next)
    assert names.here("openvidu.example.io", dns_says, dns_says) == []
    for nothing in ((lambda _: set(), files_say), (dns_says, lambda _: set())):
        assert names.here("openvidu.example.io", *nothing) == []


@pytest.mark.parametrize("asked", [True, False])
def test_where_no_server_is_asked_a_wrong_address_may_be_a_files(
    computer: Path, asked: bool
) -> None:
    if asked:
        install(computer, "getent")
    config = {"domainOrPublicIp": "openvidu.example.io"}
    (wrong,) = names.domain(config, {"basePublicIp": "203.0.113.9"}, lambda _: {"192.0.2.1"})
    assert ("from /etc/hosts" in str(wrong.next)) is not asked
    assert "point openvidu.example.io to 203.0.113.9 with an A record" in str(wrong.next)
