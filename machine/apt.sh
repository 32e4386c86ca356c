#!/usr/bin/env bash
# How scripts of machine/ come by packages of Debian and Ubuntu. It isn't run by itself: a script's line
# `. machine/apt.sh` is replaced by this text before it goes to a machine.
#
# What wasn't installed before is noted where machine/prepare-host.sh has noted how the host was found.
# shellcheck source=machine/limits.sh
. machine/limits.sh
# shellcheck source=machine/way-out.sh
. machine/way-out.sh
found=/var/lib/openvidu-host-as-found

# Runs a command as soon as nothing else holds a lock of apt or dpkg. A machine that has just booted may
# be updating itself, and apt-get's own DPkg::Lock::Timeout doesn't wait for the locks of lists and archives.
unlocked() {
  local said status limit=${APT_LIMIT_SECONDS:-600} started told=-10 waited
  started=$(now)
  said=$(mktemp)
  while :; do
    status=0
    # needrestart only lists: nothing that an owner runs is restarted.
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l "$@" </dev/null 2>"$said" || status=$?
    waited=$(($(now) - started))
    ((status != 0 && waited < limit)) || break
    if grep -q 'dpkg was interrupted' "$said"; then
      # An install that was cut.
      DEBIAN_FRONTEND=noninteractive dpkg --configure -a </dev/null || break
      continue
    fi
    grep -qE 'Could not get lock|Unable to (lock|acquire)|lock was locked' "$said" || break
    if ((waited - told >= 10)); then
      told=$waited
      echo "Waiting for apt, $waited s of $limit s: $(sed -n 's/^[^:]*: //p' "$said" | head -n 1)"
    fi
    sleep 2
  done
  cat "$said" >&2
  if ((status != 0 && waited >= limit)); then
    echo "Another program has held a lock of apt or dpkg for $limit s." >&2
    echo "Look at: ps -ef | grep -E 'apt|dpkg' (on that machine). Then: pulumi up" >&2
  fi
  rm -f "$said"
  return "$status"
}

# A proxy of apt's own configuration comes before the noted one. Source: apt.conf(5), `Acquire::http::Proxy`.
apt_get() { through_proxy unlocked apt-get --yes --quiet "$@"; }

# Those of the packages that are installed, one a line.
installed() {
  apt-cache policy "$@" 2>/dev/null |
    awk '/^[^ ]/ { name = $1; sub(/:$/, "", name) } /^  Installed: [^(]/ { print name }'
}

is_installed() { [[ -n $(installed "$1") ]]; }

# Installs packages, each NAME or NAME=VERSION. None is removed for them: it is somebody else's.
apt_install() {
  if [[ -d $found ]]; then
    # Before they come: an install that is cut leaves them noted.
    printf '%s\n' "${@%%=*}" | grep -vxFf <(installed "${@%%=*}") >>"$found/packages" || true
  fi
  apt_get install --no-remove "$@"
}
