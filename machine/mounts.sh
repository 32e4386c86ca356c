#!/usr/bin/env bash
# What is mounted: it's somebody's, and isn't on this disk, for who takes files away. It isn't run by itself: a
# script's line `. machine/mounts.sh` is replaced by this text before it goes to a machine.

# mounted_below FOLDER: what is mounted below it, one a line; a bind of the same disk, too.
mounted_below() {
  awk -v below="$1/" 'index($2, below) == 1 { print $2 }' /proc/mounts
}
