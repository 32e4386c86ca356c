#!/bin/sh
# Runs a container's process, and runs it again as the restart policy says.
#
# usage: shim.sh FOLDER POLICY COMMAND...
#
# FOLDER gets `log` (what the process prints), `pid`, when it has ended `status`, and `restarts`, how often
# it was run again; that counts from the end on, before the pause, as in the engine. A file
# `stopped` there says that somebody stopped the container: then it stays down. It is a shell
# script because every container of every host has one, and a shell needs a megabyte only.
set -u

folder=$1
policy=$2
shift 2

# What the process left running dies with it, as in a container.
sweep() {
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        pid=${line%% *}
        # After the name in parentheses: state, parent, process group, session.
        # shellcheck disable=SC2086 # split into words on purpose
        set -- "$1" ${line##*) }
        [ "$5" = "$1" ] && kill -KILL "$pid" 2>/dev/null
    done
}

# The process's number, and when it began: numbers come round again after a reboot.
note() {
    read -r line <"/proc/$1/stat" || return 0
    # shellcheck disable=SC2086 # split into words on purpose
    set -- "$1" ${line##*) }
    echo "$1 ${21}" >"$folder/pid"
}

tenths=1
restarts=0
while :; do
    began=$(date +%s)
    setsid "$@" >>"$folder/log" 2>&1 </dev/null &
    main=$!
    note "$main"
    wait "$main"
    status=$?
    sweep "$main"
    echo "$status" >"$folder/status"
    [ -e "$folder/stopped" ] && exit 0
    case $policy in
    always | unless-stopped) ;;
    on-failure) [ "$status" -ne 0 ] || exit 0 ;;
    *) exit 0 ;;
    esac
    restarts=$((restarts + 1))
    echo "$restarts" >"$folder/restarts"
    # The pause doubles up to a minute, and is short again after a run of ten seconds.
    [ $(($(date +%s) - began)) -ge 10 ] && tenths=1
    sleep "$((tenths / 10)).$((tenths % 10))"
    tenths=$((tenths * 2))
    [ "$tenths" -gt 600 ] && tenths=600
done
