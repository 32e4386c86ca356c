#!/usr/bin/env bash
# Tells the base which machine has a node's address, before OpenVidu starts there: a drain of the
# machine that had it before then leaves this one alone.
#
# Reads NAME, IP and IDENTITY as lines NAME=value on stdin.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${NAME:?}" "${IP:?}" "${IDENTITY:?}"
exec python3 /opt/openvidu-membership/membership.pyz announce \
  --name "$NAME" --ip "$IP" --identity "$IDENTITY"
