#!/usr/bin/env bash
# Downloads OpenVidu's install script to a file, checks it, and runs it in /opt. Where another version is
# installed, that is upgraded, or the version that it was upgraded from is brought back.
# Source: on-premises page, "Installing Base Services" and "Installing OpenVidu Enterprise
# Nodes", steps 2-4; documentation, "Upgrading OpenVidu Enterprise".
#
# The install script stops when its folder is there, so an install that was cut can't simply be
# run again: what it left is moved aside first. It pulls images last, so one that was cut may look whole:
# a note beside the folder says that it isn't. An upgrade stops when it has put files aside before: one
# that was cut is taken back first. A complete install of that version isn't touched, but for files
# that aren't what they have to be.
#
# Reads URL, VERSION, FOLDER and COMMAND as lines NAME=value on stdin; COMPOSE_BELOW, the first Docker Compose
# that doesn't work with this version, and COMPOSE_FROM, the first that does again; SHA256, what the script
# has to have, where there is one; PIN is the configuration's key for that. WAIT_SECONDS, where there are any,
# pass before a new install: nodes that come together don't all pull images in the same second.
#
# An upgrade or a rollback stops what runs. Calls were waited for before that; a node or master that carries
# some all the same, or doesn't say so, stays as it is, unless DURING_CALLS is true.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${URL:?}" "${VERSION:?}" "${FOLDER:?}" "${COMMAND:?}"

# shellcheck source=machine/containers.sh
. machine/containers.sh
# shellcheck source=machine/sessions.sh
. machine/sessions.sh
# shellcheck source=machine/download.sh
. machine/download.sh

# With all images to be pulled.
install_seconds=3600
stop_seconds=300
stored=(minio-s3 elasticsearch certificates owncert recordings)
# Names the version whose files an upgrade or a rollback moves, for as long as that isn't done.
unfinished=$FOLDER/.moving-from
# There for as long as an install isn't done; names what was moved aside for it, the first one first.
under_way=$FOLDER.installing
# Names files whose download failed: of one that an owner may change that can't be seen later.
lacking=$FOLDER/.to-get-again
# The digest of an owner's docker-compose.override.yml before an upgrade, which leaves a master's alone where
# it names another application. Source: repository, OpenVidu Pro, install script, upgrade_ov.
override=''

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# OpenVidu's downloads don't fail on a 404: its text lands as the file's content.
is_right() {
  [[ -s $1 ]] || return
  case $1 in
  */.env) ! grep -qvE '^[[:space:]]*(#|$)|^[A-Za-z_][A-Za-z0-9_]*=' "$1" && grep -q '^[A-Za-z]' "$1" ;;
  */docker-compose.yml) grep -q '^services:' "$1" ;;
  *.yml) grep -q '^[A-Za-z][A-Za-z0-9_.-]*:' "$1" && ! grep -q '^<' "$1" ;;
  *) [[ $(head -c 2 "$1") == '#!' ]] ;;
  esac
}

is_complete() {
  is_right "$FOLDER/docker-compose.yml" && is_right "$FOLDER/$COMMAND" && [[ -x $FOLDER/$COMMAND ]]
}

is_installed() { [[ ! -e $under_way ]] && is_complete; }

# What an owner writes may be anything that Compose takes: nothing, or comments alone. A page that says
# why there is no such file isn't an owner's.
is_owners() {
  [[ $1 == */docker-compose.override.yml ]] && ! grep -qE '^[[:space:]]*<|^[0-9]{3}: ' "$1"
}

has_stayed() { [[ -n $override && $(digest_of "$1") == "$override" ]]; }

# The other files that were downloaded and aren't right, below FOLDER. With `fresh` no owner has seen them, but
# for the one that an upgrade left alone.
wrong_files() {
  local file
  {
    while IFS= read -r file; do
      is_right "$FOLDER/$file" || echo "$file"
    done < <(cat "$lacking" 2>/dev/null || true)
    for file in "$FOLDER"/{.env,docker-compose.override.yml,beats/*.yml,cluster/aws/*.sh}; do
      [[ -e $file || $file == */.env ]] || continue
      is_right "$file" || { { [[ ${1:-} != fresh ]] || has_stayed "$file"; } && is_owners "$file"; } ||
        echo "${file#"$FOLDER"/}"
    done
  } | sort -u
}

# require_right_files HOW WHAT-TO-DO...
require_right_files() {
  local wrong
  wrong=$(wrong_files "$1")
  shift
  [[ -z $wrong ]] || fail "In $FOLDER, these aren't the files that OpenVidu has: ${wrong//$'\n'/, }." \
    "A download failed, which OpenVidu's install script doesn't notice. Nothing was started." "$@"
}

