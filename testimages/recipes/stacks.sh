# shellcheck shell=bash
# stacks.sh -- sourced by the image recipes: logical volumes and arrays by their place on the disk, unified kernel images.
#
# Builders whose kernel has no device-mapper and no md driver (small VMs, containers) reach what is inside a
# volume group or an array through its offset. That serves volumes of one linear segment and members of a mirror,
# which is what the recipes make.

# lvm_on DEVICE COMMAND...: an LVM command that sees DEVICE only and works on metadata only. More devices may be
# named in LVM_ALSO.
lvm_on() {
  local device=$1 command=$2 filter='' d log; shift 2
  for d in "$device" ${LVM_ALSO:-}; do filter+="\"a|^$d\$|\","; done
  log=$(mktemp)
  LVM_SUPPRESS_FD_WARNINGS=1 lvm "$command" --driverloaded n --config "devices{filter=[$filter\"r|.*|\"] obtain_device_list_from_udev=0 use_devicesfile=0}
    activation{udev_sync=0 udev_rules=0 monitoring=0} backup{backup=0 archive=0}" "$@" 2> "$log" || { cat "$log" >&2; rm -f "$log"; return 1; }
  rm -f "$log"
}

# lv_range DEVICE VG LV: "offset bytes" of the only segment of a logical volume on its physical volume
lv_range() {
  local pe ext first last
  pe=$(lvm_on "$1" pvs --noheadings --units b --nosuffix -o pe_start "$1" | tr -d ' ')
  ext=$(lvm_on "$1" vgs --noheadings --units b --nosuffix -o vg_extent_size "$2" | tr -d ' ')
  read -r first last < <(lvm_on "$1" lvs --noheadings -o seg_pe_ranges "$2/$3" | sed -E 's/.*:([0-9]+)-([0-9]+).*/\1 \2/')
  echo $((pe + first*ext)) $(((last-first+1)*ext))
}

# md_range DEVICE: "offset bytes" of the data of a raid1 member
md_range() {
  mdadm --examine "$1" | awk '/Data Offset :/ {o=$4} /Array Size :/ {s=$4} END {print o*512, s*1024}'
}

# mapper_name VG LV: the name below /dev/mapper, in which a dash of either name is doubled
mapper_name() { echo "${1//-/--}-${2//-/--}"; }

# make_uki STUB OUT .section=FILE...: the stub with these sections behind its own, one after the other in memory
make_uki() {
  local stub=$1 out=$2 section size start at=0 args=(); shift 2
  while read -r size start; do
    if [ $((16#$start + 16#$size)) -gt "$at" ]; then at=$((16#$start + 16#$size)); fi
  done < <(objdump -h "$stub" | awk '$1 ~ /^[0-9]+$/ {print $3, $4}')
  for section in "$@"; do
    at=$(((at + 4095) / 4096 * 4096)); size=$(stat -Lc %s "${section#*=}")
    args+=(--add-section "$section" --change-section-vma "${section%%=*}=$(printf '0x%x' "$at")"); at=$((at + size))
  done
  objcopy "${args[@]}" "$stub" "$out"
}
