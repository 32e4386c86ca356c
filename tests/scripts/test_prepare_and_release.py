"""A host is left as it was found: nothing goes that was there before, or that somebody may miss."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from components.remote import text_of
from lab.directory import PROJECT
from tests.scripts.existing_host import FOUND, ExistingHost, existing_host

NODE = {"FOLDER": "/opt/openvidu", "COMMAND": "openvidu"}
BASE = {"FOLDER": "/opt/ov-enterprise-base-services", "COMMAND": "base-services"}
PROXY = "sha256:1 openvidu/openvidu-proxy:2.30.0"
COMPOSE = "services:\n  proxy:\n    image: openvidu/openvidu-proxy:2.30.0\n"
PACKAGES = ("docker.io 28", "docker-compose-v2 2.24.6")


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    return existing_host(tmp_path)


def with_docker(host: ExistingHost) -> None:
    host.knows("installed", *PACKAGES)
    host.path("/bin/docker").symlink_to("docker-stand-in")


def prepare(host: ExistingHost, product: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return host.run("prepare-host.sh", FOLDER=product["FOLDER"])


def install(host: ExistingHost, product: dict[str, str]) -> None:
    """What OpenVidu's install script puts there."""
    host.has(f"{product['FOLDER']}/docker-compose.yml", COMPOSE)
    host.has(f"{product['FOLDER']}/.env", "OPENVIDU_SECRET=secret\n")


def release(host: ExistingHost, product: dict[str, str]) -> str:
    done = host.run("release-host.sh", **product)
    assert done.returncode == 0, done.stderr
    return done.stdout


def left(host: ExistingHost) -> list[str]:
    """The files below /opt and /var/lib."""
    places = (host.path("/opt"), host.path("/var/lib"))
    found = (file for place in places for file in place.rglob("*") if file.is_file())
    return sorted("/" + str(file.relative_to(host.root)) for file in found)


def kept(host: ExistingHost, folder: str) -> Path:
    [place] = host.path("/opt").glob(f"{Path(folder).name}.data-*")
    return place


@pytest.mark.parametrize("folder", ["/opt/openvidu", "/var/lib/openvidu-membership"])
def test_a_folder_of_the_owners_is_refused_before_anything_changes(
    host: ExistingHost, folder: str
) -> None:
    recording = f"{folder}/recordings/ses1/ses1.mp4"
    host.has(recording, "video")
    done = prepare(host, NODE)
    assert done.returncode == 1
    assert f"{folder} is on this host already, and this stack didn't make it" in done.stderr
    assert f"sudo mv {folder} {folder}.before" in done.stderr
    assert left(host) == [recording]
    assert release(host, NODE) == "This host is as it was found.\n"
    assert left(host) == [recording]


def test_a_node_goes_without_a_trace(host: ExistingHost) -> None:
    assert prepare(host, NODE).returncode == 0
    install(host, NODE)
    assert prepare(host, NODE).returncode == 0
    host.has("/opt/openvidu/recordings/.recording.ses1", "{}")
    host.has("/opt/openvidu.incomplete-20261129T120000/docker-compose.yml", COMPOSE)
    host.has("/opt/openvidu.installing")
    assert release(host, NODE).endswith("the host is as it was found.\n")
    assert left(host) == []
    assert not host.path("/opt/openvidu").exists()


@pytest.mark.parametrize(
    "place", ["recordings", "mncontroller/recordings", "custom-layout", "mine/videos"]
)
def test_what_is_recorded_and_not_in_the_bucket_stays(host: ExistingHost, place: str) -> None:
    prepare(host, NODE)
    install(host, NODE)
    host.has("/opt/openvidu/.env", "OPENVIDU_RECORDING_PATH=/opt/openvidu/mine/videos\n")
    host.has(f"/opt/openvidu/{place}/ses1/ses1.mp4", "video")
    said = release(host, NODE)
    place_kept = kept(host, "/opt/openvidu")
    assert (place_kept / place / "ses1" / "ses1.mp4").read_text() == "video"
    assert f"What it stored is in /opt/{place_kept.name}. Delete it when" in said
    assert not (place_kept / ".env").exists()


