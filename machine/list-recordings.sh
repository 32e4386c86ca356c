#!/usr/bin/env bash
# Lists the recordings on a node that have not gone to the bucket yet, as lines PATH SIZE.
#
# OpenVidu Server records into OPENVIDU_RECORDING_PATH of .env, the media node's controller into
# mncontroller/recordings in the install folder. Source: OpenVidu's repository, the node's
# docker-compose.yml. Its own notes begin with a dot.
set -euo pipefail
export LC_ALL=C
folder=${FOLDER:-/opt/openvidu}

chosen=$(sed -n 's/^OPENVIDU_RECORDING_PATH=//p' "$folder/.env" 2>/dev/null | tail -n 1 || true)
for place in "$folder/recordings" "$folder/mncontroller/recordings" "$chosen"; do
  [[ -z $place || ! -d $place ]] || find "$place" -type f ! -name '.*' -printf '%p %s\n'
done | sort -u
