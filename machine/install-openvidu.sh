#!/usr/bin/env bash
# Downloads OpenVidu's install script to a file, checks it, and runs it in /opt.
# Source: on-premises page, "Installing Base Services" and "Installing OpenVidu Enterprise
# Nodes", steps 2-4.
#
# The install script stops when its folder is there, so an install that was cut can't simply be
# run again: what it left is moved aside first. A complete install isn't touched.
#
# Reads URL, VERSION, FOLDER and COMMAND as lines NAME=value on stdin.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${URL:?}" "${VERSION:?}" "${FOLDER:?}" "${COMMAND:?}"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# OpenVidu's downloads don't fail on a 404: its text lands as the file's content.
is_complete() {
  [[ -s $FOLDER/.env ]] &&
    grep -qs '^services:' "$FOLDER/docker-compose.yml" &&
    [[ -x $FOLDER/$COMMAND ]] && [[ $(head -c 2 "$FOLDER/$COMMAND") == '#!' ]]
}

installed_version() {
  sed -n 's/.*Openvidu Version: *\([0-9.]*\).*/\1/p' "$FOLDER/docker-compose.yml" | head -n 1
}

if is_complete; then
  found=$(installed_version)
  if [[ $VERSION != latest && $found != "$VERSION" ]]; then
    fail "$FOLDER holds version ${found:-unknown}, expected $VERSION." \
      "This step installs; it doesn't upgrade. Nothing was changed." \
      "Set the version that runs: pulumi config set openviduVersion ${found:-VERSION}"
  fi
  echo "OpenVidu ${found:-} is installed in $FOLDER."
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
script=$work/install.sh
echo "Downloading $URL"
curl --fail --silent --show-error --location --retry 5 --retry-connrefused \
  --connect-timeout 15 --output "$script" "$URL" ||
  fail "The install script can't be downloaded from $URL." \
    "Does this version exist, and does this machine reach the internet? Then: pulumi up"
[[ $(head -c 2 "$script") == '#!' ]] || fail "$URL isn't a shell script; it was not run."
bash -n "$script" || fail "$URL is cut or damaged; it was not run." "Run it again with: pulumi up"
if [[ $VERSION != latest ]]; then
  grep -qF "$VERSION" "$script" || fail "$URL doesn't install version $VERSION; it was not run."
fi

aside=
if [[ -e $FOLDER ]]; then
  aside=$FOLDER.incomplete-$(date +%Y%m%dT%H%M%S)
  echo "An earlier install was cut; moving it to $aside"
  mv "$FOLDER" "$aside"
fi

cd "$(dirname "$FOLDER")"
bash "$script" </dev/null || fail "OpenVidu's install script failed; its output is above." \
  "Run it again with: pulumi up"
is_complete || fail "OpenVidu's install script ended well, but $FOLDER isn't complete:" \
  "$(ls -la "$FOLDER" 2>&1)" "Run it again with: pulumi up"
if [[ -n $aside && -s $aside/.env ]]; then
  install -m 600 "$aside/.env" "$FOLDER/.env"
fi
echo "OpenVidu $(installed_version) is installed in $FOLDER."
