"""What OpenVidu's optional `.env` keys take, where that can be told.

Source: documentation, "OpenVidu configuration" and "OpenVidu Call"; comments in the repository's
`.env` files; image `openvidu-proxy`, entrypoint, for HTTPS_*. What has `true` or a number in `.env`
takes no other: that is read from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from openvidu.deployment import deployment


@dataclass(frozen=True)
class Option:
    """What a key takes.

    Attributes:
        pattern: of the whole value.
        takes: the same in words.
    """

    pattern: str
    takes: str

    def fits(self, value: str) -> bool:
        """Whether it takes a value."""
        return re.fullmatch(self.pattern, value) is not None


def _one_of(*choices: str) -> Option:
    return Option("|".join(choices), "one of " + ", ".join(choices))


_SWITCH = _one_of("true", "false")
_NUMBER = Option("[0-9]+", "a whole number")
_ENABLED = _one_of("ENABLED", "DISABLED")
_TEXT = Option(".+", "a text")
_JVM = Option(r"-\S+( -\S+)*", "options of the Java VM such as -Xms4g -Xmx4g")
_IMAGE = Option(r"[a-z0-9][a-z0-9._/:@-]*", "the name of an image, with its tag")
_TLS = r"TLSv1(\.[1-3])?"

BASE: Mapping[str, Option] = {
    "HTTPS_PROTOCOLS": Option(rf"{_TLS}( {_TLS})*", "versions such as TLSv1.2 TLSv1.3"),
    "HTTPS_CIPHERS": Option("[A-Za-z0-9:+!@_-]+", "ciphers as OpenSSL lists them"),
    "HTTPS_HSTS": Option(
        "max-age=[0-9]+(; includeSubDomains)?(; preload)?",
        "max-age=SECONDS, and maybe ; includeSubDomains and ; preload",
    ),
    "REDIRECT_WWW": _SWITCH,
    "WORKER_CONNECTIONS": _NUMBER,
    "PROXY_PUBLIC_IP": Option(
        "auto-ipv4|auto-ipv6|[0-9a-f.:]+", "auto-ipv4, auto-ipv6 or an address"
    ),
    "ES_JAVA_OPTS": _JVM,
    "CALL_PRIVATE_ACCESS": _ENABLED,
    "CALL_USER": _TEXT,
    "CALL_SECRET": _TEXT,
    "CALL_ADMIN_SECRET": _TEXT,
    "CALL_RECORDING": _ENABLED,
}
"""Keys of the base that nothing else sets."""
_OTHERS: Mapping[str, Option] = {
    "OPENVIDU_PRO_SPEECH_TO_TEXT": _one_of("disabled", "azure", "aws", "vosk"),
    "OPENVIDU_PRO_SPEECH_TO_TEXT_IMAGE": _IMAGE,
    "OPENVIDU_PRO_NETWORK_QUALITY": _SWITCH,
    "OPENVIDU_PRO_NETWORK_QUALITY_INTERVAL": _NUMBER,
    "OPENVIDU_PRO_ELASTICSEARCH_MAX_DAYS_DELETE": _NUMBER,
    "OPENVIDU_PRO_DOCKER_REGISTRIES": Option(
        r'\["serveraddress=[^",]+,username=[^",]+,password=[^",]+"(,"[^"]+")*\]',
        '["serveraddress=…,username=…,password=…"]',
    ),
    "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC": _one_of(
        "MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264"
    ),
    "OPENVIDU_STREAMS_ALLOW_TRANSCODING": _SWITCH,
    "OPENVIDU_WEBRTC_SIMULCAST": _SWITCH,
    "OPENVIDU_BROWSER_LOGS": _one_of("disabled", "debug", "debug_app"),
    "JAVA_OPTIONS": _JVM,
    "KMS_IMAGE": _IMAGE,
}
"""Keys of nodes and masters that are commented out in `.env`."""
_SECRET = re.compile("SECRET|PASSWORD|AZURE_KEY|DOCKER_REGISTRIES")


def is_secret(name: str) -> bool:
    """Whether a key's value is a secret."""
    return _SECRET.search(name) is not None


def options(role: str, version: str) -> Mapping[str, Option]:
    """What keys of `.env` take, as far as that is known, by name.

    Args:
        role: `base`, `master` or `node`.
        version: of OpenVidu.
    """
    if role == "base":
        return BASE
    known = deployment(role, version)
    told = {name: _of(value) for name, value in known.template.items()}
    its = {name: option for name, option in told.items() if option}
    return {**its, **(_OTHERS if role == "node" else {**_OTHERS, **BASE})}


def _of(value: str) -> Option | None:
    if value in ("true", "false"):
        return _SWITCH
    return _NUMBER if value.isdecimal() else None
