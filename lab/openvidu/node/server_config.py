"""What OpenVidu Server was configured with: for itself, and for GET /openvidu/api/config.

Source: the configuration reference of OpenVidu 2.30.0 for the defaults; the server's answer for
names and types; for what Pro and Enterprise add, the list in OpenVidu's own tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from lab.openvidu.docker.host import HostFile
from lab.openvidu.node.bodies import ice_server
from lab.openvidu.node.configuration import DEFAULT_EVENTS
from openvidu import environment

Json = dict[str, object]
_Defaults = Mapping[str, bool | int | str]

_ALWAYS: _Defaults = {
    "OPENVIDU_CDR": False,
    "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH": 1000,
    "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH": 300,
    "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH": 1000,
    "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH": 300,
    "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC": "MEDIA_SERVER_PREFERRED",
    "OPENVIDU_STREAMS_ALLOW_TRANSCODING": False,
    "OPENVIDU_WEBRTC_SIMULCAST": False,
    "OPENVIDU_SESSIONS_GARBAGE_INTERVAL": 900,
    "OPENVIDU_SESSIONS_GARBAGE_THRESHOLD": 3600,
    "OPENVIDU_RECORDING": False,
    "OPENVIDU_WEBHOOK": False,
}
_OF_RECORDING: _Defaults = {
    "OPENVIDU_RECORDING_VERSION": "",
    "OPENVIDU_RECORDING_PATH": "/opt/openvidu/recordings",
    "OPENVIDU_RECORDING_PUBLIC_ACCESS": False,
    "OPENVIDU_RECORDING_NOTIFICATION": "publisher_moderator",
    "OPENVIDU_RECORDING_CUSTOM_LAYOUT": "/opt/openvidu/custom-layout",
    "OPENVIDU_RECORDING_AUTOSTOP_TIMEOUT": 120,
}
_OF_PRO: _Defaults = {
    "OPENVIDU_SERVER_DEPENDENCY_VERSION": "",
    "OPENVIDU_PRO_STATS_SESSION_INTERVAL": 30,
    "OPENVIDU_PRO_STATS_SERVER_INTERVAL": 60,
    "OPENVIDU_PRO_STATS_MONITORING_INTERVAL": 5,
    "OPENVIDU_PRO_STATS_WEBRTC_INTERVAL": 0,
    "OPENVIDU_PRO_CLUSTER_ID": "",
    "OPENVIDU_PRO_CLUSTER_ENVIRONMENT": "on_premise",
    "OPENVIDU_PRO_CLUSTER_MEDIA_NODES": 0,
    "OPENVIDU_PRO_CLUSTER_PATH": "/opt/openvidu/cluster",
    "OPENVIDU_PRO_CLUSTER_RECONNECTION_TIMEOUT": 3,
    "OPENVIDU_PRO_CLUSTER_AUTOSCALING": False,
    "OPENVIDU_PRO_ELASTICSEARCH": True,
    "OPENVIDU_PRO_ELASTICSEARCH_VERSION": "",
    "OPENVIDU_PRO_ELASTICSEARCH_HOST": "",
    "OPENVIDU_PRO_KIBANA": True,
    "OPENVIDU_PRO_KIBANA_VERSION": "",
    "OPENVIDU_PRO_KIBANA_HOST": "",
    "OPENVIDU_PRO_RECORDING_STORAGE": "local",
    "OPENVIDU_PRO_NETWORK_QUALITY": False,
    "OPENVIDU_PRO_SPEECH_TO_TEXT": "disabled",
}
_IMAGE = re.compile(r"openvidu-server-pro:(\S+)")
_UNKNOWN_VERSION = "2.30.0"
_AUTOMATIC = "auto-ipv4"
"""A TURN server's address that the server finds out: the machine's public one."""


class ServerConfig:
    """A server's configuration.

    Attributes:
        version: of OpenVidu Server.
        host: where clients reach it; with the port where that isn't 443.
        secret: OPENVIDU_SECRET.
    """

    def __init__(self, values: Mapping[str, str], install: Path) -> None:
        """Read the container's environment and the `.env`; the version is that of the image."""
        self._values = values
        self._turn_secret = install / "coturn/shared-secret-key"
        compose = install / "docker-compose.yml"
        image = _IMAGE.search(compose.read_text()) if compose.exists() else None
        self.version = image[1] if image else _UNKNOWN_VERSION
        self.secret = values[environment.OPENVIDU_SECRET]
        self._domain = values.get("DOMAIN_OR_PUBLIC_IP", "")
        self._port = int(values.get("HTTPS_PORT") or 443)
        self.host = self._domain if self._port == 443 else f"{self._domain}:{self._port}"

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self._value(name, bool(_ALWAYS.get(name, False))) is True

    def text(self, name: str) -> str:
        """A word."""
        return str(self._value(name, _ALWAYS.get(name, "")))

    @property
    def media_server(self) -> str:
        """`mediasoup` or `kurento`."""
        return self._values.get("OPENVIDU_ENTERPRISE_MEDIA_SERVER") or "mediasoup"

    @property
    def turn(self) -> tuple[str, int]:
        """Host and port of the TURN server. Source: the port table, coturn on a node's 443."""
        host = self._values.get("COTURN_IP") or _AUTOMATIC
        if host == _AUTOMATIC:
            facts = HostFile.read()
            host = (facts.public_ip or facts.private_ip) if facts else self._domain
        return host, int(self._values.get("COTURN_PORT") or 443)

    @property
    def turn_secret(self) -> str:
        """What the TURN server shares with this one; see `coturn.sh`."""
        return self._turn_secret.read_text() if self._turn_secret.exists() else self.secret

    @property
    def ice_servers(self) -> list[Json]:
        """The STUN and TURN servers to tell clients of; empty where it's the node's own.

        Source: configuration reference, OPENVIDU_WEBRTC_ICE_SERVERS.
        """
        given = self._items(environment.ICE_SERVERS, "[]")
        told = (dict(fact.split("=", 1) for fact in one.split(",")) for one in given)
        return [ice_server(one) for one in told]

    def describe(self) -> Json:
        """The body of GET /openvidu/api/config."""
        shown: Json = {
            "VERSION": self.version,
            "DOMAIN_OR_PUBLIC_IP": self._domain,
            "HTTPS_PORT": self._port,
            "OPENVIDU_EDITION": self._values.get("OPENVIDU_EDITION") or "enterprise",
            "OPENVIDU_PUBLICURL": f"https://{self.host}",
            **self._typed(_ALWAYS),
            "KMS_URIS": json.loads(self._values.get("KMS_URIS") or "[]"),
            **self._typed(_OF_PRO),
        }
        if shown["OPENVIDU_CDR"]:
            shown["OPENVIDU_CDR_PATH"] = self._value("OPENVIDU_CDR_PATH", "/opt/openvidu/cdr")
        if shown["OPENVIDU_RECORDING"]:
            shown |= self._typed(_OF_RECORDING)
        if shown["OPENVIDU_WEBHOOK"]:
            shown["OPENVIDU_WEBHOOK_ENDPOINT"] = self.text("OPENVIDU_WEBHOOK_ENDPOINT")
            shown["OPENVIDU_WEBHOOK_HEADERS"] = self._items("OPENVIDU_WEBHOOK_HEADERS", "[]")
            shown["OPENVIDU_WEBHOOK_EVENTS"] = self._items(
                "OPENVIDU_WEBHOOK_EVENTS", DEFAULT_EVENTS
            )
        return shown

    def _typed(self, defaults: _Defaults) -> Json:
        return {name: self._value(name, default) for name, default in defaults.items()}

    def _value(self, name: str, default: bool | int | str) -> bool | int | str:
        given = self._values.get(name, "")
        if not given:
            return default
        if isinstance(default, bool):
            return given.lower() == "true"
        return int(given) if isinstance(default, int) else given

    def _items(self, name: str, default: str) -> list[str]:
        return list(environment.items(self._values.get(name) or default))