def test_the_data_of_a_base_stays_and_what_docker_made_goes(host: ExistingHost) -> None:
    prepare(host, BASE)
    install(host, BASE)
    host.has(f"{BASE['FOLDER']}/minio-s3/bucket/object", "data")
    host.path(f"{BASE['FOLDER']}/elasticsearch").mkdir()
    host.path("/opt/openvidu/custom-layout").mkdir(parents=True)
    release(host, BASE)
    assert (kept(host, BASE["FOLDER"]) / "minio-s3/bucket/object").read_text() == "data"
    assert (kept(host, BASE["FOLDER"]) / "elasticsearch").is_dir()
    assert not host.path("/opt/openvidu").exists()
    assert prepare(host, NODE).returncode == 0


def test_a_custom_layout_of_the_owners_stays(host: ExistingHost) -> None:
    host.has("/opt/openvidu/custom-layout/index.html", "mine")
    prepare(host, BASE)
    install(host, BASE)
    release(host, BASE)
    assert left(host) == ["/opt/openvidu/custom-layout/index.html"]


def test_a_host_prepared_by_an_earlier_version_loses_nothing(host: ExistingHost) -> None:
    """Its note doesn't say whether the folder was there before."""
    host.has(f"{FOUND}/docker")
    host.has("/opt/openvidu/recordings/ses1/ses1.mp4", "video")
    host.has("/opt/openvidu/docker-compose.yml", COMPOSE)
    assert prepare(host, NODE).returncode == 0
    said = release(host, NODE)
    place = kept(host, "/opt/openvidu")
    assert (place / "recordings/ses1/ses1.mp4").read_text() == "video"
    assert (place / "docker-compose.yml").exists()
    assert f"What it stored is in /opt/{place.name}" in said
    assert not host.path(FOUND).exists()


def test_a_host_of_the_stacks_whose_note_was_lost_loses_nothing(host: ExistingHost) -> None:
    host.has("/opt/openvidu/recordings/ses1/ses1.mp4", "video")
    again = {"FOLDER": "/opt/openvidu", "AGAIN": "yes"}
    assert host.run("prepare-host.sh", **again).returncode == 0
    assert host.run("prepare-host.sh", **again).returncode == 0
    release(host, NODE)
    assert (kept(host, "/opt/openvidu") / "recordings/ses1/ses1.mp4").read_text() == "video"


def test_a_host_of_another_stack_is_refused_and_stays_with_it(host: ExistingHost) -> None:
    first, second = {"STACK": "acme/openvidu/office"}, {"STACK": "acme/openvidu/here"}
    folder = {"FOLDER": "/opt/openvidu"}
    assert host.run("prepare-host.sh", **folder, **first).returncode == 0
    install(host, NODE)
    before = left(host)
    done = host.run("prepare-host.sh", **folder, **second)
    assert done.returncode == 1
    assert "belongs to the stack acme/openvidu/office" in done.stderr
    assert host.run("prepare-host.sh", **folder, **first).returncode == 0
    let_be = host.run("release-host.sh", **NODE, **second)
    assert let_be.returncode == 0
    assert "belongs to the stack acme/openvidu/office by now; it was left alone" in let_be.stdout
    assert left(host) == before
    assert host.run("release-host.sh", **NODE, **first).returncode == 0
    assert left(host) == []
    assert host.run("prepare-host.sh", **folder, **second).returncode == 0


@pytest.mark.parametrize("again", [{}, {"AGAIN": "yes"}])
def test_a_host_that_no_stack_has_noted_is_noted_and_a_stack_keeps_its_own(
    host: ExistingHost, again: dict[str, str]
) -> None:
    """Earlier notes name none; a stack that was renamed has its hosts already."""
    host.has(f"{FOUND}/folders", "/opt/openvidu\n")
    if again:
        host.has(f"{FOUND}/stack", "acme/openvidu/before\n")
    given = {"FOLDER": "/opt/openvidu", "STACK": "acme/openvidu/here", **again}
    assert host.run("prepare-host.sh", **given).returncode == 0
    assert host.path(f"{FOUND}/stack").read_text() == "acme/openvidu/here\n"


def test_images_that_are_not_openvidus_stay(host: ExistingHost) -> None:
    with_docker(host)
    host.knows("images", "sha256:7 redis:7.0.8-alpine")
    prepare(host, NODE)
    install(host, NODE)
    host.has("/opt/openvidu/docker-compose.yml", f"{COMPOSE}    image: redis:7.0.8-alpine\n")
    later = "sha256:9 owner/later:1"
    host.knows("images", "sha256:7 redis:7.0.8-alpine", PROXY, later)
    release(host, NODE)
    assert host.known("images") == ["sha256:7 redis:7.0.8-alpine", later]
    assert host.known("installed") == list(PACKAGES)


