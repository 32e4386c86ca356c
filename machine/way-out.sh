#!/usr/bin/env bash
# How a machine gets out to what it downloads, as machine/put-way-out.sh has noted it. It isn't run by itself:
# a script's line `. machine/way-out.sh` is replaced by this text before it goes to a machine.
#
# A proxy is for the commands that download, and for no other: what is inside the cluster goes straight.
set -euo pipefail

way_out=/var/lib/openvidu-way-out

# name_proxy PROXY STRAIGHT: to this shell and what it starts. curl and apt want small letters for http.
name_proxy() {
  [[ -n $1 ]] || return 0
  export http_proxy=$1 https_proxy=$1 no_proxy=$2 HTTP_PROXY=$1 HTTPS_PROXY=$1 NO_PROXY=$2
}

# through_proxy COMMAND...: by the noted proxy, where there is one; else as the machine has it. In a shell of
# its own: a login is in no list of processes.
through_proxy() {
  local way=()
  [[ ! -s $way_out/proxy ]] || mapfile -t way <"$way_out/proxy"
  (
    name_proxy "${way[0]:-}" "${way[1]:-}"
    "$@"
  )
}

# The login for the registry, in a folder of its own: those of the machine's owner stay as they are.
use_login() {
  [[ ! -s $way_out/docker/config.json ]] || export DOCKER_CONFIG=$way_out/docker
}
