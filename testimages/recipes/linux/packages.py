"""Package databases, written by the real tools where they can be, and the packages of Debian that the recipes take programs from."""
import os, re, struct, subprocess, sys, tempfile, zlib

from parts import run

CACHE = os.environ.get("IMAGECHECK_PACKAGES") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "imagecheck-recipes")

# ---- packages of Debian ------------------------------------------------------------------------------------------


def other_architecture(architecture):
    """Options with which apt-get knows the packages of another architecture, without telling the machine of it."""
    state = f"{CACHE}/apt-{architecture}"
    options = ["-o", f"Dir::State={state}", "-o", f"Dir::Cache={state}/cache", "-o", f"Dir::State::status={state}/status", "-o", f"APT::Architecture={architecture}", "-o", f"APT::Architectures={architecture}"]
    if not os.path.isdir(state):
        os.makedirs(state + "/lists/partial"); os.makedirs(state + "/cache/archives/partial")
        open(state + "/status", "w").close()
        run("apt-get", *options, "-qq", "update")
    return options


def debian(name):
    """The directory with the files of a package of Debian, downloaded once and unpacked, not installed."""
    top = f"{CACHE}/{name}"
    if not os.path.isdir(top):
        os.makedirs(CACHE, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as t:
            options = other_architecture(name.split(":")[1]) if ":" in name else []
            run("apt-get", *options, "-qq", "download", name.split(":")[0], cwd=t)
            (file,) = [f for f in os.listdir(t) if f.endswith(".deb")]
            run("dpkg-deb", "-x", f"{t}/{file}", f"{t}/files")
            os.rename(f"{t}/files", top)
    return top


def debian_file(name, path):
    with open(f"{debian(name)}/{path}", "rb") as f:
        return f.read()


# ---- dpkg, apk, pacman -----------------------------------------------------------------------------------------------

def dpkg(packages, architecture="amd64", states={}):
    """/var/lib/dpkg/status of (name, version) pairs; `states` gives other states than installed, by name."""
    text = ""
    for name, version in packages:
        text += (f"Package: {name}\nStatus: {states.get(name, 'install ok installed')}\nPriority: optional\nSection: admin\nMaintainer: Debian Developers\n"
                 f"Architecture: {architecture}\nVersion: {version}\nDescription: {name}\n\n")
    return {"var/lib/dpkg/status": text, "var/lib/dpkg/available": "", "var/lib/dpkg/info/": None}


def apk(packages, path="lib/apk/db/installed"):
    text = "".join(f"C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nP:{name}\nV:{version}\nA:x86_64\nS:1000\nI:4096\nT:{name}\nU:https://alpinelinux.org\nL:MIT\no:{name}\nm:Natanael Copa\nt:1715000000\nc:0\n\n" for name, version in packages)
    return {path: text, "etc/apk/world": "".join(name + "\n" for name, _ in packages), "etc/apk/repositories": "https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n"}


def pacman(packages):
    files = {"var/lib/pacman/local/ALPM_DB_VERSION": "9\n"}
    for name, version in packages:
        files[f"var/lib/pacman/local/{name}-{version}/desc"] = f"%NAME%\n{name}\n\n%VERSION%\n{version}\n\n%BASE%\n{name}\n\n%DESC%\n{name}\n\n%ARCH%\nx86_64\n\n%BUILDDATE%\n1715000000\n\n%INSTALLDATE%\n1715000000\n\n"
        files[f"var/lib/pacman/local/{name}-{version}/files"] = "%FILES%\n"
    return files


# ---- rpm ---------------------------------------------------------------------------------------------------------------

def rpm_header(name, version, release, architecture, epoch=None, number=1):
    """The header of an installed package as the database holds it: an immutable region with its tags (lib/header.c of rpm)."""
    STRING, I18N, INT32, BIN, ARRAY = 6, 9, 4, 7, 8
    tags = {100: (ARRAY, ["C"]), 1000: (STRING, name), 1001: (STRING, version), 1002: (STRING, release), 1004: (I18N, name), 1006: (INT32, 1700000000),
            1009: (INT32, 4096), 1014: (STRING, "GPL"), 1016: (I18N, "System"), 1021: (STRING, "linux"), 1022: (STRING, architecture),
            1044: (STRING, f"{name}-{version}-{release}.src.rpm"),
            1047: (ARRAY, [name]), 1112: (INT32, 8), 1113: (ARRAY, [f"{version}-{release}"])}
    if epoch is not None:
        tags[1003] = (INT32, epoch)
    index, data = b"", b""
    for tag, (kind, value) in sorted(tags.items()):
        if kind == INT32:
            data += b"\0" * (-len(data) % 4)
            at, count = len(data), 1
            data += struct.pack(">i", value)
        else:
            values = value if isinstance(value, list) else [value]
            at, count = len(data), len(values)
            data += b"".join(v.encode() + b"\0" for v in values)
        index += struct.pack(">iiii", tag, kind, at, count)
    count = len(tags) + 1
    index = struct.pack(">iiii", 63, BIN, len(data), 16) + index          # HEADERIMMUTABLE: the region's trailer ends the data
    data += struct.pack(">iiii", 63, BIN, -16 * count, 16)
    # Tags that installing adds lie outside the region.
    extra = [(1008, 1700000100), (1128, 1700000100)]
    data += b"\0" * (-len(data) % 4)
    for tag, value in extra:
        index += struct.pack(">iiii", tag, INT32, len(data), 1)
        data += struct.pack(">i", value)
    return struct.pack(">ii", count + len(extra), len(data)) + index + data


def split(package, architecture):
    """name, epoch, version, release, architecture of `name-[epoch:]version-release`."""
    name, version, release = package.rsplit("-", 2)
    epoch, _, version = version.rpartition(":")
    return name, int(epoch) if epoch else None, version, release, "noarch" if name.startswith(("cloud-", "dracut", "tzdata", "setup")) else architecture


def rpm(packages, backend, kept, directory="var/lib/rpm", architecture="x86_64"):
    """The database with the packages, each as `name-[epoch:]version-release`; made once for the same list."""
    import hashlib
    cache = f"{kept}/rpm-" + hashlib.sha1(repr((sorted(packages), backend, architecture)).encode()).hexdigest()
    if not os.path.isdir(cache):
        headers = []
        for number, package in enumerate(packages, 1):
            name, epoch, version, release, arch = split(package, architecture)
            headers.append(rpm_header(name, version, release, arch, epoch, number))
        with tempfile.TemporaryDirectory(dir=kept) as t:
            os.mkdir(t + "/db")
            if backend == "bdb":
                berkeley(headers, t + "/db")
            elif backend == "ndb":
                with open(t + "/db/Packages.db", "wb") as f:
                    f.write(ndb(headers))
            else:
                magic = bytes.fromhex("8eade80100000000")
                done = subprocess.run(["rpmdb", "--define", f"_db_backend {backend}", "--dbpath", t + "/db", "--importdb"], input=b"".join(magic + h for h in headers), capture_output=True)
                if done.returncode:
                    raise SystemExit("rpmdb: " + done.stderr.decode())
                for lock in (".rpm.lock", "rpmdb.sqlite-shm"):
                    if os.path.exists(f"{t}/db/{lock}"):
                        os.unlink(f"{t}/db/{lock}")
            try:
                os.rename(t + "/db", cache)
            except OSError:                                  # another process was faster
                pass
    return {f"{directory}/{name}": open(f"{cache}/{name}", "rb").read() for name in sorted(os.listdir(cache)) if os.path.getsize(f"{cache}/{name}")}


def ndb(headers):
    """Packages.db (lib/backend/ndb/rpmpkg.c of rpm; Debian's rpm is built without): a header, pages of slots, blobs in blocks of 16 bytes."""
    pages = (len(headers) + 2) // 256 + 1
    slots, blobs, block = b"", b"", pages * 256
    for number, header in enumerate(headers, 1):
        blob = struct.pack("<4sIII", b"BlbS", number, 1700000000, len(header)) + header
        blob += b"\0" * (-(len(blob) + 12) % 16)
        blob += struct.pack("<II4s", zlib.adler32(blob), len(header), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", number, block, len(blob) // 16)
        blobs += blob
        block += len(blob) // 16
    head = struct.pack("<4sIIII12x", b"RpmP", 0, len(headers), pages, len(headers) + 1) + slots
    return head + struct.pack("<4sIII", b"Slot", 0, 0, 0) * ((pages * 4096 - len(head)) // 16) + blobs


def berkeley(headers, directory):
    """Packages and the index Name as rpm 4.4 to 4.15 have them: a hash of header blobs by their number, a hash (a tree in rpm 4.4 too) of numbers by name."""
    where = debian("python3-bsddb3") + "/usr/lib/python3/dist-packages"
    if where not in sys.path:
        sys.path.append(where)
    from bsddb3 import db
    packages, names = db.DB(), db.DB()
    packages.set_pagesize(4096); names.set_pagesize(4096)
    packages.open(directory + "/Packages", dbtype=db.DB_HASH, flags=db.DB_CREATE)
    names.open(directory + "/Name", dbtype=db.DB_HASH, flags=db.DB_CREATE)
    packages.put(struct.pack("<I", 0), struct.pack("<I", len(headers)))    # the largest number in use
    for number, header in enumerate(headers, 1):
        packages.put(struct.pack("<I", number), header)
        name = re.search(rb"C\0([^\0]+)\0", header).group(1)
        names.put(name, struct.pack("<II", number, 0))
    packages.close(); names.close()
