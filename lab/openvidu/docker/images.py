"""Which images there are, and what runs in place of each.

Source of the names: repository of OpenVidu, `enterprise-ha/docker-compose`.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from lab.openvidu import faults
from lab.openvidu.docker.errors import PullError, UnknownImageError
from lab.openvidu.docker.host import has_room, pull_seconds, registry_is_reachable
from openvidu.downloads import DOCKER_HUB

PROJECT = Path(__file__).resolve().parents[3]
STATE = Path("/var/lib/docker-standin")
PULLED = STATE / "images"
"""Names the images that take space, one a line."""
_IMPORTED = STATE / "imported"
_IDENTITIES = STATE / "identities"
"""Lines of a name and what it leads to, the last counts: a name without an id leads nowhere."""


def _module(name: str, *arguments: str) -> list[str]:
    # -P: the working directory is an install folder, not a place to import from.
    return [sys.executable, "-P", "-m", f"lab.openvidu.{name}", *arguments]


def listener(*addresses: str) -> list[str]:
    """A process that listens on addresses such as `tcp:443`."""
    script = PROJECT / "lab/openvidu/node/listener.py"
    return [sys.executable, "-I", "-S", str(script), *addresses]


_MAKE_BUCKET = """\
until (exec 3<>/dev/tcp/127.0.0.1/9000) 2>/dev/null; do
  echo 'mc: <ERROR> Unable to initialize new alias: dial tcp: connect: connection refused.'
  [[ -n $S3_WAITS ]] || exit 0
  sleep 0.5
done
exec "$0" "$@"
"""
_MEDIA = ("tcp:40000", "udp:40000", "tcp:65535", "udp:65535")

_ENTRYPOINTS: Mapping[str, list[str]] = {
    "openvidu/openvidu-proxy": _module("base.proxy"),
    "openvidu/openvidu-call": _module("base.call"),
    "minio/minio": _module("s3"),
    # As the original, it's there before MinIO: its first version doesn't wait.
    "minio/mc": ["/bin/bash", "-c", _MAKE_BUCKET, *_module("s3.make_bucket")],
    "redis": ["/bin/sh", str(PROJECT / "lab/openvidu/base/redis.sh")],
    "openvidu/openvidu-elasticsearch": _module("base.elasticsearch"),
    "docker.elastic.co/elasticsearch/elasticsearch": _module("base.elasticsearch"),
    "docker.elastic.co/kibana/kibana": _module("base.kibana"),
    "openvidu/openvidu-server-pro": _module("node.server"),
    "openvidu/replication-manager-on-prem": _module("node.manager"),
    "openvidu/openvidu-coturn": ["/bin/sh", str(PROJECT / "lab/openvidu/node/coturn.sh")],
    "openvidu/media-node-controller": _module("node.controller"),
    "openvidu/mediasoup-controller": listener(*_MEDIA),
    "kurento/kurento-media-server": listener(*_MEDIA),
    "openvidu/speech-to-text-service": listener("tcp:4000"),
    "docker.elastic.co/beats/filebeat-oss": ["sleep", "infinity"],
    "docker.elastic.co/beats/metricbeat-oss": ["sleep", "infinity"],
}

_OWN_MEDIA = "kms"
"""Last part of the name that a media server of one's own has: `KMS_IMAGE` of `.env`."""

_NEVER_RUN = frozenset({"openvidu/openvidu-recording"})
"""Images that a node pulls and the lab never runs."""

_NGINX = f"""\
if [ -e {faults.FOLDER}/reload ]; then
  echo 'nginx: [emerg] unknown directive "lab-fault"' >&2
  exit 1
fi
exec nginx -c "$CONTAINER_FILES/nginx.conf" -e "$CONTAINER_FILES/error.log" "$@"
"""
_COMMANDS: Mapping[str, Mapping[str, list[str]]] = {
    "openvidu/openvidu-proxy": {
        "update_enterprise_ha_nodes.sh": _module("base.proxy", "update"),
        "nginx": ["/bin/sh", "-c", _NGINX, "nginx"],
    },
}
"""Commands of an image that aren't, or aren't the same, on the host."""