def test_an_image_that_a_container_uses_stays(host: ExistingHost) -> None:
    with_docker(host)
    prepare(host, NODE)
    install(host, NODE)
    host.knows("images", PROXY)
    host.knows("used", PROXY.split()[1])
    release(host, NODE)
    assert host.known("images") == [PROXY]


def came_with_docker(host: ExistingHost) -> None:
    """A host where Docker was installed for OpenVidu."""
    prepare(host, NODE)
    install(host, NODE)
    with_docker(host)
    host.has(f"{FOUND}/packages", "docker.io\ndocker-compose-v2\n")
    host.has(f"{FOUND}/held", "docker.io\n")
    host.knows("held", "containerd", "docker.io")


def test_packages_that_came_for_openvidu_go_with_it(host: ExistingHost) -> None:
    came_with_docker(host)
    release(host, NODE)
    assert host.known("installed") == []
    assert host.known("held") == ["containerd"]


@pytest.mark.parametrize(
    ("known", "lines", "told"),
    [
        ("containers", ("8f3c",), "Docker stays, as it has containers that aren't OpenVidu's"),
        ("needs-them", ("owners-tool",), "stay, as others need them (owners-tool)"),
    ],
)
def test_packages_that_are_needed_stay(
    host: ExistingHost, known: str, lines: tuple[str, ...], told: str
) -> None:
    came_with_docker(host)
    host.knows(known, *lines)
    host.knows("installed", *PACKAGES, "owners-tool 1")
    assert told in release(host, NODE)
    assert host.known("installed") == [*PACKAGES, "owners-tool 1"]


def test_what_a_nodes_stop_removes_is_known() -> None:
    program = (PROJECT / "lab/openvidu/mirror/files/node/openvidu").read_text()
    images = program.partition("MEDIA_IMAGES=(")[2].partition(")")[0].split()
    assert "docker.elastic.co/beats/metricbeat" in images
    [pattern] = re.findall(r"removed_by_stop='(.*)'", text_of("owners.sh"))
    assert [image for image in images if not re.fullmatch(pattern, image)] == []


BEATS = "aaaaaaaaaaaa|docker.elastic.co/beats/filebeat:8.15.0|logs||"
KURENTO = "cccccccccccc|kurento-media-server:7|kms||"
OPENVIDU = "dddddddddddd|openvidu/openvidu-coturn:1|coturn|openvidu|/opt/openvidu"


@pytest.mark.parametrize(
    ("container", "name"),
    [(BEATS, "logs"), ("bbbbbbbbbbbb|nginx:1|web|openvidu|/srv/openvidu", "web")],
)
def test_a_container_that_openvidu_would_take_for_its_own_is_refused(
    host: ExistingHost, container: str, name: str
) -> None:
    with_docker(host)
    host.runs(container)
    done = host.run("prepare-host.sh", FOLDER="/opt/openvidu", ROLE="node")
    assert done.returncode == 1
    assert f"take these containers on this host for its own, and remove them: {name}" in done.stderr
    assert f"sudo docker rm --force {name} (there), and: pulumi up" in done.stderr
    assert not list(host.path("/var/lib").iterdir())
    host.runs()
    assert host.run("prepare-host.sh", FOLDER="/opt/openvidu", ROLE="node").returncode == 0


@pytest.mark.parametrize(
    "container", [BEATS, "bbbbbbbbbbbb|docker.elastic.co/beats/filebeat:8|logs|site|/srv/site"]
)
def test_a_stop_that_would_remove_an_owners_container_is_not_tried(
    host: ExistingHost, container: str
) -> None:
    """Be it one that was there before, or one that came since."""
    with_docker(host)
    prepare(host, NODE)
    install(host, NODE)
    host.has("/opt/openvidu/openvidu", "#!/bin/bash\ntouch /opt/stopped\n")
    host.path("/opt/openvidu/openvidu").chmod(0o755)
    host.has(f"{FOUND}/containers", "aaaaaaaaaaaa\n")
    host.runs(container, KURENTO, OPENVIDU)
    done = host.run("release-host.sh", **NODE, ROLE="node")
    assert done.returncode == 1
    assert "stop would remove containers that aren't its own: logs (docker.elastic" in done.stderr
    assert not host.path("/opt/stopped").exists()
    host.runs(KURENTO, OPENVIDU)
    assert host.run("release-host.sh", **NODE, ROLE="node").returncode == 0
    assert host.path("/opt/stopped").exists()


