#!/usr/bin/env bash
# Installs Docker and Docker Compose where they aren't there yet, and has no update of the system change
# them: one that restarts Docker ends every call of a node.
# Source: on-premises page, "Prerequisites"; https://docs.docker.com/compose/install/linux/
#
# Nothing that is installed is removed for it or replaced. What there is to choose from differs by
# release: Ubuntu has docker-compose-v2, Debian docker-compose, Docker's own source docker-compose-plugin,
# which goes with docker-ce; Debian 12 has none of version 2.
#
# Reads as lines NAME=value on stdin: INSTALL, true or false, and COMPOSE_BELOW, the first version
# of Docker Compose that doesn't work with the wanted OpenVidu, or nothing; COMPOSE_FROM, the first one
# that does again; COMPOSE_URL and
# COMPOSE_SHA256, a release of Compose that does, for machines whose sources have no such package. FOLDER, and
# what machine/put-way-out.sh goes by: that comes first, as Docker takes a proxy when it starts.
set -euo pipefail
# shellcheck source=machine/apt.sh
. machine/apt.sh
# shellcheck source=machine/download.sh
. machine/download.sh
# shellcheck source=machine/limits.sh
. machine/limits.sh
# shellcheck source=machine/put-way-out.sh
. machine/put-way-out.sh
plugin=/usr/local/lib/docker/cli-plugins/docker-compose

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${INSTALL:?}" "${COMPOSE_URL:?}" "${COMPOSE_SHA256:?}"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

docker_answers() { ask_docker info >/dev/null 2>&1; }

# Without what Debian, Ubuntu and Docker put before and after it: 2.24.6 of 5:2.24.6+ds1-0ubuntu2.
upstream() { sed -E 's/^([0-9]+:)?v?([0-9.]+).*/\2/' <<<"$1"; }

compose_version() { upstream "$(ask_docker compose version --short 2>/dev/null || true)"; }

is_older() {
  [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort --version-sort | head -n 1) == "$1" ]]
}

fits() {
  ! is_older "$1" 2 && { [[ -z ${COMPOSE_BELOW:-} ]] || is_older "$1" "$COMPOSE_BELOW" ||
    { [[ -n ${COMPOSE_FROM:-} ]] && ! is_older "$1" "$COMPOSE_FROM"; }; }
}
# In words.
takes="2.0 or later${COMPOSE_BELOW:+, less than $COMPOSE_BELOW${COMPOSE_FROM:+, or $COMPOSE_FROM and later}}"

# The newest package of Compose that fits, as NAME=VERSION.
compose_package() {
  local names=(docker-compose-v2 docker-compose-plugin docker-compose) name version
  ! is_installed docker-ce || names=(docker-compose-plugin)
  for name in "${names[@]}"; do
    while read -r version; do
      if fits "$(upstream "$version")"; then
        echo "$name=$version"
        return
      fi
    done < <(apt-cache madison "$name" 2>/dev/null | awk -F ' *[|] *' '{ print $2 }')
  done
}

# Docker's own release: it takes precedence over a package, and none is touched.
put_plugin() {
  local new
  [[ ! -e $plugin ]] ||
    fail "Docker Compose $(compose_version) is in $plugin, and OpenVidu takes $takes." \
      "Its owner put it there; it was left alone." \
      "Put another one there (https://docs.docker.com/compose/install/linux/), then: pulumi up"
  echo "No package of Docker Compose that OpenVidu works with can be had here; taking $COMPOSE_URL"
  mkdir -p "${plugin%/*}"
  new=$(mktemp "$plugin.XXXXXX")
  if ! get "$COMPOSE_URL" "$new" 600; then
    rm -f "$new"
    fail "Docker Compose can't be downloaded from $COMPOSE_URL." \
      "No package of this machine's sources will do: OpenVidu takes $takes." \
      "Let this machine reach the internet, or install it there by hand. Then: pulumi up"
  fi
  if ! sha256sum --check --status <<<"$COMPOSE_SHA256  $new"; then
    rm -f "$new"
    fail "What $COMPOSE_URL gave is not that release: its SHA-256 isn't $COMPOSE_SHA256." \
      "It was thrown away." "Try again with: pulumi up"
  fi
  [[ ! -d $found ]] || echo "$plugin" >>"$found/files"
  chmod 755 "$new"
  mv -f "$new" "$plugin"
}

# Source: apt-mark(8). Those that somebody holds already aren't noted, and stay held.
hold() {
  local ours
  command -v apt-mark >/dev/null || return 0
  mapfile -t ours < <(installed docker.io docker-cli docker-ce docker-ce-cli containerd \
    containerd.io runc docker-compose-v2 docker-compose-plugin docker-compose |
    grep -vxFf <(apt-mark showhold))
  ((${#ours[@]})) || return 0
  [[ ! -d $found ]] || printf '%s\n' "${ours[@]}" >>"$found/held"
  unlocked apt-mark hold "${ours[@]}" >/dev/null
  echo "Held, so that no update of the system restarts Docker: ${ours[*]}"
}

put_way_out
there=$(compose_version)
if docker_answers && [[ -n $there ]] && fits "$there"; then
  echo "Docker and Docker Compose $there are there."
  hold
  exit 0
fi
if [[ -n $there ]] && ! fits "$there" && { [[ $INSTALL != true ]] || [[ -e $found/compose ]]; }; then
  fail "Docker Compose $there is on this machine; takes $takes." \
    "With that one OpenVidu's start never returns. Its owner installed it; it was left alone." \
    "Install another there (https://docs.docker.com/compose/install/linux/), then: pulumi up"
fi
if [[ $INSTALL != true ]]; then
  echo "Docker or Docker Compose is missing on this machine, or doesn't answer." >&2
  echo "Install it there, or: pulumi config set installDocker true. Then: pulumi up" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "Docker is missing, and this machine has no apt-get to install it with." >&2
  echo "Install Docker and Docker Compose by hand, then run pulumi up again." >&2
  exit 1
fi

echo "Installing what is missing of Docker and Docker Compose."
apt_get update
packages=()
command -v curl >/dev/null || packages+=(curl ca-certificates)
if ! docker_answers; then
  # An install that was cut is made whole; a Docker from elsewhere is its owner's to mend.
  if command -v docker >/dev/null && ! is_installed docker.io; then
    fail "Docker is installed on this machine, but doesn't answer:" \
      "  $(ask_docker info 2>&1 | tail -n 1)" \
      "Look at: sudo systemctl status docker (on that machine). Then: pulumi up"
  fi
  packages+=(docker.io)
  # From Debian 13 on the command is a package of its own.
  [[ -z $(apt-cache madison docker-cli 2>/dev/null) ]] || packages+=(docker-cli)
fi
((${#packages[@]} == 0)) || apt_install "${packages[@]}"
if [[ -z $(compose_version) ]]; then
  package=$(compose_package)
  if [[ -n $package ]]; then
    apt_install "$package"
  else
    put_plugin
  fi
elif ! fits "$(compose_version)"; then
  put_plugin
fi
if ! docker_answers || ! fits "$(compose_version)"; then
  fail "Docker and Docker Compose were installed, but don't answer:" \
    "  $(ask_docker info 2>&1 | tail -n 1)" \
    "  $(ask_docker compose version 2>&1 | tail -n 1)" "Look at: sudo systemctl status docker. Then: pulumi up"
fi
hold
