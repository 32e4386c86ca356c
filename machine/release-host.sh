#!/usr/bin/env bash
# Stops OpenVidu on a host and leaves the host as machine/prepare-host.sh found it. Only what is noted
# as made since goes. What somebody may miss stays in a folder beside: the data of base services or a
# master, recordings that aren't in the bucket, layouts. In doubt it stays.
#
# An OpenVidu that the host's owner installed, and that was taken over, is stopped and stays, with its images.
#
# A node that carries calls, or whose server doesn't say that it carries none, is left as it is; one whose
# drain is over has none, or they are to be cut.
#
# Reads FOLDER, COMMAND, ROLE and STACK as lines NAME=value on stdin.
set -euo pipefail
# shellcheck source=machine/apt.sh
. machine/apt.sh
# shellcheck source=machine/mounts.sh
. machine/mounts.sh
# shellcheck source=machine/owners.sh
. machine/owners.sh
# shellcheck source=machine/put-way-out.sh
. machine/put-way-out.sh
# shellcheck source=machine/running.sh
. machine/running.sh
# shellcheck source=machine/sessions.sh
. machine/sessions.sh

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}" "${COMMAND:?}"
services=(minio-s3 elasticsearch)
stored=(certificates owncert recordings mncontroller/recordings custom-layout cdr)
stop_seconds=600
beside=.data-$(date +%Y%m%dT%H%M%S)
kept=()

[[ -d $found ]] || {
  echo "This host is as it was found."
  exit 0
}

owner=$(cat "$found/stack" 2>/dev/null || true)
if [[ -n $owner && -n ${STACK:-} && $owner != "$STACK" ]]; then
  echo "This host belongs to the stack $owner by now; it was left alone."
  exit 0
fi

# A note of an earlier version, or one that had been lost, doesn't say which folders were there.
is_without_folders() { [[ ! -e $found/folders ]]; }

# Noted by machine/prepare-host.sh.
is_adopted() { grep -qsxF "$FOLDER" "$found/adopted"; }

has_files() { [[ -n $(find "$1" -type f ! -name '.*' -print -quit 2>/dev/null) ]]; }

# Where OpenVidu was told to store what it records, below its folder.
stored_elsewhere() {
  sed -nE "/[.][.]/d; s#^OPENVIDU_(RECORDING_PATH|RECORDING_CUSTOM_LAYOUT|CDR_PATH)=$FOLDER/(.+)#\2#p" \
    "$FOLDER/.env" 2>/dev/null || true
}

# Takes a folder of OpenVidu's away, but for what is stored in it.
take_away() {
  local folder=$1 data place=$1$beside mounted
  [[ -e $folder ]] || return 0
  mounted=$(mounted_below "$folder")
  if [[ -n $mounted ]]; then
    echo "${mounted//$'\n'/, } is mounted on this host, and this stack didn't do that: it was left alone." >&2
    echo "What is in $folder stays too." >&2
    echo "Unmount it: sudo umount ${mounted//$'\n'/ } (there). Then: pulumi up" >&2
    exit 1
  fi
  if is_without_folders; then
    mv "$folder" "$place"
    kept+=("$place")
    return
  fi
  for data in "${services[@]}" "${stored[@]}"; do
    has_files "$folder/$data" || [[ " ${services[*]} " == *" $data "* && -d $folder/$data ]] ||
      continue
    [[ -d $place ]] || kept+=("$place")
    install -d -m 700 "$place"
    mkdir -p "$place/$(dirname "$data")"
    mv "$folder/$data" "$place/$data"
  done
  rm -rf --one-file-system "$folder"
}

# Images that weren't there, that OpenVidu's files name, and that no container uses.
remove_images() {
  local id image there
  there=$(ask_docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}') || {
    echo "Docker doesn't say which images it has: they stay."
    return
  }
  while read -r id image; do
    if ! grep -qsxF "$id" "$found/images" && grep -rqsF --include='*.yml' --include='.env*' \
      --exclude-dir=minio-s3 --exclude-dir=elasticsearch -- "$image" "$FOLDER"; then
      within "$stop_seconds" docker rmi "$image" </dev/null >/dev/null 2>&1 || true
    fi
  done <<<"$there"
}

