"""What a healthy guest comes to at each target: worked out from the hardware that the target has and from what the guest is composed of."""
from collections import namedtuple

# The usual disk where it is one launch of a table, network cards (one is enough), data sources of cloud-init; `provisions`: whether an
# instance is made by what cloud-init gets there, so that a guest without it is not ready.
Place = namedtuple("Place", "disk cards sources provisions")
PLACES = {
    "kvm": Place(None, ("virtio_net",), ("NoCloud", "ConfigDrive", "OpenStack"), False),
    "alibaba-ecs": Place(None, ("virtio_net",), ("AliYun",), True),
    "openstack": Place("virtio-blk", ("virtio_net",), ("OpenStack", "ConfigDrive", "Ec2"), True),
    "aws-nitro": Place("nvme", ("ena",), ("Ec2",), True),
    "gcp": Place("virtio-scsi", ("virtio_net", "gve"), ("GCE",), True),
    "azure": Place("vmbus", ("hv_netvsc",), ("Azure",), True),
    "huawei-ecs": Place("virtio-blk", ("virtio_net",), ("OpenStack", "ConfigDrive"), True),
    "tencent-cvm": Place("virtio-blk", ("virtio_net",), ("ConfigDrive", "OpenStack", "NoCloud"), True),
    "proxmox": Place("virtio-scsi", ("virtio_net",), ("NoCloud", "ConfigDrive"), False),
}
DRIVERS = {"virtio-blk": ("virtio_pci", "virtio_blk"), "virtio-scsi": ("virtio_pci", "virtio_scsi", "sd_mod"), "nvme": ("nvme",), "vmbus": ("hv_vmbus", "hv_storvsc", "sd_mod"), "ide": ("ata_piix", "sd_mod"), "sata": ("ahci", "sd_mod")}
# Sources that read a disk which is attached: they need no network.
LOCAL = {"NoCloud", "ConfigDrive"}

# The data sources of cloud-init and the version each came with (its change log).
SOURCES = {name: tuple(int(n) for n in version.split(".")) for version, names in {
    "0.6": "ConfigDrive Ec2 MAAS NoCloud OVF", "0.7": "AltCloud CloudStack None", "0.7.2": "Azure OpenNebula SmartOS", "0.7.5": "CloudSigma DigitalOcean GCE OpenStack", "0.7.7": "Bigstep", "0.7.9": "AliYun", "17.1": "Scaleway",
    "18.2": "Hetzner IBMCloud", "18.4": "Oracle", "19.3": "Exoscale", "20.1": "RbxCloud", "21.1": "UpCloud", "21.3": "VMware Vultr", "21.4": "LXD", "23.1": "NWCS", "24.1": "Akamai WSL"}.items() for name in names.split()}


def sources(version):
    number = tuple(int(n) for n in version.split("."))
    return [name for name, since in SOURCES.items() if since <= number]


def outcome(g, target, disk):
    """boots, reachable, ready, the link where it stops, a code that must be among the findings."""
    place, kernel = PLACES[target], g.kernels[0]
    early = kernel.builtin | (set(g.order) if hasattr(g, "order") else kernel.closure(g.drivers))
    if not all(name in kernel.builtin | kernel.modules for name in DRIVERS[disk]):
        return "no", "no", "no", "initramfs", "DiskDriver.NotInstalled"
    if not all(name in early for name in DRIVERS[disk]):
        return "no", "no", "no", "initramfs", "DiskDriver.NotInInitramfs"
    lack = unready(g, place, kernel)
    if not any(card in kernel.builtin | kernel.modules for card in place.cards):
        return "yes", "no", "yes" if LOCAL & set(place.sources) and not lack else "no", "network", "NetDriver.Missing"
    return "yes", "yes", "no" if lack else "yes", "-", lack or "-"


def unready(g, place, kernel):
    """Why first-boot work is not done: no cloud-init, none for this target, or a root that stays as small as the image."""
    if not place.provisions:
        return None
    if not g.sources:
        return "CloudInit.NotInstalled"
    if g.lvm:
        return "Resize.Lvm"
    if kernel.number < (3, 6):
        return "Resize.KernelTooOld"
    if not set(place.sources) & set(sources(g.sources_version)):
        return "Datasource.NotIncluded"
    if not set(place.sources) & set(g.sources):
        return "Datasource.NotListed"
    return None
