#!/usr/bin/env bash
# Tells the SHA-256 that the nodes' install script has to have: the one that it had when it was first needed,
# which is written down on the machine that all nodes of a cluster have in common.
#
# Reads URL as a line NAME=value on stdin.
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${URL:?}"
folder=/var/lib/openvidu-membership
notes=$folder/install-scripts

# shellcheck source=machine/download.sh
. machine/download.sh

install -d -m 700 "$folder"
touch "$notes"
noted=$(awk -v url="$URL" '$1 == url { print $2; exit }' "$notes")
if [[ -z $noted ]]; then
  script=$(mktemp)
  trap 'rm -f "$script"' EXIT
  download "$URL" "$script"
  noted=$(digest_of "$script")
  echo "$URL $noted" >>"$notes"
  sync "$notes"
fi
echo "SHA-256 of $URL: $noted"
