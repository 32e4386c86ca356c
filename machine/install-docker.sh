#!/usr/bin/env bash
# Installs Docker and Docker Compose where they aren't there yet.
# Source: on-premises page, "Prerequisites". Reads nothing.
set -euo pipefail

if docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then
  echo "Docker and Docker Compose are there."
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "Docker is missing, and this machine has no apt-get to install it with." >&2
  echo "Install Docker and Docker Compose by hand, then run pulumi up again." >&2
  exit 1
fi
echo "Installing Docker and Docker Compose."
export DEBIAN_FRONTEND=noninteractive
# A machine that has just booted may be updating itself: wait for its lock.
apt-get -o DPkg::Lock::Timeout=600 update --quiet
apt-get -o DPkg::Lock::Timeout=600 install --yes --quiet curl docker.io docker-compose-v2
docker compose version
