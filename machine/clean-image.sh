#!/usr/bin/env bash
# Takes away from a machine what must not be in an image made of it: what is secret, what tells one machine
# from another, and OpenVidu's folder with its .env. Docker and the images of containers stay. Then it looks
# for all of it again, and fails where something is left. After that nobody can log in there any more.
#
# OpenVidu's folder goes, as a node installs the version that it's to have, from the same script as all others,
# with nothing of another install in its way; what takes long in that are the images.
# Source: EC2 guide, "Create your own AMI", shared AMIs, "Remove SSH host key pairs"; cloud-init, `clean`;
# machine-id(5); systemd, "Building Images".
#
# Reads FOLDER, OpenVidu's, as a line NAME=value on stdin.
set -euo pipefail
# shellcheck source=machine/apt.sh
. machine/apt.sh
# shellcheck source=machine/mounts.sh
. machine/mounts.sh
# shellcheck source=machine/put-way-out.sh
. machine/put-way-out.sh

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}"
shopt -s nullglob dotglob

# What must not be there, as patterns.
forbidden=(
  # Of OpenVidu and of this program: .env, notes that name machines and stacks, the registry's login.
  "$FOLDER" "$FOLDER.*" "/opt/openvidu*" "/var/lib/openvidu*"
  # Who the machine is.
  "/etc/ssh/ssh_host_*" "/etc/hostname" "/var/lib/dbus/machine-id" "/var/lib/systemd/random-seed"
  "/var/lib/systemd/credential.secret" "/var/lib/cloud/*" "/etc/netplan/50-cloud-init.yaml" "/var/lib/dhcp/*"
  # Who may log in, and who did what.
  "/root/.ssh" "/home/*/.ssh" "/root/.*_history" "/home/*/.*_history" "/root/.lesshst" "/home/*/.lesshst"
  "/root/.viminfo" "/home/*/.viminfo" "/root/.aws" "/home/*/.aws" "/root/.docker" "/home/*/.docker"
  "/root/.cache" "/home/*/.cache"
  # What Docker knows itself by, and containers.
  "/etc/docker/key.json" "/var/lib/docker/engine-id" "/var/lib/docker/containers/*" "/var/lib/docker/swarm/*"
  "/var/lib/docker/network/files/*" "/etc/systemd/system/docker.service.d/openvidu-*"
)
# What goes, too, and may come again while the machine runs: it names the machine, and holds no secret.
printed=("/var/log/journal/*" "/var/log/cloud-init*" "/var/log/*.gz" "/var/log/*.[0-9]" "/var/crash/*" "/var/tmp/*")

# there PATTERN...: what there is of them, one a line.
there() {
  local pattern
  for pattern; do
    compgen -G "$pattern" || true
  done
}

running=$(ask_docker ps --quiet)
[[ -z $running ]] || {
  echo "Containers run on this machine: no image is made of it. Nothing was changed." >&2
  exit 1
}
# Ubuntu updates itself after a boot: an image of the middle of that would have half a package.
for unit in apt-daily.timer apt-daily-upgrade.timer; do
  systemctl stop "$unit" 2>/dev/null || true
done
unlocked dpkg --configure -a
forget_way_out
for id in $(ask_docker ps --all --quiet); do
  ask_docker rm --force "$id" >/dev/null
done
for volume in $(ask_docker volume ls --quiet); do
  ask_docker volume rm "$volume" >/dev/null
done
# Each would write something anew: Docker its id, the others at the latest when the machine goes down. The agent of
# Session Manager goes on, as this may have come through it; it sees by itself that its machine is another one.
for unit in docker.socket docker.service systemd-random-seed.service syslog.socket rsyslog.service; do
  systemctl stop "$unit" 2>/dev/null || true
done
if command -v cloud-init >/dev/null; then
  cloud-init clean --logs --seed
fi
# What somebody has mounted is theirs, and isn't on the disk. Where it's in the way that is told below.
while IFS= read -r file; do
  mountpoint --quiet "$file" || [[ -n $(mounted_below "$file") ]] || rm -rf -- "$file"
done < <(there "${forbidden[@]}" "${printed[@]}")
# What has to be there, and empty. A machine gives itself an id where the file is empty.
: >/etc/machine-id
find /var/log -xdev -type f -exec truncate --no-create --size 0 {} +
sync

left=$(
  there "${forbidden[@]}"
  find /opt /root /home /srv -xdev -name .env 2>/dev/null || true
  [[ ! -s /etc/machine-id ]] || echo /etc/machine-id
)
[[ -z $left ]] || {
  echo "This can't be in an image, and is still there:" >&2
  echo "${left//$'\n'/, }" >&2
  exit 1
}
echo "Nothing that tells this machine from another is left: it can be an image."
