#!/usr/bin/env bash
# Installs @TITLE@, as the lab simulates it, in the current folder. `upgrade` moves an older install to
# this version. Follows the order and the weak points of OpenVidu's own script: it stops where its folder
# is there already, downloads without looking at the HTTP status, gives up at the first failed pull, and
# an upgrade that was cut stops at what was moved before.

FOLDER=@FOLDER@
COMMAND=@COMMAND@
VERSION=@VERSION@
UPGRADABLE_FROM=@PREVIOUS@
ADDRESS=@ADDRESS@
DOWNLOADED=(@DOWNLOADED@)
NEW_FOLDERS=(@NEW_FOLDERS@)
# What Compose starts, and for a node what its media-node-controller starts.
MEDIA_IMAGES=(@MEDIA_IMAGES@)
PULLS=@PULLS@
# Folders that an upgrade puts aside where they are there.
KEPT_ASIDE=(@KEPT_ASIDE@)
# Whether an upgrade leaves an override with another application alone.
LEAVES_OTHER_APP=@LEAVES_OTHER_APP@

fail() {
    printf '\n     =======¡ERROR!=======\n     %s\n' "$1"
    exit 1
}

has() {
    [[ " ${DOWNLOADED[*]} " == *" $1 "* ]]
}

# Whether an upgrade puts a new override in place of the old one, $1.
replaces_override() {
    has docker-compose.override.yml || return
    [[ $LEAVES_OTHER_APP != true ]] || grep -qsE '^        image: openvidu/openvidu-call:' "$1"
}

# The folders that downloaded files are in.
folders() {
    printf '%s\n' "${DOWNLOADED[@]}" | sed -n 's|/[^/]*$||p' | uniq
}

pull_images() {
    local image
    [[ $PULLS == true ]] || return 0
    cd "$1" || fail "Error: can not access to '$1' folder"
    for image in "${MEDIA_IMAGES[@]}"; do
        image=$(grep "$image" docker-compose.yml | cut -d '=' -f2)
        docker pull "$image" </dev/null || fail "Error: can not pull '$image'"
    done
    while read -r image; do
        docker pull "$image" </dev/null || fail "Error while pulling image '$image'"
    done < <(grep -hs 'image:' docker-compose.yml docker-compose.override.yml | awk '{ print $2 }')
    cd - >/dev/null || fail "Error: can not access to previous folder"
}

make_executable() {
    chmod +x "$1/$COMMAND" || fail "Error while adding permission to '$COMMAND' program"
    # On a node Docker makes a folder of that name.
    [[ ! -d $1/cluster/aws ]] || chmod +x "$1"/cluster/aws/*.sh || fail "Error while adding permission"
}

install_new() {
    local file
    printf '\n     => Install %s v%s' "@TITLE@" "$VERSION"
    printf '\n     => Creating folder %s...' "$FOLDER"
    mkdir "$FOLDER" || fail "Error while creating the folder '$FOLDER'"
    mkdir -p "${NEW_FOLDERS[@]/#/$FOLDER/}" || fail "Error while creating folders"
    [[ ! -d $FOLDER/elasticsearch ]] || chown 1000:1000 "$FOLDER/elasticsearch" ||
        fail "Error while changing permission to 'elasticsearch' folder"
    printf '\n     => Downloading files:'
    for file in "${DOWNLOADED[@]}"; do
        curl --silent "$ADDRESS/$file" --output "$FOLDER/$file" ||
            fail "Error when downloading the file '$file'"
        printf '\n          - %s' "$file"
    done
    make_executable "$FOLDER"
    [[ ! -d $FOLDER/mncontroller ]] || chmod 777 "$FOLDER/mncontroller/recordings"
    printf '\n'
    pull_images "$FOLDER"
    printf '\n     %s successfully installed.' "@TITLE@"
    printf '\n     1. Go to openvidu folder:    $ cd %s' "$FOLDER"
    printf '\n     2. Configure the .env file:  $ nano .env'
    printf '\n     3. Start:                    $ ./%s start\n\n' "$COMMAND"
    exit 0
}

move() {
    mv "$1" "$2" || fail "Error while $3 '${1##*/}'"
    printf '\n          - %s' "${1##*/}"
}

