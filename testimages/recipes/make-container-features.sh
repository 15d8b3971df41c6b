#!/bin/bash
# make-container-features.sh -- one container per feature of the formats, each with the disk it holds as raw.
#
#   make-container-features.sh OUTDIR [NAME...]     all of them without a NAME; --list: their names
#
# Needs qemu-utils. No root. Every NAME becomes a directory with the image, `image`, and the disk, `plain`.
set -euo pipefail

NAMES="vmdk-monolithicSparse vmdk-monolithicFlat vmdk-twoGbMaxExtentSparse vmdk-twoGbMaxExtentFlat
vmdk-streamOptimized vmdk-zeroed vmdk-parts vmdk-delta vdi-dynamic vdi-static qed qed-small qed-backing qcow qcow-compressed
qcow-backing vpc-fixed vpc-dynamic vpc-force-size vpc-footer-511 vpc-no-footer vpc-no-copy vhdx-dynamic vhdx-fixed
vhdx-block-1m vhdx-block-256m vhdx-written vhdx-header-damaged"
case ${1:---help} in
  --list) printf '%s\n' $NAMES; exit 0 ;;
  -h|--help) sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
OUT=$1; shift

# A disk with text (which compresses), noise and holes, whose end is no whole cluster.
disk() {
  (seq 1 120000; head -c 300000 /dev/urandom) > plain
  truncate -s 3M plain
  seq 1 20000 | dd of=plain bs=1k seek=2500 conv=notrunc status=none
  truncate -s $((5 * 1024 * 1024 + 512 * 3)) plain
}
convert() { qemu-img convert -f raw -O "$1" ${2:+-o "$2"} ${3:-} plain image; }
# delta FORMAT [OPTION...]: the disk with two places overwritten in a file over it
delta() {
  local format=$1; shift
  convert "$format"; mv image base
  qemu-img create -q -f "$format" -F "$format" -b base "$@" image
  qemu-io -f "$format" -c 'write -P 7 1M 70k' -c 'write -P 8 4M 64k' image > /dev/null
  qemu-img convert -f "$format" -O raw image plain
}

for name in ${@:-$NAMES}; do
  rm -rf "$OUT/$name"; mkdir -p "$OUT/$name"; cd "$OUT/$name"
  disk
  case $name in
    vmdk-zeroed)
      convert vmdk zeroed_grain=on
      qemu-io -f vmdk -c 'write -z 0 128k' -c 'write -P 3 4M 64k' image > /dev/null
      qemu-img convert -f vmdk -O raw image plain ;;
    vmdk-parts)
      head -c 3M plain > a.raw; tail -c +$((3 * 1024 * 1024 + 1)) plain > b.raw
      qemu-img convert -f raw -O vmdk -o subformat=monolithicSparse a.raw a.vmdk
      printf '%s\n' '# Disk DescriptorFile' 'version=1' 'CID=0000abcd' 'parentCID=ffffffff' \
        'createType="twoGbMaxExtentSparse"' '' 'RW 6144 SPARSE "a.vmdk"' \
        "RW $(($(stat -c %s b.raw) / 512)) FLAT \"b.raw\" 0" > image ;;
    vmdk-delta) delta vmdk ;;
    vmdk-*) convert vmdk "subformat=${name#vmdk-}" ;;
    vdi-dynamic) convert vdi ;;
    vdi-static) convert vdi static=on ;;
    qed) convert qed ;;
    qed-small) convert qed cluster_size=16384,table_size=2 ;;
    qed-backing) delta qed ;;
    qcow) convert qcow ;;
    qcow-compressed)
      # qemu-img convert -c writes no qcow any more; qemu-io does, a cluster at a time.
      convert qcow; head -c 4096 plain > text
      qemu-io -f qcow -c 'write -c -s text 3072k 4k' -c 'write -c -P 5 3080k 4k' -c 'write -c -s text 4M 4k' \
        image > /dev/null
      qemu-img convert -f qcow -O raw image plain ;;
    qcow-backing)
      mv plain base; qemu-img create -q -f qcow -F raw -b base image
      qemu-io -f qcow -c 'write -P 7 1M 70k' -c 'write -P 8 4M 64k' image > /dev/null
      qemu-img convert -f qcow -O raw image plain ;;
    # The size of the first two is rounded to whole cylinders.
    vpc-fixed|vpc-dynamic)
      convert vpc "subformat=${name#vpc-}"; qemu-img convert -f vpc -O raw image plain ;;
    vpc-force-size) convert vpc subformat=dynamic,force_size=on ;;
    vpc-footer-511)                                        # as Virtual PC wrote it before 2004
      convert vpc subformat=fixed,force_size=on; truncate -s -1 image ;;
    vpc-no-footer) convert vpc subformat=dynamic,force_size=on; truncate -s -512 image ;;
    vpc-no-copy)
      convert vpc subformat=dynamic,force_size=on
      dd if=/dev/zero of=image bs=512 count=1 conv=notrunc status=none ;;
    vhdx-dynamic|vhdx-fixed) convert vhdx "subformat=${name#vhdx-}" ;;
    vhdx-block-1m) convert vhdx block_size=1M ;;
    vhdx-block-256m) convert vhdx block_size=256M ;;
    vhdx-written)                                          # blocks in no order, through the log
      qemu-img create -q -f vhdx -o block_size=1M image 16M
      qemu-io -f vhdx -c 'write -P 3 9M 1M' -c 'write -P 4 2M 70k' -c 'write -P 5 15M 1M' image > /dev/null
      qemu-img convert -f vhdx -O raw image plain ;;
    vhdx-header-damaged)                                   # the older of the two
      convert vhdx; printf X | dd of=image bs=1 seek=$((64 * 1024 + 100)) conv=notrunc status=none ;;
    *) echo "no recipe for $name" >&2; exit 1 ;;
  esac
  cd "$OLDPWD"
done
