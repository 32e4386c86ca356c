#!/usr/bin/env bash
# Notes how a machine gets out, and tells Docker. It isn't run by itself: a script's line
# `. machine/put-way-out.sh` is replaced by this text before it goes to a machine.
#
# Docker takes another proxy when it starts, and another mirror at once (SIGHUP). It's restarted only while
# no container runs. Nothing of an owner's is changed: the proxy is in a file of its own beside Docker's
# unit, the mirror in /etc/docker/daemon.json where there was none, the login in a folder of its own.
# Source: https://docs.docker.com/engine/daemon/proxy/; dockerd, "Configuration reload behavior";
# systemd.unit(5), drop-ins; systemd.exec(5), `EnvironmentFile`.
#
# It goes by PROXY, STRAIGHT (who is asked without it), MIRROR, LOGIN and LOGIN_AT, where there are any, and
# by FOLDER, OpenVidu's.
set -euo pipefail
# shellcheck source=machine/limits.sh
. machine/limits.sh
# shellcheck source=machine/way-out.sh
. machine/way-out.sh
drop_in=/etc/systemd/system/docker.service.d/openvidu-way-out.conf
daemon=/etc/docker/daemon.json

# Whether /etc/docker/daemon.json is as it was written here.
is_ours() { [[ -e $way_out/daemon.json ]] && cmp -s "$way_out/daemon.json" "$daemon"; }

has_docker() { command -v docker >/dev/null; }

answers() { has_docker && ask_docker info >/dev/null 2>&1; }

# Where Docker doesn't answer, something may run.
is_idle() {
  local running
  running=$(ask_docker ps --quiet 2>/dev/null) && [[ -z $running ]]
}

# The proxy that Docker goes by; of a login it shows that there is one, and no more.
proxy_of_docker() { ask_docker info --format '{{.HTTPSProxy}}' 2>/dev/null || true; }

without_login() { sed -E 's#//[^/@]*@#//#' <<<"$1"; }

goes_by() { [[ $(without_login "$(proxy_of_docker)") == "$(without_login "$1")" ]]; }

# Why this machine can't get out as it's to, in a word: `mirror`, as somebody's daemon.json hasn't got it, or
# `restart`, as Docker would have to be, and containers that aren't OpenVidu's would end. Nothing if it can.
hindrance() {
  if [[ -n ${MIRROR:-} && -e $daemon ]] && ! is_ours && ! grep -qF -- "\"$MIRROR" "$daemon"; then
    echo mirror
  elif [[ -n ${PROXY:-} && ! -e $drop_in && ! -e ${FOLDER:-/opt/openvidu}/docker-compose.yml ]] &&
    answers && [[ -z $(proxy_of_docker) ]] && ! is_idle; then
    echo restart
  fi
}

refuse_hindrance() {
  case $(hindrance) in
  mirror)
    {
      echo "$daemon is on this machine, and doesn't name the mirror $MIRROR; it was left alone."
      echo "Add \"registry-mirrors\": [\"$MIRROR\"] there. Then: sudo systemctl reload docker (there;"
      echo "no container ends), and: pulumi up"
    } >&2
    exit 1
    ;;
  restart)
    {
      echo "Docker on this machine goes by no proxy, and containers run that a restart would end; it was"
      echo "left alone. Name httpProxy to it (https://docs.docker.com/engine/daemon/proxy/), and restart it"
      echo "when these may end: sudo systemctl restart docker (there). Then: pulumi up"
    } >&2
    exit 1
    ;;
  esac
}

# put TEXT FILE: with a login in it; says whether that changes it.
put() {
  [[ ! -e $2 || $(<"$2") != "$1" ]] || return
  (umask 077 && printf '%s\n' "$1" >"$2.new")
  mv -f "$2.new" "$2"
}

restart_if_idle() {
  systemctl daemon-reload
  has_docker || return 0
  if is_idle; then
    systemctl restart docker
  else
    echo "Docker goes by ${1:-no} proxy from its next start on: containers run, and it isn't restarted."
  fi
}

# For downloads other than Docker's, on a machine that has none, too.
note_proxy() {
  if [[ -n ${PROXY:-} ]]; then
    install -d -m 700 "$way_out"
    put "$PROXY"$'\n'"${STRAIGHT:-}" "$way_out/proxy" || true
  else
    rm -f "$way_out/proxy"
  fi
}

put_proxy() {
  local wanted
  wanted="HTTP_PROXY=${PROXY:-}"$'\n'"HTTPS_PROXY=${PROXY:-}"$'\n'"NO_PROXY=${STRAIGHT:-}"
  if [[ -z ${PROXY:-} ]]; then
    rm -f "$way_out/docker-proxy"
    if [[ -e $drop_in ]]; then
      rm -f "$drop_in"
      rmdir "${drop_in%/*}" 2>/dev/null || true
      restart_if_idle
    fi
    return
  fi
  if [[ ! -e $drop_in ]] && has_docker && [[ -n $(proxy_of_docker) ]]; then
    echo "Docker has a proxy of its own on this machine, and goes by that."
    return
  fi
  if put "$wanted" "$way_out/docker-proxy" || [[ ! -e $drop_in ]] || { has_docker && ! goes_by "$PROXY"; }; then
    mkdir -p "${drop_in%/*}"
    printf '[Service]\nEnvironmentFile=-%s\n' "$way_out/docker-proxy" >"$drop_in"
    restart_if_idle "the noted"
  fi
}

reload_docker() { ! answers || systemctl reload docker; }

put_mirror() {
  local wanted="{\"registry-mirrors\": [\"${MIRROR:-}\"]}"
  if [[ -z ${MIRROR:-} ]]; then
    if is_ours; then
      rm -f "$daemon"
      reload_docker
    fi
    rm -f "$way_out/daemon.json"
  elif [[ ! -e $daemon ]] || is_ours; then
    if put "$wanted" "$way_out/daemon.json" || ! is_ours; then
      mkdir -p "${daemon%/*}"
      cp "$way_out/daemon.json" "$daemon.new"
      mv -f "$daemon.new" "$daemon"
      reload_docker
    fi
  fi
}

put_login() {
  local plugins=${HOME:-/root}/.docker/cli-plugins
  if [[ -z ${LOGIN:-} ]]; then
    rm -rf "$way_out/docker"
    return
  fi
  install -d -m 700 "$way_out/docker"
  # Docker looks for them there, too.
  [[ ! -d $plugins ]] || ln -sfn "$plugins" "$way_out/docker/cli-plugins"
  put "{\"auths\": {\"$LOGIN_AT\": {\"auth\": \"$LOGIN\"}}}" "$way_out/docker/config.json" || true
}

put_way_out() {
  if [[ -z ${PROXY:-}${MIRROR:-}${LOGIN:-} && ! -e $way_out ]]; then
    return
  fi
  refuse_hindrance
  install -d -m 700 "$way_out"
  note_proxy
  put_proxy
  put_mirror
  put_login
  rmdir "$way_out" 2>/dev/null || true
}

forget_way_out() {
  PROXY='' MIRROR='' LOGIN=''
  put_way_out
}
