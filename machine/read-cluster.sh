#!/usr/bin/env bash
# Tells, on base services that somebody started, how the cluster is and what configuration its bucket holds, as lines
# NAME=value in base64; changes nothing. What gives no answer is empty, and why is in `whyHealth` and `whyBucket`.
#
# Reads OBJECT, the URL of the configuration, and AUTHORIZATION, DATE and DIGEST, with which the request for it is
# signed, as lines NAME=value on stdin.
set -euo pipefail
folder=/opt/ov-enterprise-base-services

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${OBJECT:?}" "${AUTHORIZATION:?}" "${DATE:?}" "${DIGEST:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ask NAME: what curl is told on stdin; no login is in a process list.
ask() {
  if ! curl --silent --show-error --noproxy '*' --max-time 10 --config - --output "$work/$1" \
    --write-out '%{http_code}' >"$work/$1.status" 2>"$work/$1.why"; then
    rm -f "$work/$1"
  fi
}

secret=$(sed -n 's/^OPENVIDU_SECRET=//p' "$folder/.env" | tail -n 1)
ask health <<<"url = \"http://127.0.0.1:5443/openvidu/api/health\"
user = \"OPENVIDUAPP:$secret\""
ask bucket <<<"url = \"$OBJECT\"
header = \"Authorization: $AUTHORIZATION\"
header = \"x-amz-date: $DATE\"
header = \"x-amz-content-sha256: $DIGEST\"
fail"
for name in health bucket; do
  echo "$name=$(base64 --wrap=0 "$work/$name" 2>/dev/null || true)"
  echo "why${name^}=$(head -c 200 "$work/$name.why" | tr '\n' ' ')"
done
