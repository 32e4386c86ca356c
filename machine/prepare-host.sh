#!/usr/bin/env bash
# Notes how a host was found, before anything is changed there: machine/release-host.sh brings it back
# to that, and takes away only what is noted as made since. What was noted before stays.
#
# Reads FOLDER, OpenVidu's, ROLE, and STACK, whose the host becomes, as lines NAME=value on stdin, and AGAIN
# for a host that the stack has already. A host that another stack has noted is refused. A folder that is
# there before the stack has the host, and that no note says is the stack's, is somebody else's: it's
# refused, and nothing is changed. So is a container that OpenVidu would take for its own.
#
# With ADOPTED=true an OpenVidu that is there is taken over as it is: the note `adopted` names its folder, which
# stays when the host is released. With ADOPTED=false one that was noted so is the stack's from now on; the note
# `given` names it then, and with ADOPTED=true it's its owner's again.
set -euo pipefail
# shellcheck source=machine/owners.sh
. machine/owners.sh
# shellcheck source=machine/running.sh
. machine/running.sh
found=/var/lib/openvidu-host-as-found

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}"

# A note of an earlier version doesn't say which folders were there, and one that was lost says nothing:
# a note without folders has them kept in the end.
is_without_folders() {
  [[ ! -e $found/folders ]] && [[ -d $found || -n ${AGAIN:-} ]]
}

# Also where a note of an earlier version doesn't say whose the host is, and where the stack was renamed.
note_stack() {
  [[ -n ${STACK:-} ]] || return 0
  echo "$STACK" >"$1/stack.new"
  mv -f "$1/stack.new" "$1/stack"
}

owner=$(cat "$found/stack" 2>/dev/null || true)
if [[ -n $owner && $owner != "${STACK:-}" && -z ${AGAIN:-} ]]; then
  echo "This host belongs to the stack $owner, which has noted so in $found: nothing was changed." >&2
  echo "Two stacks would take it from each other, with its calls. Take it out of that one's hosts, or:" >&2
  echo "pulumi destroy --stack $owner. Where that stack is gone: sudo rm $found/stack (there). Then: pulumi up" >&2
  exit 1
fi
ours=() adopted=''
for folder in "$FOLDER" /opt/openvidu-membership /var/lib/openvidu-membership; do
  if [[ $folder == "$FOLDER" && ${ADOPTED:-} == true ]] && grep -qsxF "$folder" "$found/given"; then
    echo "$folder is this host's owner's again."
    adopted=$folder
    continue
  fi
  if grep -qsxF "$folder" "$found/folders" || is_without_folders; then
    continue
  fi
  if [[ $folder == "$FOLDER" ]] && grep -qsxF "$folder" "$found/adopted"; then
    [[ ${ADOPTED:-} == false ]] || continue
    echo "$folder was installed by this host's owner, and is the stack's from now on."
  elif [[ $folder == "$FOLDER" && -e $folder && ${ADOPTED:-} == true ]]; then
    echo "$folder was installed by this host's owner: it's taken over as it is."
    adopted=$folder
    continue
  elif [[ -e $folder ]]; then
    echo "$folder is on this host already, and this stack didn't make it: nothing was changed." >&2
    echo "What is in it would be taken for the stack's, and go with it." >&2
    echo "Stop what runs from it. Then: sudo mv $folder $folder.before (there), and: pulumi up" >&2
    exit 1
  fi
  ours+=("$folder")
done
if [[ -d $found ]]; then
  ((${#ours[@]} == 0)) || printf '%s\n' "${ours[@]}" >>"$found/folders"
  [[ ${ADOPTED:-} != false || ! -e $found/adopted ]] || mv -f "$found/adopted" "$found/given"
  if [[ -n $adopted ]]; then
    echo "$adopted" >>"$found/adopted"
    if [[ -e $found/given ]]; then
      if [[ -e $found/folders ]]; then
        grep -vxF "$adopted" "$found/folders" >"$found/folders.new" || true
        mv -f "$found/folders.new" "$found/folders"
      fi
      rm "$found/given"
    fi
  fi
  note_stack "$found"
  exit 0
fi

new=$(mktemp -d "$found.XXXXXX")
trap 'rm -rf "$new"' EXIT
if command -v docker >/dev/null; then
  touch "$new/docker"
  if ! ask_docker images --quiet --no-trunc >"$new/images"; then
    echo "Docker is on this host, but doesn't say which images it has: nothing was changed." >&2
    echo "They couldn't be told from OpenVidu's in the end." >&2
    echo "Look at: sudo systemctl status docker (there). Then: pulumi up" >&2
    exit 1
  fi
  if [[ -z ${AGAIN:-} ]]; then
    ask_docker ps --all --quiet >"$new/containers"
    theirs=$(taken "$FOLDER" "${ROLE:-}")
    if [[ -n $adopted ]]; then
      own=$(of_openvidu "$FOLDER")
      theirs=$(without "$own" "$theirs")
      without "$own" "$(<"$new/containers")" >"$new/others"
      mv -f "$new/others" "$new/containers"
    fi
    theirs=$(cut -d '|' -f 2 <<<"$theirs" | xargs)
    if [[ -n $theirs ]]; then
      echo "OpenVidu would take these containers on this host for its own, and remove them: $theirs" >&2
      echo "Nothing was changed. Run them on another machine, or with other names of image and project." >&2
      echo "Then: sudo docker rm --force $theirs (there), and: pulumi up" >&2
      exit 1
    fi
  fi
fi
if ask_docker compose version >/dev/null 2>&1; then
  touch "$new/compose"
fi
# Docker makes these where the load balancer mounts them. Source: repository, compose file of the base.
for folder in /opt/openvidu/custom-layout /opt/openvidu; do
  [[ -e $folder ]] || echo "$folder" >>"$new/made-by-docker"
done
is_without_folders || printf '%s\n' "${ours[@]}" >"$new/folders"
[[ -z $adopted ]] || echo "$adopted" >"$new/adopted"
note_stack "$new"
sync "$new"/* "$new"
mv -T "$new" "$found"
echo "Noted how this host was found, in $found."