# Packages that weren't there, unless something needs them that isn't the stack's.
remove_packages() {
  local own=() others
  mapfile -t own < <(
    {
      cat "$found/packages" 2>/dev/null || true
      if is_without_folders; then
        [[ -e $found/docker ]] || echo docker.io
        [[ -e $found/compose ]] || echo docker-compose-v2
        # Only base services and a master have got these.
        [[ -e $found/python || ! -d /opt/openvidu-membership ]] ||
          printf '%s\n' python3-boto3 python3-httpx python3-redis
      fi
    } | sort -u
  )
  ((${#own[@]})) || return 0
  mapfile -t own < <(installed "${own[@]}")
  # Docker that doesn't answer may have some, too.
  if command -v docker >/dev/null && ! [[ $(ask_docker ps --all --quiet 2>&1 || echo unknown) == '' ]]; then
    echo "Docker stays, as it has containers that aren't OpenVidu's: docker ps --all"
    mapfile -t own < <(printf '%s\n' "${own[@]}" | grep -v '^docker')
  fi
  [[ -n ${own[*]} ]] || return 0
  others=$(apt-get --simulate remove "${own[@]}" | awk '/^Remv / { print $2 }' |
    grep -vxFf <(printf '%s\n' "${own[@]}") || true)
  if [[ -n $others ]]; then
    echo "These packages stay, as others need them (${others//$'\n'/, }): ${own[*]}"
    return
  fi
  apt_get remove "${own[@]}"
}

refuse_calls() {
  local address
  address=$(sed -n 's/^OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=//p' "$FOLDER/.env" 2>/dev/null) || true
  # Before it has got that, nothing was started.
  [[ -n $address ]] || return 0
  cd "$FOLDER"
  look_for_calls "$address"
  cd /
  case $calls in
  none | closed) return 0 ;;
  some) told="OpenVidu on this host, $address, carries $told" ;;
  *) told="OpenVidu on this host, $address, doesn't say which calls it carries ($told)" ;;
  esac
  {
    echo "$told: nothing was stopped or removed."
    echo "A host is released once its node carries no call."
    echo "When they have ended: pulumi up. Or cut them: cd $FOLDER && sudo ./$COMMAND stop (there), and: pulumi up"
  } >&2
  exit 1
}

[[ ${ROLE:-} != node || -e $found/drained ]] || refuse_calls
unit=openvidu-load-balancer.service
if [[ -e /etc/systemd/system/$unit ]]; then
  systemctl disable --quiet "$unit" || true
  systemctl stop "$unit" || true
  rm -f "/etc/systemd/system/$unit"
  systemctl daemon-reload
fi
if [[ -x $FOLDER/$COMMAND ]]; then
  refuse_owners "$FOLDER" "${ROLE:-}" "$found/containers"
  cd "$FOLDER"
  within "$stop_seconds" "./$COMMAND" stop </dev/null || {
    echo "OpenVidu doesn't stop on this host; what it said is above. Nothing was removed." >&2
    echo "Look at: sudo sh -c 'cd $FOLDER && docker compose ps' (there). Then: pulumi up" >&2
    exit 1
  }
  cd /
  [[ ${ROLE:-} != node ]] || remove_left_media "$FOLDER" "$found/containers"
fi
if is_adopted; then
  rm -f "$FOLDER"/{.started-with,.stop-begun,.stop.lock,.env.lock}
elif command -v docker >/dev/null; then
  remove_images
fi
mapfile -t elsewhere < <(stored_elsewhere)
stored+=("${elsewhere[@]}")
for folder in "$FOLDER" "$FOLDER".incomplete-*; do
  if [[ $folder != "$FOLDER" ]] || ! is_adopted; then
    take_away "$folder"
  fi
done
# Of an install that was cut.
rm -f "$FOLDER.installing"
if [[ -s $found/held ]]; then
  mapfile -t held <"$found/held"
  unlocked apt-mark unhold "${held[@]}"
fi
forget_way_out
remove_packages
if is_without_folders; then
  rm -rf /opt/openvidu-membership /var/lib/openvidu-membership
else
  for folder in /opt/openvidu-membership /var/lib/openvidu-membership; do
    ! grep -qxF "$folder" "$found/folders" || rm -rf "$folder"
  done
fi
while read -r folder; do
  # Only while there is nothing in it.
  rmdir "$folder" 2>/dev/null || true
done < <(cat "$found/made-by-docker" 2>/dev/null || true)
while read -r file; do
  rm -f "$file"
done < <(cat "$found/files" 2>/dev/null || true)
if is_adopted; then
  rm -rf "$found"
  echo "OpenVidu doesn't run on this host any more. Its owner installed it: it stays in $FOLDER."
  exit 0
fi
rm -rf "$found"
echo "OpenVidu is gone from this host; the host is as it was found."
for place in "${kept[@]}"; do
  echo "What it stored is in $place. Delete it when nobody needs it."
done
