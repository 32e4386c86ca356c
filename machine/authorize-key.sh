#!/usr/bin/env bash
# Lets another SSH key in beside the one that is used, or takes away those that it has replaced.
#
# Reads lines NAME=value on stdin, and an empty line. KEY is the public key that is to be let in, and
# INSTEAD_OF the one that is used; without INSTEAD_OF the keys go that KEY has replaced. Written
# beside the old file and moved over it.
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${KEY:?}"
cd "$HOME/.ssh"
replaced=replaced_keys

new=$(mktemp authorized_keys.XXXXXX)
trap 'rm -f "$new"' EXIT
if [[ -n ${INSTEAD_OF:-} ]]; then
  # The comment at the end isn't what tells keys apart.
  grep -vF -- "${KEY% *}" authorized_keys >"$new" || true
  echo "$KEY" >>"$new"
  echo "${INSTEAD_OF% *}" >>"$replaced"
elif [[ -e $replaced ]]; then
  grep -vFf "$replaced" authorized_keys >"$new" || true
  grep -qF -- "${KEY% *}" "$new" || {
    echo "$HOME/.ssh/authorized_keys would be without the key that is used; it stays as it was" >&2
    exit 1
  }
else
  exit 0
fi
chmod --reference authorized_keys "$new"
sync "$new"
mv -f "$new" authorized_keys
[[ -n ${INSTEAD_OF:-} ]] || rm -f "$replaced"
