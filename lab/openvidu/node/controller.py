"""The container `media-node-controller`: starts the media containers, listens on 3000.

Source: page, port 3000; repository of OpenVidu 2.30.0, service `media-node-controller` (which
starts its containers through Docker's socket) and the script `openvidu` (whose `stop` removes
them by their images); its `.env`, KMS_IMAGE and MEDIASOUP_IMAGE.
"""

from __future__ import annotations

import os
from pathlib import Path

from lab.openvidu.docker import images
from lab.openvidu.docker.containers import Container, Spec, find
from lab.openvidu.web.server import log
from openvidu import environment, ports


def start_media() -> None:
    """Start the media server and Speech To Text, unless they are there."""
    values = environment.parse(Path(".env").read_text())
    kurento = values["OPENVIDU_ENTERPRISE_MEDIA_SERVER"] == "kurento"
    name = "KMS_IMAGE" if kurento else "MEDIASOUP_IMAGE"
    wanted = {
        # .env wins over what the compose file gives to this container.
        "media-server": values.get(name) or os.environ[name],
        "speech-to-text": os.environ["SPEECH_TO_TEXT_IMAGE"],
    }
    for name, image in wanted.items():
        found = find(name)
        if found is None:
            images.pull(image)
            found = Container.create(Spec(name, image, {}, folder="/", restart="always"))
        found.start()
        log(f"container {name} ({image}) started")


if __name__ == "__main__":
    start_media()
    # In place of this process, which has imported much that listening doesn't need.
    listening = images.listener(f"tcp:{ports.MEDIA_NODE_CONTROLLER}")
    os.execv(listening[0], listening)  # noqa: S606 - no shell is wanted
