#!/usr/bin/env bash
# Downloads OpenVidu's install script to a file, checks it, and runs it in /opt. Where another version is
# installed, that is upgraded, or the version that it was upgraded from is brought back.
# Source: on-premises page, "Installing Base Services" and "Installing OpenVidu Enterprise
# Nodes", steps 2-4; documentation, "Upgrading OpenVidu Enterprise".
#
# The install script stops when its folder is there, so an install that was cut can't simply be
# run again: what it left is moved aside first. An upgrade stops when it has put files aside before: one
# that was cut is taken back first. A complete install of that version isn't touched.
#
# Reads URL, VERSION, FOLDER and COMMAND as lines NAME=value on stdin.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${URL:?}" "${VERSION:?}" "${FOLDER:?}" "${COMMAND:?}"

stored=(minio-s3 elasticsearch certificates owncert recordings)

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

# Puts what an upgrade has put aside, into $1, back in place, and forgets $1. The file that tells the version
# is the last one: cut before it, this is done again.
bring_back() {
  local file
  for file in "$COMMAND" beats custom-nginx-vhosts custom-nginx-locations \
    docker-compose.override.yml docker-compose.yml; do
    [[ -e $1/$file ]] || continue
    rm -rf "${FOLDER:?}/$file"
    mv "$1/$file" "$FOLDER/$file"
  done
  chmod +x "$FOLDER/$COMMAND"
  rm -rf "$1"
}

# An upgrade puts the old files into .old-VERSION, and removes its folder tmp when the new ones are in place.
take_back_cut_upgrade() {
  local aside
  aside=$(find "$FOLDER" -maxdepth 1 -name '.old-*' -printf '%T@ %p\n' 2>/dev/null |
    sort -n | tail -n 1 | cut -d ' ' -f 2-) || true
  # It may have been cut before it made the command executable.
  [[ ! -s $FOLDER/$COMMAND ]] || chmod +x "$FOLDER/$COMMAND"
  if [[ -n $aside && -d $FOLDER/tmp ]] || { [[ -e $aside/docker-compose.yml ]] && ! is_complete; }; then
    echo "An upgrade was cut or failed; taking it back"
    bring_back "$aside"
  fi
  rm -rf "$FOLDER/tmp"
}

roll_back() {
  local found=$1
  echo "Bringing back $VERSION, from which $found was upgraded"
  (cd "$FOLDER" && docker compose down) || fail "OpenVidu $found can't be stopped."
  bring_back "$FOLDER/.old-$VERSION"
}

upgrade() {
  local found=$1
  echo "Upgrading $found to $VERSION"
  (cd "$FOLDER" && bash "$script" upgrade </dev/null) ||
    fail "OpenVidu's upgrade failed; its output is above." \
      "Try again with: pulumi up" \
      "Or bring $found back: pulumi config set openviduVersion $found && pulumi up"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
script=$work/install.sh

download() {
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
}

install_new() {
  local aside='' data mounted=()
  for data in "${stored[@]}"; do
    if mountpoint --quiet "$FOLDER/$data"; then
      umount "$FOLDER/$data"
      mounted+=("$data")
    fi
  done
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
  [[ -n $aside ]] || return 0
  if [[ -s $aside/.env ]]; then
    install -m 600 "$aside/.env" "$FOLDER/.env"
  fi
  for data in "${stored[@]}"; do
    [[ -d $aside/$data ]] || continue
    rm -rf "${FOLDER:?}/$data"
    mv "$aside/$data" "$FOLDER/$data"
  done
  for data in "${mounted[@]}"; do
    mkdir -p "$FOLDER/$data"
    mount "$FOLDER/$data"
  done
}

take_back_cut_upgrade
found=
if is_complete; then
  found=$(installed_version)
fi
if [[ -z $found ]]; then
  download
  install_new
elif [[ $VERSION != latest && $VERSION != "$found" ]]; then
  if [[ -d $FOLDER/.old-$VERSION ]]; then
    roll_back "$found"
  else
    download
    upgrade "$found"
  fi
  is_complete && [[ $(installed_version) == "$VERSION" ]] ||
    fail "$FOLDER holds version $(installed_version), expected $VERSION." "Try again: pulumi up"
fi
echo "OpenVidu $(installed_version) is installed in $FOLDER."
