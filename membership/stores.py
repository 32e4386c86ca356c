"""How Elasticsearch, Redis and MinIO on the base or a single master are: space, memory, blocks.

`python3 membership.pyz stores` prints it as JSON. Logins are read in the `.env` of this machine.
Nothing is written. What can't be asked has `unknown`, with the reason.

Source: Elasticsearch, "Cluster health API" and "Cluster state API"; Redis, "INFO", section memory.
MinIO's own figures take a token made with its secret key (its documentation, "Metrics and alerts"),
and are those of the file system that its one folder is on: that is looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from membership.requests import RequestError, request
from openvidu import environment as env
from openvidu import ports
from openvidu.limit import LateError, within
from openvidu.release import BASE, Product

_SECONDS = 3.0
_READ_ONLY = frozenset(("5", "6", "12", "13"))
"""Read-only blocks of indices (5, 12) and of the cluster (6, 13); 12 comes at the flood stage.
Source: Elasticsearch, IndexMetadata.java and Metadata.java, `ClusterBlock`."""
_HERE = "127.0.0.1"
_OFF = "false"


def main(product: Product) -> int:
    """Print how the services of a product are, as far as they have something to fill up.

    Args:
        product: what is installed here.

    Returns:
        the exit status.
    """
    folder = Path(product.folder)
    values = env.parse((folder / ".env").read_text())
    print(json.dumps(look(values, folder, product)))  # noqa: T201 - its result
    return 0


def look(values: Mapping[str, str], folder: Path, product: Product) -> dict[str, dict[str, Any]]:
    """Look at each service: what is known of it, or why it's unknown.

    Args:
        values: the `.env` here.
        folder: where the product is installed.
        product: what is installed.
    """
    looks: dict[str, Callable[[], dict[str, Any]]] = {}
    if values.get("OPENVIDU_PRO_ELASTICSEARCH") != _OFF:
        looks["elasticsearch"] = lambda: elasticsearch(values)
    if product is BASE:
        looks["redis"] = lambda: redis_memory(values)
        looks["minio"] = lambda: space(folder / "minio-s3")
    with ThreadPoolExecutor(len(looks) or 1) as pool:
        asked = {name: pool.submit(one) for name, one in looks.items()}
        return {name: one.result() for name, one in asked.items()}


def elasticsearch(values: Mapping[str, str]) -> dict[str, Any]:
    """Its cluster's health, and which indices are read-only; `_all` for the whole cluster."""
    url = values.get(env.ELASTICSEARCH_HOST) or f"http://{_HERE}:{ports.ELASTICSEARCH}"
    login = (values.get(env.ELASTICSEARCH_USERNAME, ""), values.get(env.ELASTICSEARCH_PASSWORD, ""))
    try:
        status = _told(url, "/_cluster/health", login)["status"]
        blocks = _told(url, "/_cluster/state/blocks", login)["blocks"]
        blocked = [
            name for name, one in (blocks.get("indices") or {}).items() if _READ_ONLY & one.keys()
        ]
        if _READ_ONLY & (blocks.get("global") or {}).keys():
            blocked.append("_all")
    except RequestError as error:
        return {"unknown": str(error)}
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return {"unknown": "its answer isn't its state"}
    return {"status": str(status), "readOnly": sorted(blocked)}


def _told(url: str, path: str, login: tuple[str, str]) -> Any:
    answer = request("GET", url.rstrip("/") + path, seconds=_SECONDS, login=login)
    if answer.status_code != httpx.codes.OK:
        raise RequestError(f"it answers {answer.status_code} to {path}")
    return answer.json()


def redis_memory(values: Mapping[str, str]) -> dict[str, Any]:
    """Bytes in use, the limit (0 for none), and what happens at it."""
    # Slow to import, and only this needs it.
    import redis  # noqa: PLC0415

    database = redis.Redis(
        host=_HERE,
        port=int(values.get(env.REDIS_PORT) or ports.REDIS),
        password=values.get(env.REDIS_PASSWORD) or None,
        socket_connect_timeout=_SECONDS,
        socket_timeout=_SECONDS,
        decode_responses=True,
    )
    try:
        told: Mapping[str, Any] = within(_SECONDS, lambda: database.info("memory"))
        return {
            "used": int(told["used_memory"]),
            "limit": int(told["maxmemory"]),
            "policy": str(told["maxmemory_policy"]),
        }
    except (redis.RedisError, LateError) as error:
        return {"unknown": str(error)}
    except (KeyError, ValueError, TypeError):
        return {"unknown": "its answer isn't its memory"}


def space(folder: Path) -> dict[str, Any]:
    """Bytes that are free where a folder is, and percent in use, as `df` counts them."""
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return {"unknown": f"{folder}: {error.strerror}"}
    used = found.f_blocks - found.f_bfree
    whole = used + found.f_bavail
    if not whole:
        return {"unknown": f"{folder} is on a file system that doesn't report its size"}
    return {"free": found.f_bavail * found.f_frsize, "percent": -(-100 * used // whole)}
