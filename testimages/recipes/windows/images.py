"""The images: healthy Windows of each generation, and broken ones, each a healthy one with one change."""
from guest import Windows

IMAGES = {}


def image(called, **base):
    """Registers a change of a healthy guest as the image `called`."""
    def register(change):
        def make():
            w = Windows(**base)
            change(w)
            return w
        IMAGES[f"windows-{called}.qcow2"] = make
        return change
    return register


def healthy(called, **base):
    image(called, **base)(lambda w: None)


# ---- healthy ----------------------------------------------------------------------------------------------------

@image("2022-uefi", name="2022")
def _(w):
    w.layout["partitions"] = ["system", "msr", "windows"]    # as images of clouds are, without a recovery partition


healthy("2022-recovery-uefi", name="2022")
healthy("2008r2-bios", name="2008r2")
healthy("7-bios", name="7")
healthy("7-x86-bios", name="7-x86")
healthy("2012r2-bios", name="2012r2")
healthy("8.1-uefi", name="8.1")
healthy("2016-uefi", name="2016")
healthy("2016-bios", name="2016", uefi=False)
healthy("2019-uefi", name="2019")
healthy("2019-bios", name="2019", uefi=False)
healthy("10-uefi", name="10")
healthy("11-uefi", name="11")
healthy("2025-uefi", name="2025")
healthy("23h2-core-uefi", name="23h2")
healthy("11-arm64-uefi", name="11-arm64")
