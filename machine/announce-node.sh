#!/usr/bin/env bash
# Tells the base which machine has a node's address, before OpenVidu starts there: a drain of the
# machine that had it before then leaves this one alone.
#
# Reads as lines NAME=value on stdin: NAME, IP and IDENTITY; and HOST, HOST_KEY, SSH_WAY and INSTANCE,
# which say how others can ask the machine while the base can't see it.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${NAME:?}" "${IP:?}" "${IDENTITY:?}"
exec env LC_ALL=C python3 -I /opt/openvidu-membership/membership.pyz announce \
  --name "$NAME" --ip "$IP" --identity "$IDENTITY" \
  --host "${HOST:-}" --host-key "${HOST_KEY:-}" --instance "${INSTANCE:-}" \
  --ssh-way "${SSH_WAY:-}"
