#!/usr/bin/env bash
# Puts .env in place: mode 0600, written beside the old one and moved over it, so that a cut at
# any moment leaves the old file or the new one.
#
# Reads FOLDER, KEEP, DEFAULTS and TEXT_LINES as lines NAME=value on stdin, an empty line, then the file's text.
# TEXT_LINES says how long that is: a connection that is cut looks like its end. KEEP
# names a key whose value on this machine wins over the text's (the load balancer's list of
# nodes, which join and drain edit). DEFAULTS are what OpenVidu goes by where a file doesn't say it: KEY=value, by
# spaces.
#
# A file that says the same in other words stays: a start of what runs with it would make its containers anew.
# Where base services run that somebody else has started (machine/prepare-host.sh has noted so), another one isn't
# put there before they are taken over as they are.
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}" "${DEFAULTS:?}" "${TEXT_LINES:?}"
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
# Its lines that mean something, and no others. Of a name that is there twice Compose takes the last.
meaning() {
  sed -n 's/\r$//; /^[A-Za-z_][A-Za-z0-9_]*=./p' "$1" |
    awk '{ name = substr($0, 1, index($0, "=")); last[name] = $0 } END { for (name in last) print last[name] }' |
    grep -vxF "${DEFAULTS// /$'\n'}" | sort
}

is_to_be_taken_over() {
  [[ ! -e $FOLDER/.started-with && -n ${KEEP:-} ]] &&
    grep -qsxF "$FOLDER" /var/lib/openvidu-host-as-found/adopted
}

if [[ -f $target ]]; then
  differing=$(comm -3 <(meaning "$new") <(meaning "$target") | tr -d '\t' | cut -d = -f 1 | sort -u | xargs)
  if [[ -z $differing ]]; then
    chmod 600 "$target"
    echo ".env says what it should."
    exit 0
  fi
  if is_to_be_taken_over; then
    echo "Base services run from $FOLDER that this stack didn't start, with another .env: $differing differ." >&2
    echo "It stays as it is: a restart for it would cut users' connections. Take them over as they are first," >&2
    echo "and change them in a later update. What differs, and how: docs/adopting.md. Then: pulumi up" >&2
    exit 1
  fi
fi
sync "$new"
mv -f "$new" "$target"
sync "$FOLDER"
echo ".env written, $(grep -c '^[A-Z]' "$target") keys."