ONE_CALL = '{"numberOfElements": 1, "content": [{"sessionId": "ses_1"}]}'
NO_CALL = '{"numberOfElements": 0, "content": []}'


def with_a_node(host: ExistingHost, sessions: str) -> None:
    """OpenVidu runs there as a node, and its server answers so."""
    prepare(host, NODE)
    install(host, NODE)
    host.has(
        "/opt/openvidu/.env",
        "OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=127.0.0.1\nOPENVIDU_SECRET=hidden\n",
    )
    host.has("/opt/openvidu/openvidu", "#!/bin/bash\ntouch /opt/stopped\n")
    host.path("/opt/openvidu/openvidu").chmod(0o755)
    host.knows("sessions", sessions)


@pytest.mark.parametrize(
    ("sessions", "told"),
    [
        (ONE_CALL, "OpenVidu on this host, 127.0.0.1, carries 1 call: nothing was stopped"),
        ("<html>502</html>", "doesn't say which calls it carries (<html>502</html>): nothing was"),
    ],
)
def test_a_node_that_may_carry_calls_is_not_released(
    host: ExistingHost, sessions: str, told: str
) -> None:
    """Whatever the stack's state says of it, as one that was restored."""
    with_a_node(host, sessions)
    refused = host.run("release-host.sh", **NODE, ROLE="node")
    assert refused.returncode == 1
    assert told in refused.stderr
    assert "Or cut them: cd /opt/openvidu && sudo ./openvidu stop (there)" in refused.stderr
    assert not host.path("/opt/stopped").exists()
    assert host.path("/opt/openvidu/.env").exists()
    assert "OPENVIDUAPP:hidden" in host.known("login")[0]
    assert host.known("asked") == ["http://127.0.0.1:5443/openvidu/api/sessions"]


@pytest.mark.parametrize(("sessions", "drained"), [(NO_CALL, False), (ONE_CALL, True), ("", False)])
def test_a_node_without_calls_is_released_and_one_whose_drain_is_over(
    host: ExistingHost, sessions: str, drained: bool
) -> None:
    with_a_node(host, sessions)
    if drained:
        host.has(f"{FOUND}/drained")
    if not sessions:
        # It has stopped: nothing listens there.
        (host.world / "sessions").unlink()
    assert host.run("release-host.sh", **NODE, ROLE="node").returncode == 0
    assert host.path("/opt/stopped").exists()
    assert not host.path("/opt/openvidu").exists()


def test_a_plugin_that_was_put_there_goes(host: ExistingHost) -> None:
    prepare(host, NODE)
    plugin = "/usr/local/lib/docker/cli-plugins/docker-compose"
    host.has(plugin)
    host.has(f"{FOUND}/files", f"{plugin}\n")
    release(host, NODE)
    assert not host.path(plugin).exists()


def test_docker_that_does_not_answer_is_told_before_anything_changes(host: ExistingHost) -> None:
    with_docker(host)
    host.knows("silent")
    done = prepare(host, NODE)
    assert done.returncode == 1
    assert "doesn't say which images it has: nothing was changed" in done.stderr
    assert not list(host.path("/var/lib").iterdir())


def test_an_openvidu_that_does_not_stop_stays(host: ExistingHost) -> None:
    prepare(host, NODE)
    install(host, NODE)
    host.has("/opt/openvidu/openvidu", "#!/bin/bash\nexit 1\n")
    host.path("/opt/openvidu/openvidu").chmod(0o755)
    done = host.run("release-host.sh", **NODE)
    assert done.returncode == 1
    assert "Nothing was removed" in done.stderr
    assert host.path("/opt/openvidu/.env").exists()
    host.has("/opt/openvidu/openvidu", "#!/bin/bash\n")
    release(host, NODE)
    assert left(host) == []


def test_what_is_mounted_there_is_not_emptied(host: ExistingHost) -> None:
    prepare(host, NODE)
    install(host, NODE)
    host.path("/opt/openvidu/recordings").mkdir()
    mounting = "/bin/mount -t tmpfs none /opt/openvidu/recordings\n"
    fields = "".join(f"{name}={text}\n" for name, text in NODE.items())
    done = host.shell(mounting + text_of("release-host.sh"), f"{fields}\n")
    assert done.returncode == 1
    assert "/opt/openvidu/recordings is mounted on this host" in done.stderr
    assert host.path("/opt/openvidu/.env").exists()
