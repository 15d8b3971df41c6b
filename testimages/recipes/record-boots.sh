#!/bin/bash
# record-boots.sh -- boot images for real and append what happened to a table.
#
#   record-boots.sh --cache DIR --table recorded-boots.tsv [--patience N] [--icount] < LIST
#
# LIST has lines "IMAGE BREAKAGE DISK FIRMWARE" (BREAKAGE "-" for the healthy image).  Broken images are made
# on demand as DIR/broken/IMAGE+BREAKAGE.raw, consoles are kept in DIR/logs.  Combinations that are in the
# table already are skipped.  On a machine that is busy with other things every wait should be N times longer;
# --icount keeps the guest's own time-outs from passing while it gets no processor.
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")"); CACHE= TABLE= PATIENCE=1 ICOUNT=
while [ $# -gt 0 ]; do
  case $1 in
    --cache) CACHE=$2; shift ;;
    --table) TABLE=$2; shift ;;
    --patience) PATIENCE=$2; shift ;;
    --icount) ICOUNT=--icount ;;
    *) sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  esac; shift
done
mkdir -p "$CACHE/broken" "$CACHE/logs"
[ -s "$TABLE" ] || printf 'image\tbreakage\tdisk\tfirmware\tboots\treachable\tstopped\tevidence\tqemu\tdate\tnotes\n' > "$TABLE"

while read -r image breakage disk firmware; do
  [ -n "$image" ] || continue
  grep -qP "^\Q$image\E\t\Q$breakage\E\t$disk\t$firmware\t" "$TABLE" && continue
  file=$CACHE/$image.raw log=$CACHE/logs/$image.$disk.log
  if [ "$breakage" != - ]; then
    file=$CACHE/broken/$image+$breakage.raw log=$CACHE/logs/$image+$breakage.$disk.log
    [ -f "$file" ] || "$HERE/break-image.sh" "$breakage" "$CACHE/$image.raw" "$file" >&2 || { echo "cannot make $file" >&2; continue; }
  fi
  "$HERE/boot-image.py" "$file" --disk "$disk" --firmware "$firmware" --key "$CACHE/key" --patience "$PATIENCE" $ICOUNT --log "$log" < /dev/null >> "$TABLE" || echo "no result for $file" >&2
done
