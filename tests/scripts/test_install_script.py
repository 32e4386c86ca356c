"""An install that was cut is made whole; an upgrade that was cut is taken back and done again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from components.remote import fields, text_of

OLD, NEW = "2.29.0", "2.30.0"
FILES = {
    "docker-compose.yml": "# Openvidu Version: {}\nservices:\n",
    "docker-compose.override.yml": "# {}\nservices:\n",
    "openvidu": "#!/bin/bash\n# {}\n",
    "cluster/aws/openvidu_drop.sh": "#!/bin/bash\n# {}\n",
    "beats/filebeat.yml": "# {}\nfilebeat.inputs:\n",
}
"""What is downloaded of a master's, with the version."""
OWN = ("minio-s3/data", "custom-nginx-vhosts/site.conf", "coturn/secret")
"""What is an owner's, or its services'."""
NOT_FOUND = "404: Not Found"
CURL = """\
#!/bin/bash
if [[ $* == */openvidu/api/sessions ]]; then
  echo "$*" >>"$(dirname "$0")/../asked-for-calls"
  # Nothing listens, unless a test has it answer.
  cat "$(dirname "$0")/../sessions" 2>/dev/null || exit 7
  exit 0
fi
echo "$*" >>"$(dirname "$0")/../asked"
while [[ $1 != --output ]]; do shift; done
cp "$(dirname "$0")/../install.sh" "$2"
"""
DOCKER = """\
#!/bin/bash
[[ "$*" != "pull b" || ! -e $(dirname "$0")/../not-to-be-had ]] || exit 1
echo 2.29.7
"""
CUT = """\
#!/bin/bash
# Does it, and kills who called it after as many calls as CUT says.
here=$(dirname "$0")/..
/bin/{name} "$@" || exit
echo >>"$here/moves"
[[ $(wc -l <"$here/moves") != "${{CUT:-}}" ]] || kill -9 $PPID
"""
INSTALL = """\
#!/bin/bash
# 2.30.0, as OpenVidu's own: it stops at folders that are there already, and takes any download.
step() {
  "$@" || exit 1
  echo >>"$STEPS"
  [[ $(wc -l <"$STEPS") != "${CUT_STEP:-}" ]] || kill -9 $$
}
download() { cp "$FROM/${1##*/}" "$2"; }
make_executable() { chmod +x "$@"; }
override=docker-compose.override.yml
[[ -z ${OTHER_APP:-} ]] || override=
aside=.old-2.29.0
if [[ $1 == upgrade ]]; then
  step mkdir $aside
  step mkdir tmp
  for file in openvidu_drop.sh filebeat.yml dotenv docker-compose.{override.,}yml openvidu; do
    step download $file tmp/$file
  done
  for file in docker-compose.yml $override openvidu cluster/aws beats; do
    step mv $file $aside
  done
  step cp .env $aside
  for file in custom-nginx-vhosts coturn; do
    step mv $file $aside
  done
  for file in docker-compose.yml $override openvidu; do
    step mv tmp/$file .
  done
  [[ -n $override ]] || step mv tmp/docker-compose.override.yml docker-compose.override.yml-v2.30.0
  step mv tmp/dotenv .env-v2.30.0
  step mkdir cluster/aws
  step mkdir beats
  step mv tmp/openvidu_drop.sh cluster/aws
  step mv tmp/filebeat.yml beats
  step rm -rf tmp
  step make_executable openvidu
  step mkdir -p recordings
  step make_executable cluster/aws/openvidu_drop.sh
else
  step mkdir openvidu
  step cd openvidu
  step mkdir -p cluster/aws beats minio-s3
  step download openvidu_drop.sh cluster/aws
  step download filebeat.yml beats
  step download dotenv .env
  step download docker-compose.override.yml .
  step download docker-compose.yml .
  step download openvidu .
  step make_executable openvidu
  step docker pull a
  step docker pull b
fi
"""
UPGRADE_STEPS = 28
INSTALL_STEPS = 12
ROLLBACK_MOVES = 17


