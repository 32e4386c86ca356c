#!/usr/bin/env bash
# Writes down for the membership program what the stack wants: how nodes may leave, or the
# configuration that they share.
#
# Reads FILE, and THEN where an action of the program follows, as lines NAME=value on stdin, an empty
# line, then the file's text. Mode 0600; written beside the old file and moved over it.
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FILE:?}"
folder=/var/lib/openvidu-membership

install -d -m 700 "$folder"
new=$(mktemp "$folder/.new.XXXXXX")
trap 'rm -f "$new"' EXIT
cat >"$new"
sync "$new"
mv -f "$new" "$folder/$FILE"
if [[ -n ${THEN:-} ]]; then
  python3 /opt/openvidu-membership/membership.pyz "$THEN"
fi
