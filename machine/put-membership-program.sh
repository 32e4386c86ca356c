#!/usr/bin/env bash
# Puts the program on the base that moves nodes into and out of the load balancer, and the service
# that keeps the load balancer at its list after a reboot.
#
# Reads KEEP as a line NAME=value on stdin, an empty line, then the program as base64: a zip file that
# python3 runs. Written beside the old one and moved over it; a drain that runs keeps what it has
# loaded. KEEP=false does without the service: a single master has no list. OWN_WAY=true for a machine without
# Docker, to which nothing else has told the proxy that it downloads by: PROXY and STRAIGHT.
set -euo pipefail
# shellcheck source=machine/apt.sh
. machine/apt.sh
# shellcheck source=machine/put-way-out.sh
. machine/put-way-out.sh
folder=/opt/openvidu-membership

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${KEEP:?}"
[[ -z ${OWN_WAY:-} ]] || note_proxy

if ! python3 -I -c 'import boto3, httpx, redis' 2>/dev/null; then
  apt_get update
  apt_install python3-boto3 python3-httpx python3-redis
fi
install -d -m 755 "$folder"
new=$(mktemp "$folder/.new.XXXXXX")
trap 'rm -f "$new"' EXIT
base64 --decode >"$new"
chmod 644 "$new"
python3 -I "$new" --help >/dev/null
sync "$new"
mv -f "$new" "$folder/membership.pyz"
echo "Membership program written to $folder."
[[ $KEEP == true ]] || exit 0

unit=openvidu-load-balancer.service
cat >"/etc/systemd/system/$unit" <<UNIT
[Unit]
Description=Keeps OpenVidu's load balancer at the nodes listed in .env
After=docker.service
Wants=docker.service

[Service]
Environment=LC_ALL=C
ExecStart=/usr/bin/python3 -I $folder/membership.pyz keep
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --quiet "$unit"
systemctl restart "$unit"
