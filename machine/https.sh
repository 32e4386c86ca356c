#!/usr/bin/env bash
# Whether what an installation downloads can be had. It isn't run by itself: a script's line
# `. machine/https.sh` is replaced by this text before it goes to a machine.
#
# Source: https://distribution.github.io/distribution/spec/api/, "API Version Check", and its
# authentication, for registries; https://docs.docker.com/engine/daemon/proxy/.
#
# PROXY, STRAIGHT and MIRROR, where there are any, are the way that a machine is going to have.
set -euo pipefail
# shellcheck source=machine/way-out.sh
. machine/way-out.sh

of_docker='{{.HTTPSProxy}}|{{.NoProxy}}|{{range .RegistryConfig.Mirrors}}{{.}} {{end}}'

# ask URL OPTION...: the headers of the answer, or curl's words as the last ones.
ask() {
  curl --silent --show-error --connect-timeout 5 --max-time 10 --suppress-connect-headers \
    --output /dev/null --dump-header - "${@:2}" "$1" 2>&1
}

# Of curl's words what comes after its name and number.
words() {
  local said=${1##*curl: (}
  echo "${said#*) }"
}

# can_have URL: ok, or why not. An install script has to be there; of others any answer will do. Registries
# are asked as Docker does, by its own way and not by the machine's.
can_have() {
  local url=$1 way=() proxy='' except='' mirrors='' mirror said status logins
  if [[ $url == */v2/ ]]; then
    said=$(timeout 10 docker info --format "$of_docker" 2>/dev/null) || said=''
    IFS='|' read -r proxy except mirrors <<<"$said"
    # Of a login there it tells no more than that there is one.
    way=(--proxy "${proxy/\/\/*@///}" --noproxy "${proxy:+$except}")
    # Without one Docker gets the wanted one, whose login is in no list of processes.
    if [[ -z $proxy && -n ${PROXY:-} ]]; then
      way=()
    elif [[ -z $proxy ]]; then
      way=(--noproxy '*')
    fi
    mirrors+=" ${MIRROR:-}"
  fi
  if [[ $url == *.docker.io/* ]]; then
    for mirror in $mirrors; do
      if ask "${mirror%/}/v2/" "${way[@]}" >/dev/null; then
        echo ok
        return
      fi
    done
  fi
  if ! said=$(ask "$url" "${way[@]}"); then
    if [[ -n $proxy && $said == *"response 407"* ]]; then
      echo ok
    else
      words "$said"
    fi
    return
  fi
  status=$(awk '/^HTTP/ { status = substr($2, 1, 3) } END { print status }' <<<"$said")
  if [[ $url == *.sh && $status != [23]?? ]]; then
    echo "it answers $status"
    return
  fi
  logins=$(sed -n 's/^www-authenticate: bearer.*realm="\(https:[^"]*\)".*/\1/Ip' <<<"$said" | head -n 1)
  if [[ -n $logins ]] && ! said=$(ask "$logins" "${way[@]}"); then
    echo "it has logins given by $logins: $(words "$said")"
    return
  fi
  echo ok
}

# tell_of URL...: lines URL=ok, or URL= and why not; nothing where there's no curl to ask with yet.
tell_of() {
  local url
  command -v curl >/dev/null || return 0
  name_proxy "${PROXY:-}" "${STRAIGHT:-}"
  for url; do
    # Several at a time; a line is written at once.
    echo "$url=$(can_have "$url")" &
  done
  wait
}
