#!/usr/bin/env bash
# Stops OpenVidu on a host and leaves the host as machine/prepare-host.sh found it. The data of base
# services or a master stays, in a folder beside.
#
# Reads FOLDER and COMMAND as lines NAME=value on stdin.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}" "${COMMAND:?}"
found=/var/lib/openvidu-host-as-found

[[ -d $found ]] || {
  echo "This host is as it was found."
  exit 0
}

unit=openvidu-load-balancer.service
if [[ -e /etc/systemd/system/$unit ]]; then
  systemctl disable --quiet "$unit" || true
  systemctl stop "$unit" || true
  rm -f "/etc/systemd/system/$unit"
  systemctl daemon-reload
fi
if [[ -x $FOLDER/$COMMAND ]]; then
  cd "$FOLDER"
  "./$COMMAND" stop </dev/null
  cd /
fi
kept=
if [[ -d $FOLDER/minio-s3 || -d $FOLDER/elasticsearch ]]; then
  kept=$FOLDER.data-$(date +%Y%m%dT%H%M%S)
  install -d -m 700 "$kept"
  for data in minio-s3 elasticsearch recordings certificates owncert; do
    [[ ! -e $FOLDER/$data ]] || mv "$FOLDER/$data" "$kept/"
  done
fi
own=()
# Only base services and a master have got these, for the membership program.
[[ -e $found/python || ! -d /opt/openvidu-membership ]] ||
  own+=(python3-boto3 python3-httpx python3-redis)
rm -rf "$FOLDER" "$FOLDER".incomplete-* /opt/openvidu-membership /var/lib/openvidu-membership

if command -v docker >/dev/null; then
  touch "$found/images"
  images=$(docker images --quiet --no-trunc | sort -u | comm -13 "$found/images" -)
  # One that something else has begun to use stays.
  [[ -z $images ]] || xargs docker rmi --force <<<"$images" >/dev/null 2>&1 || true
fi
[[ -e $found/docker ]] || own+=(docker.io)
[[ -e $found/compose ]] || own+=(docker-compose-v2)
if ((${#own[@]})) && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=600 remove --yes --quiet "${own[@]}"
fi
rm -rf "$found"
echo "OpenVidu is gone from this host; the host is as it was found."
[[ -z $kept ]] || echo "Its data is in $kept. Delete it when nobody needs it."