installed_version() {
  sed -n 's/.*Openvidu Version: *\([0-9.]*\).*/\1/p' "${1:-$FOLDER}/docker-compose.yml" | head -n 1
}

# Puts what an upgrade has put aside, into $1, back in place, and forgets $1. The file that tells the version
# is the last one: cut before it, this is done again.
bring_back() {
  local file there
  for file in "$COMMAND" beats cluster/aws coturn custom-nginx-vhosts custom-nginx-locations \
    docker-compose.override.yml docker-compose.yml; do
    there=$1/${file##*/}
    [[ -e $there ]] || continue
    # What was put there since is an owner's.
    if [[ $file == custom-nginx-* && -d $FOLDER/$file ]]; then
      cp --recursive --update "$FOLDER/$file/." "$there"
    fi
    rm -rf "${FOLDER:?}/$file"
    mkdir -p "$(dirname "$FOLDER/$file")"
    mv "$there" "$FOLDER/$file"
  done
  [[ ! -s $FOLDER/$COMMAND ]] || chmod +x "$FOLDER/$COMMAND"
  rm -rf "$FOLDER/tmp" "$1"
}

# An upgrade puts the old files into .old-VERSION, and removes its folder tmp when the new ones are in place.
take_back_cut_upgrade() {
  local aside version=''
  [[ -d $FOLDER ]] || return 0
  # It may have been cut before it made the command executable.
  [[ ! -s $FOLDER/$COMMAND ]] || chmod +x "$FOLDER/$COMMAND"
  if [[ -e $FOLDER/docker-compose.yml ]]; then
    version=$(installed_version)
  fi
  aside=$(find "$FOLDER" -maxdepth 1 -name '.old-*' | sort -V | tail -n 1)
  if [[ -s $unfinished ]]; then
    aside=$FOLDER/.old-$(<"$unfinished")
  elif [[ -n $version && -d $FOLDER/.old-$version ]]; then
    aside=$FOLDER/.old-$version
  elif [[ -z $aside || ! -d $FOLDER/tmp ]] && { is_complete || [[ ! -e $aside/docker-compose.yml ]]; }; then
    rm -rf "$FOLDER/tmp" "$unfinished"
    return
  fi
  echo "An upgrade was cut or failed; taking it back"
  bring_back "$aside"
  rm -f "$unfinished"
}

# Apart, as it goes to FOLDER. Base services carry no calls themselves.
require_no_calls() (
  [[ $COMMAND != base-services && ${DURING_CALLS:-} != true ]] || exit 0
  cd "$FOLDER"
  address=$(sed -n 's/^OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=//p' .env 2>/dev/null) || true
  look_for_calls "${address:-127.0.0.1}"
  if [[ $calls == none || $calls == closed ]]; then
    exit 0
  fi
  # A master keeps a session that nobody is in for an hour, and it isn't waited for. A drained node has none.
  if [[ -z $address && $calls == some && -n $empty ]]; then
    exit 0
  fi
  found="carries $told"
  [[ $calls == some ]] || found="doesn't say which calls it carries ($told)"
  fail "OpenVidu $1 in $FOLDER $found: $VERSION wasn't put there, and nothing was stopped." \
    "It gets it once its calls have ended: pulumi up"
)

roll_back() {
  local found=$1
  require_no_calls "$found"
  echo "Bringing back $VERSION, from which $found was upgraded"
  echo "$VERSION" >"$unfinished"
  (cd "$FOLDER" && within "$stop_seconds" docker compose down </dev/null) || fail "OpenVidu $found can't be stopped." \
    "It has its version still." "Look at: sudo sh -c 'cd $FOLDER && docker compose ps --all'. Then: pulumi up"
  bring_back "$FOLDER/.old-$VERSION"
  rm -f "$lacking" "$unfinished"
}

upgrade() {
  local found=$1
  local other="Or bring $found back: pulumi config set openviduVersion $found && pulumi up"
  require_no_calls "$found"
  echo "Upgrading $found to $VERSION"
  echo "$found" >"$unfinished"
  rm -f "$lacking"
  override=$(digest_of "$FOLDER/docker-compose.override.yml" 2>/dev/null) || true
  (cd "$FOLDER" && through_proxy within "$install_seconds" bash "$script" upgrade </dev/null) ||
    fail "OpenVidu's upgrade failed; its output is above." "Try again with: pulumi up" "$other"
  is_complete && [[ $(installed_version) == "$VERSION" ]] ||
    fail "$FOLDER holds version $(installed_version), expected $VERSION." \
      "Try again with: pulumi up" "$other"
  require_right_files fresh "Try again with: pulumi up" "$other"
  rm -f "$unfinished"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
script=$work/install.sh

get_script() {
  local digest
  download "$URL" "$script"
  if [[ $VERSION != latest ]]; then
    grep -qF "$VERSION" "$script" || fail "$URL doesn't install version $VERSION; it was not run."
  fi
  digest=$(digest_of "$script")
  echo "Its SHA-256 is $digest"
  [[ -z ${SHA256:-} || $SHA256 == "$digest" ]] ||
    fail "$URL has the SHA-256 $digest, expected $SHA256." \
      "It isn't the script that was installed first, or that you have pinned; it was not run." \
      "Where you trust it: pulumi config set --path ${PIN:-} $digest && pulumi up"
}

run_script() {
  through_proxy within "$install_seconds" bash "$script" </dev/null || fail "OpenVidu's install script failed; its output is above." \
    "Run it again with: pulumi up"
}

install_new() {
  local aside asides=() data lacked
  for data in "${stored[@]}"; do
    if mountpoint --quiet "$FOLDER/$data"; then
      umount "$FOLDER/$data"
    fi
  done
  [[ ! -s $under_way ]] || mapfile -t asides <"$under_way"
  if [[ -e $FOLDER ]]; then
    aside=$FOLDER.incomplete-$(date +%Y%m%dT%H%M%S)-$$
    asides+=("$aside")
    echo "An earlier install was cut; moving it to $aside"
  fi
  # Before anything is moved: what a cut install leaves looks like a folder of its own.
  printf '%s\n' "${asides[@]}" | sed '/^$/d' >"$under_way.new"
  sync "$under_way.new"
  mv -f "$under_way.new" "$under_way"
  [[ ! -e $FOLDER ]] || mv -T "$FOLDER" "$aside"
  cd "$(dirname "$FOLDER")"
  run_script
  is_complete || fail "OpenVidu's install script ended well, but $FOLDER isn't complete:" \
    "$(ls -la "$FOLDER" 2>&1)" "Run it again with: pulumi up"
  # The first that has it: what later ones have was made by an install that was cut.
  for aside in "${asides[@]}"; do
    if is_right "$aside/.env"; then
      install -m 600 "$aside/.env" "$FOLDER/.env"
      break
    fi
  done
  for data in "${stored[@]}"; do
    for aside in "${asides[@]}"; do
      [[ -d $aside/$data ]] || continue
      rm -rf "${FOLDER:?}/$data"
      mv "$aside/$data" "$FOLDER/$data"
      break
    done
    # Also where a cut install has unmounted it.
    if grep -qsF " $FOLDER/$data " /etc/fstab; then
      mkdir -p "$FOLDER/$data"
      mount "$FOLDER/$data"
    fi
  done
  lacked=$(wrong_files fresh)
  [[ -z $lacked ]] || echo "$lacked" >"$lacking"
  sync "$FOLDER"
  rm -f "$under_way"
}

# Installs the same version beside, and takes from there the files that aren't right.
repair() {
  local file fresh
  fresh=$work/$(basename "$FOLDER")
  echo "A download failed earlier; getting these files again: ${1//$'\n'/, }"
  (cd "$work" && run_script)
  [[ $(installed_version "$fresh") == "$(installed_version)" ]] ||
    fail "$URL installs $(installed_version "$fresh"), but $FOLDER holds $(installed_version)." \
      "So these files can't be had from there: ${1//$'\n'/, }." \
      "Name the version: pulumi config set openviduVersion $(installed_version) && pulumi up"
  while IFS= read -r file; do
    if is_right "$fresh/$file"; then
      cp --preserve=mode "$fresh/$file" "$FOLDER/$file.new"
      mv -f "$FOLDER/$file.new" "$FOLDER/$file"
    fi
  done <<<"$1"
}

if [[ -n ${COMPOSE_BELOW:-} ]] && ! { is_installed && [[ $(installed_version) == "$VERSION" ]]; }; then
  require_compose "$VERSION" "$COMPOSE_BELOW" "${COMPOSE_FROM:?}"
fi
take_back_cut_upgrade
found=
if is_installed; then
  found=$(installed_version)
fi
if [[ -z $found ]]; then
  [[ -z ${WAIT_SECONDS:-} ]] || sleep "$WAIT_SECONDS"
  get_script
  install_new
elif [[ $VERSION != latest && $VERSION != "$found" ]]; then
  if [[ -d $FOLDER/.old-$VERSION ]]; then
    roll_back "$found"
  else
    get_script
    upgrade "$found"
  fi
  is_complete && [[ $(installed_version) == "$VERSION" ]] ||
    fail "$FOLDER holds version $(installed_version), expected $VERSION." "Try again: pulumi up"
else
  wrong=$(wrong_files)
  if [[ -n $wrong ]]; then
    get_script
    repair "$wrong"
  fi
fi
require_right_files as-it-is "Try again with: pulumi up"
[[ ! -e $lacking ]] || rm -f "$lacking"
echo "OpenVidu $(installed_version) is installed in $FOLDER."
