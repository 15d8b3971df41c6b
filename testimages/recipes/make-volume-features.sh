#!/bin/bash
# Makes one small disk per physical volume and array member, with logical volumes and arrays of every kind that is
# read, written by the kernel's own drivers: make-volume-features.sh OUTPUT.tar.xz
#
# Sector N of the volume or array NAME holds the line "NAME N", so that each byte's place is known without a hash.
# Runs in the appliance of libguestfs (a kernel package has to be installed; about three minutes without KVM).
# Needs: libguestfs-tools, lvm2, mdadm, python3, a kernel with dm-raid, dm-thin-pool, dm-cache and the md personalities, xz-utils.
set -euo pipefail
output=$(realpath -m "${1:?usage: make-volume-features.sh OUTPUT.tar.xz}")
work=$(mktemp -d /var/tmp/volume-features.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"

names=()
arguments=()
disk() { # disk NAME SIZE
    truncate -s "$2" "$1"
    names+=("$1")
    arguments+=(-a "$work/$1")
}
for n in 1 2 3 4 5; do disk "pv$n" 20M; done
for v in 12 11 10 090; do disk "r1v$v-0" 3M; disk "r1v$v-1" 3M; done
disk lin-0 3M; disk lin-1 3600K
disk lin90-0 3M; disk lin90-1 3600K
for kind in r0 r0orig; do disk $kind-0 3M; disk $kind-1 3M; disk $kind-2 3600K; done
for n in 0 1 2 3; do disk "r10n2-$n" 3M; done
for n in 0 1 2; do disk "r10f2-$n" 3M; done
for n in 0 1 2; do disk "r4-$n" 3M; done
for n in 0 1 2; do disk "r5-$n" 3M; done
for n in 0 1 2 3; do disk "r6-$n" 3M; done
for n in 0 1; do disk "stale-$n" 3M; done
for n in 0 1 2; do disk "spare-$n" 3M; done
for n in 0 1; do disk "partial-$n" 3M; done

cat > inside.sh <<'S'
set -x
exec 2>&1
for m in dm-mod dm-raid dm-mirror dm-thin-pool dm-cache dm-cache-smq dm-snapshot raid0 raid1 raid10 raid456 linear; do modprobe $m; done
cat /proc/mdstat
device() { # the disk called $1
    local i=0 n
    for n in $NAMES; do
        if [ "$n" = "$1" ]; then
            printf '/dev/sd%s\n' "$(printf '%s\n' {a..z} a{a..z} b{a..z} | sed -n "$((i + 1))p")"
            return
        fi
        i=$((i + 1))
    done
}
fill() { # fill NAME DEVICE [WORD]
    local sectors width
    sectors=$(blockdev --getsz "$2")
    width=$((510 - ${#1}))
    seq -f "$1 %0${width}.0f" 0 $((sectors - 1)) | dd of="$2" bs=64K oflag=direct iflag=fullblock conv=notrunc 2> /dev/null || true
    sync
}
settle() { mdadm --wait "$1" || true; }
array() { # array NAME LEVEL COUNT options...
    local name=$1 level=$2 count=$3 members= n
    shift 3
    for n in $(seq 0 $((count - 1))); do members="$members $(device $name-$n)"; done
    mdadm --create /dev/md/$name --run --name=$name --homehost=maker --level=$level --raid-devices=$count "$@" $members < /dev/null
    settle /dev/md/$name
    fill $name /dev/md/$name
}
stop() { mdadm --stop /dev/md/$1; }
array r1v12 1 2 --metadata=1.2
array r1v11 1 2 --metadata=1.1
array r1v10 1 2 --metadata=1.0
array r1v090 1 2 --metadata=0.90
array lin linear 2 --metadata=1.2
array lin90 linear 2 --metadata=0.90
array r0 0 3 --metadata=1.2 --chunk=64
array r0orig 0 3 --metadata=1.2 --chunk=16 --layout=original
array r10n2 10 4 --metadata=1.2 --chunk=64 --layout=n2
array r10f2 10 3 --metadata=1.2 --chunk=64 --layout=f2
array r4 4 3 --metadata=1.2 --chunk=16
array r5 5 3 --metadata=1.2 --chunk=16
array r6 6 4 --metadata=1.2 --chunk=16
for a in r1v12 r1v11 r1v10 r1v090 lin lin90 r0 r0orig r10n2 r10f2 r4 r5 r6; do stop $a; done
# One member left the array before the contents that count were written.
array stale 1 2 --metadata=1.2
fill older /dev/md/stale
mdadm /dev/md/stale --fail $(device stale-0)
mdadm /dev/md/stale --remove $(device stale-0)
fill stale /dev/md/stale
stop stale
mdadm --create /dev/md/spare --run --name=spare --homehost=maker --level=1 --raid-devices=2 --spare-devices=1 --metadata=1.2 $(device spare-0) $(device spare-1) $(device spare-2) < /dev/null
settle /dev/md/spare
fill spare /dev/md/spare
stop spare
# Stopped while the second member was being filled.
mdadm --create /dev/md/partial --run --name=partial --homehost=maker --level=1 --raid-devices=2 --metadata=1.2 $(device partial-0) missing < /dev/null
fill partial /dev/md/partial
sysfs=/sys/block/$(basename $(readlink -f /dev/md/partial))/md
echo 64 > $sysfs/sync_speed_min
echo 64 > $sysfs/sync_speed_max
mdadm /dev/md/partial --add $(device partial-1)
sleep 4
cat /proc/mdstat
stop partial
mdadm --examine $(device partial-1)

export LVM_SUPPRESS_FD_WARNINGS=1
C='devices{use_devicesfile=0} backup{backup=0 archive=0} global{thin_check_executable="" cache_check_executable="" thin_repair_executable="" use_lvmpolld=0} activation{udev_sync=0 udev_rules=0 monitoring=0} devices{obtain_device_list_from_udev=0}'
lvm() { command lvm "$@" --config "$C"; }
lvm pvcreate $(device pv1) $(device pv2) $(device pv3) $(device pv4) $(device pv5)
lvm vgcreate -s 64k vol-ume $(device pv1) $(device pv2) $(device pv3) $(device pv4) $(device pv5)
create() { lvm lvcreate -y -Wn -Zn "$@"; }
lvpath() { echo "/dev/mapper/vol--ume-$1"; }
create -n linear -L 512k vol-ume $(device pv1)
create -n between -L 128k vol-ume $(device pv1)
lvm lvextend -L 1M vol-ume/linear $(device pv2)
create -n striped -i 3 -I 8k -L 768k vol-ume
create -n mirrored --type mirror -m 1 --mirrorlog core -L 512k vol-ume
create -n raid1 --type raid1 -m 1 -L 512k vol-ume
create -n raid0 --type raid0 -i 3 -I 16k -L 768k vol-ume
create -n raid0meta --type raid0_meta -i 2 -I 16k -L 512k vol-ume
create -n raid10 --type raid10 -m 1 -i 2 -I 16k -L 512k vol-ume
create -n raid4 --type raid4 -i 2 -I 16k -L 512k vol-ume
create -n raid5 --type raid5 -i 2 -I 16k -L 512k vol-ume
create -n raid5ra --type raid5_ra -i 3 -I 16k -L 768k vol-ume
create -n raid6 --type raid6 -i 3 -I 16k -L 768k vol-ume
create -n origin -L 512k vol-ume
for v in linear between striped mirrored raid1 raid0 raid0meta raid10 raid4 raid5 raid5ra raid6 origin; do fill $v $(lvpath $v); done
lvm lvcreate -y -s -n snapshot -L 256k vol-ume/origin
printf 'snapshot written later' | dd of=$(lvpath origin) bs=512 seek=100 conv=notrunc,sync
lvm lvcreate -y -n pool --type thin-pool -L 3M -c 64k --poolmetadatasize 2M vol-ume
lvm lvcreate -y -n thin -V 8M --thinpool pool vol-ume
for at in 0 7 3 100 101; do seq -f "thin %0506.0f" $((at * 128)) $((at * 128 + 127)) | dd of=$(lvpath thin) bs=64K seek=$at oflag=direct iflag=fullblock conv=notrunc; done
lvm lvcreate -y -s -n thinsnap vol-ume/thin
seq -f "later %0505.0f" 896 1023 | dd of=$(lvpath thin) bs=64K seek=7 oflag=direct iflag=fullblock conv=notrunc
lvm lvcreate -y -V 4M -n emptythin --thinpool pool vol-ume
create -n slow -L 512k vol-ume
fill slow $(lvpath slow)
lvm lvcreate -y --type cache-pool -L 2M --cachemode writethrough -n fast vol-ume
lvm lvconvert -y --type cache --cachepool fast vol-ume/slow
dd if=$(lvpath slow) of=/dev/null bs=64K
create -n slowback -L 512k vol-ume
fill slowback $(lvpath slowback)
lvm lvcreate -y -Zn -Wn -L 2M -n fastback vol-ume
lvm lvconvert -y --type cache --cachemode writeback --cachevol fastback vol-ume/slowback
dd if=$(lvpath slowback) of=/dev/null bs=64K
fill dirty $(lvpath slowback)
dmsetup table; dmsetup status
lvm lvs -a -o lv_name,lv_uuid,lv_size,segtype,seg_pe_ranges,devices,lv_attr,origin,pool_lv --units b
lvm pvs -o pv_name,pv_uuid,pv_size,pv_used --units b
lvm lvchange -an -K vol-ume/snapshot
lvm vgchange -an vol-ume
lvm lvchange -y -kn vol-ume/thinsnap
lvm lvchange -y -ky vol-ume/between
sync
dmsetup ls
S
# A line of guestfish holds some four thousand characters.
{
    echo run
    { echo "NAMES='${names[*]}'"; cat inside.sh; } | base64 -w3000 | sed 's/.*/debug sh "echo & >> \/tmp\/inside.b64"/'
    echo
    echo 'debug sh "base64 -d < /tmp/inside.b64 > /tmp/inside.sh; bash /tmp/inside.sh"'
} > commands
export LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg
nice -n 15 guestfish --format=raw "${arguments[@]}" < commands > log
# The kernel numbers disks in no order that can be relied on, so names follow from what the tools say is on them.
python3 - <<'P'
import os, re, subprocess
def run(*command): return subprocess.run(command, capture_output=True, text=True).stdout
names = {}
for f in (n for n in os.listdir(".") if re.search(r"-\d$", n)):
    text = run("mdadm", "--examine", f)
    name = re.search(r"Name : maker:(\S+)", text)
    level = re.search(r"Raid Level : (\S+)", text)
    if not level: os.remove(f); continue
    name = name.group(1) if name else {"raid1": "r1v090", "linear": "lin90"}[level.group(1)]
    role = re.search(r"Device Role : Active device (\d)", text) or re.search(r"^this +\d+ +\d+ +\d+ +(\d)", text, re.M)
    names[f] = f"{name}-{role.group(1) if role else 2}"
order = re.findall(r'pv\d \{\s+id = "([^"]+)"', run("pvck", "--dump", "metadata", "pv1"))
for f in (n for n in os.listdir(".") if re.fullmatch(r"pv\d", n)):
    uuid = re.search(r"pv_header.pv_uuid (\S+)", run("pvck", "--dump", "headers", f)).group(1)
    names[f] = f"pv{[o.replace('-', '') for o in order].index(uuid) + 1}"
os.mkdir("named")
for f, name in names.items(): os.rename(f, "named/" + name)
P
cd named
tar -c --sparse --owner=0 --group=0 --mtime=2026-01-01 -- * | xz -6 > "$output"
