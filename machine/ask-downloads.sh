#!/usr/bin/env bash
# Tells what of an installation's downloads a machine can have, as lines URL=ok, or URL= and why not.
#
# Reads URLS as a line NAME=value on stdin.
set -euo pipefail
# shellcheck source=machine/https.sh
. machine/https.sh

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${URLS:?}"

# shellcheck disable=SC2086 # one word a URL
through_proxy tell_of $URLS
