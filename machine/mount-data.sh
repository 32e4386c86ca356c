#!/usr/bin/env bash
# Keeps what services store on a volume of its own, which outlives the machine.
#
# Reads as lines NAME=value on stdin: VOLUME, the EBS volume's id, FOLDER, OpenVidu's, and FOLDERS in it
# that are to be on the volume. A volume that has no file system gets one; what the machine has stored
# already is copied there once. Source: EC2 guide, "Make an Amazon EBS volume available for use".
set -euo pipefail
# shellcheck source=machine/limits.sh
. machine/limits.sh

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${VOLUME:?}" "${FOLDER:?}" "${FOLDERS:?}"
device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${VOLUME//-/}
data=/var/lib/openvidu-data
limit_seconds=120
waits=/etc/systemd/system/docker.service.d/openvidu-data.conf

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

started=$(now)
until [[ -e $device ]]; do
  (($(now) - started < limit_seconds)) || fail "Volume $VOLUME isn't there after $limit_seconds s." \
    "Is it attached to this machine? Then: pulumi up --refresh"
  sleep 1
done
if ! blkid "$device" >/dev/null; then
  mkfs.ext4 -q -L openvidu-data "$device"
  echo "Volume $VOLUME is new: it has a file system now."
fi

# Mounts a place that fstab knows, at each boot too.
keep_mounted() {
  local place=$1 line=$2
  mkdir -p "$place"
  if ! grep -qF " $place " /etc/fstab; then
    printf '%s\n' "$line" >>/etc/fstab
  fi
  mountpoint --quiet "$place" || mount "$place"
}

touch /etc/fstab
if grep -F " $data " /etc/fstab | grep -qvF "$device "; then
  fail "This machine keeps its data on another volume than $VOLUME, and would go on with that." \
    "Replace the machine: pulumi up --replace URN, which 'uv run openvidu-enterprise status' shows."
fi
keep_mounted "$data" "$device $data ext4 defaults,nofail 0 2"
for folder in $FOLDERS; do
  place=$FOLDER/$folder kept=$data/$folder
  if ! mountpoint --quiet "$place"; then
    mkdir -p "$place"
    if [[ ! -d $kept ]]; then
      rm -rf "$kept.new"
      cp -a "$place" "$kept.new"
      mv "$kept.new" "$kept"
    fi
  fi
  keep_mounted "$place" "$kept $place none bind,nofail 0 0"
done
# With nofail a boot doesn't wait for the volume, and services would begin on the root disk.
# Source: systemd.unit(5), RequiresMountsFor; systemd.mount(5), nofail.
mkdir -p "${waits%/*}"
# shellcheck disable=SC2086 # one word a folder
printf '[Unit]\nRequiresMountsFor=%s\n' "$data$(printf " $FOLDER/%s" $FOLDERS)" >"$waits.new"
mv "$waits.new" "$waits"
systemctl daemon-reload
echo "On volume $VOLUME: $FOLDERS."
