#!/usr/bin/env bash
# Installs Docker and Docker Compose where they aren't there yet.
# Source: on-premises page, "Prerequisites".
#
# Reads INSTALL, true or false, as a line NAME=value on stdin.
set -euo pipefail
# shellcheck source=machine/apt.sh
. machine/apt.sh

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done

if docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then
  echo "Docker and Docker Compose are there."
  exit 0
fi
if [[ ${INSTALL:?} != true ]]; then
  echo "Docker or Docker Compose is missing on this machine, or doesn't answer." >&2
  echo "Install it there, or: pulumi config set installDocker true. Then: pulumi up" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "Docker is missing, and this machine has no apt-get to install it with." >&2
  echo "Install Docker and Docker Compose by hand, then run pulumi up again." >&2
  exit 1
fi
echo "Installing Docker and Docker Compose."
apt_get update
apt_install curl docker.io docker-compose-v2
docker compose version
