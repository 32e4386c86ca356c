#!/usr/bin/env bash
# Tells what of OpenVidu somebody installed on a host, as lines NAME=value; changes nothing. Files go as base64, as
# they may have any line.
#
# Reads STACK, whose the host may be already, as a line NAME=value on stdin.
set -euo pipefail
# shellcheck source=machine/limits.sh
. machine/limits.sh
base=/opt/ov-enterprise-base-services
node=/opt/openvidu

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done

say() { printf '%s=%s\n' "$1" "$2"; }
text_of() { base64 --wrap=0 "$1" 2>/dev/null || true; }

# A folder alone may be what Docker makes for a mount.
folder=''
for place in "$base" "$node"; do
  [[ ! -e $place/docker-compose.yml ]] || folder+="${folder:+ }$place"
done
say folders "$folder"
folder=${folder%% *}
say version "$(sed -n 's/.*Openvidu Version: *\([0-9.]*\).*/\1/p' "$folder/docker-compose.yml" 2>/dev/null | head -n 1)"
say images "$(sed -n 's/^ *image: *//p' "$folder/docker-compose.yml" 2>/dev/null | xargs)"
say env "$(text_of "$folder/.env")"
say addresses "$(hostname --all-ip-addresses 2>/dev/null | xargs)"
say running "$([[ -z $folder ]] || { cd "$folder" && ask_docker compose ps --status running --quiet 2>/dev/null | wc -l; })"
say certificate "$(text_of "$folder/owncert/certificate.cert")"
say key "$(text_of "$folder/owncert/certificate.key")"
owner=$(cat /var/lib/openvidu-host-as-found/stack 2>/dev/null || true)
[[ $owner != "${STACK:-}" ]] || owner=''
say owner "$owner"
