#!/usr/bin/env bash
# Notes how a host was found, before anything is changed there: machine/release-host.sh brings it back
# to that. What was noted before stays. Reads nothing.
set -euo pipefail
found=/var/lib/openvidu-host-as-found

[[ ! -d $found ]] || exit 0
new=$(mktemp -d "$found.XXXXXX")
if command -v docker >/dev/null; then
  touch "$new/docker"
  docker images --quiet --no-trunc | sort -u >"$new/images"
fi
if docker compose version >/dev/null 2>&1; then
  touch "$new/compose"
fi
if python3 -c 'import boto3, httpx, redis' 2>/dev/null; then
  touch "$new/python"
fi
sync "$new"
mv -T "$new" "$found"
echo "Noted how this host was found, in $found."