def repository(image: str) -> str:
    """The name of an image without its tag."""
    name, colon, tag = image.rpartition(":")
    return name if colon and "/" not in tag else image


def _known_as(image: str) -> str:
    """The repository of what runs in place of an image."""
    name = repository(image)
    is_own = name.rpartition("/")[2] == _OWN_MEDIA
    return "kurento/kurento-media-server" if is_own else name


def entrypoint(image: str) -> list[str]:
    """What runs in place of an image; nothing for an imported one, which gets its command.

    Raises:
        UnknownImageError: the lab has nothing for it.
    """
    if image in _lines(_IMPORTED):
        return []
    try:
        return _ENTRYPOINTS[_known_as(image)]
    except KeyError as error:
        raise UnknownImageError(image) from error


def command(image: str, argv: Sequence[str]) -> list[str]:
    """What to run on the host for a command in a container."""
    known = _COMMANDS.get(repository(image), {})
    return [*known.get(argv[0], argv[:1]), *argv[1:]]


def pulled() -> list[str]:
    """The images that are on this host."""
    return _lines(PULLED) + _lines(_IMPORTED)


def take_in(image: str) -> None:
    """Have an image whose commands are the machine's own: its files are nothing to the lab."""
    _add(image, _IMPORTED)


def identity(image: str) -> str:
    """What a name leads to right now; empty where it leads nowhere."""
    found = [line.partition(" ")[2] for line in _lines(_IDENTITIES) if line.split()[0] == image]
    return found[-1] if found else ""


def remove(image: str) -> None:
    """Forget an image.

    Raises:
        UnknownImageError: it isn't on this host.
    """
    if image not in pulled():
        raise UnknownImageError(image)
    for place in (PULLED, _IMPORTED):
        left = [other for other in _lines(place) if other != image]
        place.write_text("".join(f"{other}\n" for other in left))
    _note(_IDENTITIES, image)


def prune(used: Collection[str]) -> Sequence[str]:
    """Forget all images but those that containers were made from; returns which."""
    gone = [image for image in pulled() if image not in used]
    for image in gone:
        remove(image)
    return gone


def pull(image: str) -> bool:
    """Get an image, in the time that it takes; `False` where it was here already.

    Raises:
        PullError: it doesn't exist, the registry can't be reached, there's no room for it, or the
            fault `pull` is set.
    """
    if not image or any(character in image for character in " <>$"):
        raise PullError("invalid reference format")
    fault = faults.look("pull")
    if fault and fault.option("image", "") in image:
        faults.strike("pull")
        raise PullError(
            f"Error response from daemon: Get {DOCKER_HUB}{image}: net/http: TLS handshake timeout"
        )
    if image in pulled():
        return False
    if not registry_is_reachable():
        raise PullError(
            f"Error response from daemon: Get {DOCKER_HUB}: "
            "net/http: request canceled while waiting for connection"
        )
    if _known_as(image) not in _ENTRYPOINTS and repository(image) not in _NEVER_RUN:
        raise PullError(
            f"Error response from daemon: pull access denied for {repository(image)}, "
            "repository does not exist or may require 'docker login'"
        )
    if not has_room(len(_lines(PULLED)) + 1):
        # Source of the first words: moby, distribution/xfer/download.go.
        raise PullError(
            "failed to register layer: write /usr/lib/x86_64-linux-gnu/libcrypto.so.3: "
            "no space left on device"
        )
    time.sleep(pull_seconds())
    _add(image, PULLED)
    return True


def _lines(place: Path) -> list[str]:
    return place.read_text().splitlines() if place.exists() else []


def _add(image: str, place: Path) -> None:
    if image not in _lines(place):
        _note(place, image)
    _note(_IDENTITIES, f"{image} {secrets.token_hex(32)}")


def _note(place: Path, line: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as file:
        file.write(f"{line}\n")
