#!/usr/bin/env bash
# Puts .env in place: mode 0600, written beside the old one and moved over it, so that a cut at
# any moment leaves the old file or the new one.
#
# Reads FOLDER, KEEP and TEXT_LINES as lines NAME=value on stdin, an empty line, then the file's text.
# TEXT_LINES says how long that is: a connection that is cut looks like its end. KEEP
# names a key whose value on this machine wins over the text's (the load balancer's list of
# nodes, which join and drain edit).
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}" "${TEXT_LINES:?}"
target=$FOLDER/.env

[[ -d $FOLDER ]] || {
  echo "$FOLDER is missing: OpenVidu isn't installed. Run: pulumi up" >&2
  exit 1
}
if [[ -n ${KEEP:-} ]]; then
  # Join and drain hold this lock while they edit the list; it says to people who does.
  exec 9>>"$FOLDER/.env.lock"
  flock --timeout 300 9 || {
    echo "The load balancer's list is locked by $(<"$FOLDER/.env.lock"). Run: pulumi up" >&2
    exit 1
  }
  echo "put-env.sh (process $$)" >"$FOLDER/.env.lock" || true
fi

new=$(mktemp "$FOLDER/.env.XXXXXX")
trap 'rm -f "$new"' EXIT
kept='' lines=0
if [[ -n ${KEEP:-} && -f $target ]]; then
  kept=$(grep "^$KEEP=." "$target" || true)
fi
while IFS= read -r line; do
  if [[ -n $kept && $line == "$KEEP="* ]]; then
    line=$kept
  fi
  printf '%s\n' "$line"
  lines=$((lines + 1))
done >"$new"
if ((lines != TEXT_LINES)); then
  echo "Only $lines of $TEXT_LINES lines of .env came over: it stays as it was. Run: pulumi up" >&2
  exit 1
fi

if cmp --silent "$new" "$target"; then
  chmod 600 "$target"
  echo ".env is as it should be."
  exit 0
fi
sync "$new"
mv -f "$new" "$target"
sync "$FOLDER"
echo ".env written, $(grep -c '^[A-Z]' "$target") keys."