upgrade() {
    local candidate folder installed='' old aside new file override=''
    for candidate in "$PWD" "/opt/$FOLDER"; do
        [[ -f $candidate/docker-compose.yml ]] && installed=$candidate && break
    done
    [[ -n $installed ]] || fail "No previous Openvidu installation found"
    old=$(grep 'Openvidu Version:' "$installed/docker-compose.yml" | awk '{ print $4 }')
    [[ -n $old ]] || fail "Can't find previous OpenVidu version"
    [[ $old == "$UPGRADABLE_FROM".* || $old == "$VERSION"* ]] ||
        fail "You can't update from version $old to $VERSION. Never upgrade across multiple major versions."
    @REFUSES@
    printf '\n     Upgrade %s %s to %s\n' "@UPGRADED@" "$old" "$VERSION"
    aside=$installed/.old-$old
    new=$installed/tmp
    ! replaces_override "$installed/docker-compose.override.yml" || override=docker-compose.override.yml
    mkdir "$aside" || fail "Error while creating the folder '.old-$old'"
    mkdir "$new" || fail "Error while creating the folder 'temporal'"
    for file in "${DOWNLOADED[@]}"; do
        curl --silent "$ADDRESS/$file" --output "$new/${file##*/}" ||
            fail "Error when downloading the file '$file'"
    done
    (cd "$new" && docker compose pull) || true
    printf '\n     => Stopping...\n'
    (cd "$installed" && docker compose down) || true

    printf '\n     => Moving previous installation files to rollback folder:'
    move "$installed/docker-compose.yml" "$aside" "moving previous"
    [[ -z $override ]] || move "$installed/$override" "$aside" "moving previous"
    move "$installed/$COMMAND" "$aside" "moving previous"
    for folder in $(folders); do
        mv "$installed/$folder" "$aside" || fail "Error while moving previous '$folder'"
    done
    cp "$installed/.env" "$aside" || fail "Error while moving previous '.env'"
    for folder in "${KEPT_ASIDE[@]}"; do
        [[ ! -d $installed/$folder ]] || move "$installed/$folder" "$aside" "moving previous directory"
    done

    printf '\n     => Updating files:'
    move "$new/docker-compose.yml" "$installed" updating
    if [[ -n $override ]]; then
        move "$new/$override" "$installed" updating
    elif has docker-compose.override.yml; then
        mv "$new/docker-compose.override.yml" "$installed/docker-compose.override.yml-v$VERSION" ||
            fail "Error while updating 'docker-compose.override.yml'"
    fi
    mv "$new/.env" "$installed/.env-v$VERSION" || fail "Error while moving previous '.env'"
    move "$new/$COMMAND" "$installed" updating
    for folder in $(folders); do
        mkdir "$installed/$folder" || fail "Error while creating the folder '$folder'"
    done
    for file in "${DOWNLOADED[@]}"; do
        [[ $file != */* ]] || move "$new/${file##*/}" "$installed/${file%/*}" updating
    done
    rm -rf "$new" || fail "Error deleting 'tmp' folder"
    make_executable "$installed"
    [[ ! -d $installed/beats ]] || mkdir -p "$installed/recordings"
    pull_images "$installed"
    printf '\n     %s successfully upgraded to version v%s' "@UPGRADED@" "$VERSION"
    printf "\n     The previous file '.env' remains intact, but a new file '.env-v%s' has been created.\n" "$VERSION"
}

# Whether a version is not older than another one.
at_least() {
    printf '%s\n%s\n' "$1" "$2" | sort -V -C
}

command -v docker >/dev/null ||
    { echo "You don't have docker installed, please install it and re-run the command" && exit 1; }
at_least 20.10.10 "$(docker version --format '{{.Server.Version}}')" ||
    { echo "You need a docker version equal or higher than 20.10.10" && exit 1; }
docker compose version &>/dev/null ||
    { echo "You don't have docker-compose installed, please install it and re-run the command" && exit 1; }
at_least 1.24 "$(docker compose version --short)" ||
    { echo "You need a docker-compose version equal or higher than 1.24" && exit 1; }

if [[ ${1-} == upgrade ]]; then
    upgrade
else
    install_new
fi
