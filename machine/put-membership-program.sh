#!/usr/bin/env bash
# Puts the program on the base that moves nodes into and out of the load balancer.
#
# Reads the program as base64 on stdin: a zip file that python3 runs. Written beside the old one
# and moved over it; a drain that runs keeps what it has loaded.
set -euo pipefail
folder=/opt/openvidu-membership

if ! python3 -c 'import httpx, redis' 2>/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=600 update --quiet
  apt-get -o DPkg::Lock::Timeout=600 install --yes --quiet python3-httpx python3-redis
fi
install -d -m 755 "$folder"
new=$(mktemp "$folder/.new.XXXXXX")
trap 'rm -f "$new"' EXIT
base64 --decode >"$new"
chmod 644 "$new"
python3 "$new" --help >/dev/null
sync "$new"
mv -f "$new" "$folder/membership.pyz"
echo "Membership program written to $folder."