@dataclass(frozen=True)
class Machine:
    """A machine with OpenVidu in one folder."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "openvidu"

    def has(self, version: str) -> None:
        """Put a version's files there."""
        for name, text in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(version))
            path.chmod(0o755)

    def offers(self, **files: str) -> None:
        """What the install script downloads: right files, but for those given."""
        texts = {Path(name).name: text.format(NEW) for name, text in FILES.items()}
        for name, text in {**texts, "dotenv": "# 2.30.0\nA=1\n", **files}.items():
            (self.root / "offered" / name).write_text(text)

    def install(
        self,
        version: str,
        variables: dict[str, str] | None = None,
        limit: str = "3600",
        **values: str,
    ) -> subprocess.CompletedProcess[str]:
        script = text_of("install-openvidu.sh")
        given = {"URL": "https://x", "VERSION": version, "FOLDER": str(self.folder)}
        return subprocess.run(
            ["/bin/bash", "-c", script.replace("=3600", f"={limit}")],
            input=fields({**given, "COMMAND": "openvidu", **values}),
            env={
                "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
                "STEPS": str(self.root / "steps"),
                "FROM": str(self.root / "offered"),
                **(variables or {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def requires(self, version: str) -> None:
        """That version, whole, and what was there before."""
        for name, text in FILES.items():
            assert (self.folder / name).read_text() == text.format(version), name
        assert os.access(self.folder / "openvidu", os.X_OK)
        assert (self.folder / ".env").read_text() == "SECRET=kept\n"
        assert not (self.folder / "tmp").exists()
        # The upgrade puts these aside with the old files.
        moved = self.folder / ".old-2.29.0" if version == NEW else self.folder
        for name in OWN:
            place = self.folder if name.startswith("minio") else moved
            assert (place / name).read_text() == "kept", name


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with 2.29.0."""
    made = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "offered").mkdir()
    (tmp_path / "install.sh").write_text(INSTALL)
    commands = {"curl": CURL, "docker": DOCKER}
    for name in ("mv", "rm"):
        commands[name] = CUT.format(name=name)
    for name, text in commands.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    made.has(OLD)
    made.offers()
    (made.folder / ".env").write_text("SECRET=kept\n")
    for name in OWN:
        (made.folder / name).parent.mkdir()
        (made.folder / name).write_text("kept")
    return made


def test_an_upgrade_keeps_what_is_not_a_programs(machine: Machine) -> None:
    assert machine.install(NEW).returncode == 0
    assert len((machine.root / "steps").read_text()) == UPGRADE_STEPS
    machine.requires(NEW)
    assert "is installed" in machine.install(NEW).stdout


def test_a_rollback_brings_the_old_files_back(machine: Machine) -> None:
    machine.install(NEW)
    (machine.root / "moves").unlink()
    done = machine.install(OLD)
    assert len((machine.root / "moves").read_text()) == ROLLBACK_MOVES + 1
    assert "Bringing back 2.29.0, from which 2.30.0 was upgraded" in done.stdout
    machine.requires(OLD)
    machine.install(NEW)
    machine.requires(NEW)


ONE_CALL = '{"numberOfElements": 1, "content": [{"sessionId": "ses_1"}]}'


@pytest.mark.parametrize(("wanted", "there"), [(NEW, OLD), (OLD, NEW)])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ONE_CALL, "carries 1 call"),
        ("<html>502</html>", "doesn't say which calls it carries (<html>502</html>)"),
    ],
)
def test_what_carries_calls_is_neither_upgraded_nor_rolled_back(
    machine: Machine, wanted: str, there: str, answer: str, told: str
) -> None:
    """Whoever waited for them before has found none."""
    if there == NEW:
        machine.install(NEW)
    (machine.root / "sessions").write_text(answer)
    refused = machine.install(wanted)
    assert refused.returncode == 1
    assert f"OpenVidu {there} in {machine.folder} {told}" in refused.stderr
    assert refused.stderr.endswith("It gets it once its calls have ended: pulumi up\n")
    machine.requires(there)
    assert not (machine.folder / ".moving-from").exists()
    # What has that version stays as it is, and isn't asked.
    (machine.root / "asked-for-calls").unlink()
    assert machine.install(there).returncode == 0
    assert not (machine.root / "asked-for-calls").exists()
    # Without calls, or where the operator has chosen to cut them, it gets the other one.
    (machine.root / "sessions").write_text('{"numberOfElements": 0, "content": []}')
    assert machine.install(wanted).returncode == 0
    machine.requires(wanted)
    (machine.root / "sessions").write_text(answer)
    assert machine.install(there, DURING_CALLS="true").returncode == 0
    machine.requires(there)


@pytest.mark.parametrize("of_node", [False, True], ids=["master", "node"])
@pytest.mark.parametrize("people", [0, 1])
@pytest.mark.parametrize("first", ["numberOfElements", "content"])
def test_only_of_a_master_a_session_that_nobody_is_in_is_no_call(
    machine: Machine, first: str, people: int, *, of_node: bool
) -> None:
    if of_node:
        with (machine.folder / ".env").open("a") as env:
            env.write("OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=127.0.0.9\n")
    full: dict[str, object] = {"numberOfElements": people, "content": [{"role": "X"}] * people}
    empty: dict[str, object] = {"numberOfElements": 0, "content": []}
    sessions = [
        {"sessionId": f"ses_{number}", "connections": {key: one[key] for key in sorted(one)}}
        if first == "content"
        else {"sessionId": f"ses_{number}", "connections": one}
        for number, one in enumerate((empty, full))
    ]
    answer = {"numberOfElements": len(sessions), "content": sessions}
    (machine.root / "sessions").write_text(json.dumps(answer))
    refused = of_node or people
    assert machine.install(NEW).returncode == (1 if refused else 0)


def test_a_node_is_asked_for_its_calls_at_its_own_address(machine: Machine) -> None:
    with (machine.folder / ".env").open("a") as env:
        env.write("OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=127.0.0.9\n")
    assert machine.install(NEW).returncode == 0
    assert "http://127.0.0.9:5443/" in (machine.root / "asked-for-calls").read_text()


def test_a_rollback_keeps_what_an_owner_put_there_since(machine: Machine) -> None:
    machine.install(NEW)
    (machine.folder / "custom-nginx-vhosts").mkdir()
    (machine.folder / "custom-nginx-vhosts" / "new.conf").write_text("new")
    assert machine.install(OLD).returncode == 0
    machine.requires(OLD)
    assert (machine.folder / "custom-nginx-vhosts" / "new.conf").read_text() == "new"


@pytest.mark.parametrize("wanted", [OLD, NEW])
@pytest.mark.parametrize("step", range(1, UPGRADE_STEPS + 1))
def test_an_upgrade_that_was_cut_is_done_again_or_taken_back(
    machine: Machine, wanted: str, step: int
) -> None:
    """Cut after any of its commands."""
    cut = machine.install(NEW, {"CUT_STEP": str(step)})
    assert cut.returncode == 1
    assert "OpenVidu's upgrade failed" in cut.stderr
    done = machine.install(wanted)
    assert done.returncode == 0, done.stderr
    machine.requires(wanted)


@pytest.mark.parametrize("step", range(1, UPGRADE_STEPS - 3, 2))
def test_an_upgrade_that_somebody_else_began_is_taken_back(machine: Machine, step: int) -> None:
    """There is no note of it, and an upgrade of long ago has left its old files."""
    (machine.folder / ".old-2.28.0").mkdir()
    (machine.folder / ".old-2.28.0" / "docker-compose.yml").write_text("services:\n")
    machine.install(NEW, {"CUT_STEP": str(step)})
    (machine.folder / ".moving-from").unlink()
    done = machine.install(NEW)
    assert done.returncode == 0, done.stderr
    machine.requires(NEW)


@pytest.mark.parametrize("wanted", [OLD, NEW])
@pytest.mark.parametrize("moves", range(1, ROLLBACK_MOVES + 1))
def test_a_rollback_that_was_cut_is_carried_on(machine: Machine, wanted: str, moves: int) -> None:
    machine.install(NEW)
    (machine.root / "moves").unlink()
    assert machine.install(OLD, {"CUT": str(moves)}).returncode == -9
    done = machine.install(wanted)
    assert done.returncode == 0, done.stderr
    machine.requires(wanted)


@pytest.mark.parametrize(
    "name", ["docker-compose.yml", "docker-compose.override.yml", "filebeat.yml", "openvidu"]
)
@pytest.mark.parametrize("again", [OLD, NEW])
def test_a_download_that_failed_fails_the_upgrade(machine: Machine, name: str, again: str) -> None:
    machine.offers(**{name: NOT_FOUND})
    failed = machine.install(NEW)
    assert failed.returncode == 1
    assert "Or bring 2.29.0 back: pulumi config set openviduVersion 2.29.0" in failed.stderr
    machine.offers()
    assert machine.install(again).returncode == 0
    machine.requires(again)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("dotenv", ".env"),
        ("docker-compose.override.yml", "docker-compose.override.yml"),
        ("filebeat.yml", "beats/filebeat.yml"),
        ("openvidu_drop.sh", "cluster/aws/openvidu_drop.sh"),
    ],
)
@pytest.mark.parametrize(
    "text", [NOT_FOUND, "", '<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code></Error>']
)
def test_a_download_that_failed_is_told_and_done_again(
    machine: Machine, name: str, place: str, text: str
) -> None:
    """Also where it failed in an install of long ago."""
    machine.folder.rename(machine.root / "elsewhere")
    machine.offers(**{name: text})
    failed = machine.install(NEW)
    assert failed.returncode == 1
    assert f"these aren't the files that OpenVidu has: {place}." in failed.stderr
    assert "is installed" not in failed.stdout
    machine.offers()
    done = machine.install(NEW)
    assert done.returncode == 0, done.stderr
    assert f"getting these files again: {place}" in done.stdout
    assert (machine.folder / place).read_text() == (machine.root / "offered" / name).read_text()
    assert not list(machine.root.glob("openvidu.incomplete-*"))


@pytest.mark.parametrize(
    "text", ["", "# services:\n#   app:\n", "---\n'services': {app: {image: mine}}\n"]
)
def test_an_override_of_the_owners_stays_as_it_is(machine: Machine, text: str) -> None:
    """Compose takes all of these."""
    (machine.folder / "docker-compose.override.yml").write_text(text)
    done = machine.install(OLD)
    assert done.returncode == 0, done.stderr
    assert "again" not in done.stdout
    assert (machine.folder / "docker-compose.override.yml").read_text() == text
    assert machine.install(NEW).returncode == 0
    machine.requires(NEW)


@pytest.mark.parametrize("text", [None, "", "# services:\n", "services: {app: {image: mine}}\n"])
def test_an_override_that_an_upgrade_leaves_alone_is_its_owners(
    machine: Machine, text: str | None
) -> None:
    """A master's with another application than OpenVidu's, or with none."""
    override = machine.folder / "docker-compose.override.yml"
    override.unlink()
    if text is not None:
        override.write_text(text)
    for version in (NEW, OLD, NEW):
        done = machine.install(version, {"OTHER_APP": "true"})
        assert done.returncode == 0, done.stderr
        assert (override.read_text() if override.exists() else None) == text


def test_an_override_that_could_not_be_had_twice_is_no_owners(machine: Machine) -> None:
    (machine.folder / "docker-compose.override.yml").write_text(NOT_FOUND)
    machine.offers(**{"docker-compose.override.yml": NOT_FOUND})
    failed = machine.install(NEW)
    assert failed.returncode == 1
    assert "these aren't the files that OpenVidu has: docker-compose.override.yml" in failed.stderr


def test_files_of_another_version_repair_nothing(machine: Machine) -> None:
    (machine.folder / "beats" / "filebeat.yml").write_text(NOT_FOUND)
    failed = machine.install("latest")
    assert failed.returncode == 1
    assert "https://x installs 2.30.0, but" in failed.stderr
    assert (machine.folder / "beats" / "filebeat.yml").read_text() == NOT_FOUND


def test_a_cut_install_is_made_anew_and_keeps_data(machine: Machine) -> None:
    (machine.folder / "docker-compose.yml").unlink()
    done = machine.install(NEW)
    assert done.returncode == 0, done.stderr
    assert (machine.folder / "minio-s3" / "data").read_text() == "kept"
    assert (machine.folder / ".env").read_text() == "SECRET=kept\n"


def test_an_install_whose_images_could_not_be_pulled_is_not_done(machine: Machine) -> None:
    machine.folder.rename(machine.root / "elsewhere")
    (machine.root / "not-to-be-had").touch()
    for _ in range(2):
        failed = machine.install(NEW)
        assert failed.returncode == 1
        assert "OpenVidu's install script failed" in failed.stderr
    (machine.root / "not-to-be-had").unlink()
    done = machine.install(NEW)
    assert done.returncode == 0, done.stderr
    # With both images, and once alone.
    assert len((machine.root / "steps").read_text()) == 3 * INSTALL_STEPS - 2
    assert machine.install(NEW).stdout == f"OpenVidu 2.30.0 is installed in {machine.folder}.\n"


@pytest.mark.parametrize("step", range(1, INSTALL_STEPS + 1))
def test_an_install_that_was_cut_twice_is_made_anew_and_keeps_data(
    machine: Machine, step: int
) -> None:
    """Cut after any of its commands, where an earlier one had left data."""
    (machine.folder / "docker-compose.yml").unlink()
    for _ in range(2):
        (machine.root / "steps").unlink(missing_ok=True)
        assert machine.install(NEW, {"CUT_STEP": str(step)}).returncode == 1
    done = machine.install(NEW)
    assert done.returncode == 0, done.stderr
    assert "An earlier install was cut; moving it to" in done.stdout
    assert (machine.folder / "minio-s3" / "data").read_text() == "kept"
    assert (machine.folder / ".env").read_text() == "SECRET=kept\n"
    assert not (machine.root / "openvidu.installing").exists()


@pytest.mark.parametrize("moves", range(1, 5))
def test_an_install_that_was_cut_among_data_is_carried_on(machine: Machine, moves: int) -> None:
    (machine.folder / "docker-compose.yml").unlink()
    (machine.folder / "elasticsearch").mkdir()
    (machine.folder / "elasticsearch" / "data").write_text("kept")
    assert machine.install(NEW, {"CUT": str(moves)}).returncode == -9
    done = machine.install(NEW)
    assert done.returncode == 0, done.stderr
    for name in ("minio-s3", "elasticsearch"):
        assert (machine.folder / name / "data").read_text() == "kept"
    assert (machine.folder / ".env").read_text() == "SECRET=kept\n"


def test_another_script_than_the_first_is_not_run(machine: Machine) -> None:
    found, wanted = sha256(INSTALL.encode()).hexdigest(), "0" * 64
    failed = machine.install(NEW, SHA256=wanted, PIN="installScriptSha256.master")
    assert failed.returncode == 1
    assert failed.stderr == (
        f"https://x has the SHA-256 {found}, expected {wanted}.\n"
        "It isn't the script that was installed first, or that you have pinned; it was not run.\n"
        "Where you trust it: "
        f"pulumi config set --path installScriptSha256.master {found} && pulumi up\n"
    )
    assert not (machine.root / "steps").exists()
    done = machine.install(NEW, SHA256=found)
    assert f"\nIts SHA-256 is {found}\n" in done.stdout
    machine.requires(NEW)


def test_a_download_stays_with_https_and_ends(machine: Machine) -> None:
    machine.install(NEW)
    asked = (machine.root / "asked").read_text()
    assert "--proto =https --proto-redir =https" in asked
    assert "--max-time " in asked


def test_a_script_that_never_ends_is_stopped(machine: Machine) -> None:
    (machine.root / "install.sh").write_text("#!/bin/bash\n# 2.30.0\nsleep 600\n")
    failed = machine.install(NEW, limit="0.2")
    assert failed.returncode == 1
    assert "Stopped after 0.2 s, as it didn't end: bash" in failed.stderr


@pytest.mark.parametrize(
    ("below", "since", "status"),
    [("2.29", "5.6", 1), ("2.39", "5.6", 0), ("2.20", "2.29.7", 0), ("", "", 0)],
)
def test_a_compose_that_does_not_suit_is_refused_before_anything_changes(
    machine: Machine, below: str, since: str, status: int
) -> None:
    before = sorted(machine.folder.rglob("*"))
    done = machine.install(NEW, COMPOSE_BELOW=below, COMPOSE_FROM=since)
    assert done.returncode == status
    assert (sorted(machine.folder.rglob("*")) == before) is bool(status)
    assert (f"OpenVidu 2.30.0 takes a Docker Compose before {below}" in done.stderr) is bool(status)


def test_what_is_installed_needs_no_compose_to_stay(machine: Machine) -> None:
    assert machine.install(OLD, COMPOSE_BELOW="2.29", COMPOSE_FROM="5.6").returncode == 0
    machine.requires(OLD)


def test_only_a_first_install_waits_for_those_beside_it(machine: Machine) -> None:
    slept = machine.root / "slept"
    sleep = machine.root / "bin" / "sleep"
    sleep.write_text(f"#!/bin/bash\necho $1 >>{slept}\n")
    sleep.chmod(0o755)
    assert machine.install(OLD, WAIT_SECONDS="4").returncode == 0
    assert not slept.exists()
    shutil.rmtree(machine.folder)
    machine.offers()
    assert machine.install(NEW, WAIT_SECONDS="4").returncode == 0
    assert slept.read_text() == "4\n"
