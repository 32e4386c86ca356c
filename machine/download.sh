#!/usr/bin/env bash
# Downloads over HTTPS, above all OpenVidu's install scripts. It isn't run by itself: a script's line
# `. machine/download.sh` is replaced by this text before it goes to a machine.
set -euo pipefail
# shellcheck source=machine/way-out.sh
. machine/way-out.sh

download_seconds=300

# get URL FILE LIMIT: whatever is there, over HTTPS.
get() {
  through_proxy curl --fail --silent --show-error --location --proto =https --proto-redir =https --retry 5 \
    --retry-connrefused --connect-timeout 15 --max-time "$3" --output "$2" "$1"
}

# download URL FILE: an install script, whole. OpenVidu's come over HTTPS and have no signatures.
download() {
  echo "Downloading $1"
  if ! get "$1" "$2" "$download_seconds"; then
    echo "The install script can't be downloaded from $1." >&2
    echo "Does this version exist, and does this machine reach the internet? Then: pulumi up" >&2
    exit 1
  fi
  if [[ $(head -c 2 "$2") != '#!' ]]; then
    echo "$1 isn't a shell script; it was not run." >&2
    exit 1
  fi
  if ! bash -n "$2"; then
    echo "$1 is cut or damaged; it was not run." >&2
    echo "Run it again with: pulumi up" >&2
    exit 1
  fi
}

# digest_of FILE: its SHA-256.
digest_of() {
  sha256sum "$1" | cut -d ' ' -f 1
}
