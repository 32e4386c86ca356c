#!/usr/bin/env bash
# Writes down for the membership program what the stack wants: how nodes may leave, or the
# configuration that they share.
#
# Reads FILE, TEXT_LINES, and THEN where an action of the program follows, as lines NAME=value on
# stdin, an empty line, then the file's text of so many lines: a connection that is cut looks like
# its end. Mode 0600; written beside the old file and moved over it.
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FILE:?}" "${TEXT_LINES:?}"
folder=/var/lib/openvidu-membership

install -d -m 700 "$folder"
new=$(mktemp "$folder/.new.XXXXXX")
trap 'rm -f "$new"' EXIT
cat >"$new"
if (($(wc -l <"$new") != TEXT_LINES)); then
  echo "Not all of $FILE came over: it stays as it was. Run: pulumi up" >&2
  exit 1
fi
sync "$new"
mv -f "$new" "$folder/$FILE"
if [[ -n ${THEN:-} ]]; then
  python3 -I /opt/openvidu-membership/membership.pyz "$THEN"
fi
