extension InitramfsRequest {
    /// Keeps what `InitramfsSummary` is made of: configuration and lists whole, programs by their heads.
    package static let standard = InitramfsRequest { path, size in
        guard size > 0 else { return 0 }
        let wanted = Interest(path).bytesToKeep
        // Of a program, the head tells the loader and the whole file the libraries.
        return wanted == Interest.programLimit && size > UInt64(wanted) ? Interest.headLimit : wanted
    }

    /// How much of a file matters, judged by its path.
    private struct Interest {
        var bytesToKeep = 0

        /// A payload inside a compressed archive, which has to be in memory to be read. dracut leaves the archive
        /// around a payload uncompressed, so this is for what somebody compressed by hand.
        private static let payloadLimit = 12 << 20

        private static let listLimit = 8 << 20
        private static let textLimit = 1 << 20
        private static let smallLimit = 4 << 10
        static let programLimit = 2 << 20
        static let headLimit = 16 << 10

        init(_ path: String) {
            let name: String
            if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
                name = String(path[path.utf8.index(after: slash)...])
            } else {
                name = path
            }
            if path.hasPrefix("usr/lib/modules/") || path.hasPrefix("lib/modules/") {
                if Self.moduleLists.contains(name) { bytesToKeep = Self.listLimit }
                return
            }
            if InitramfsPayload.isPayload(path) {
                bytesToKeep = Self.payloadLimit
                return
            }
            if Self.wholeFiles.contains(path) || Self.wholeDirectories.contains(where: path.hasPrefix) {
                bytesToKeep = Self.textLimit
            } else if path.hasSuffix(".link"), path.contains("systemd/network/") {
                bytesToKeep = Self.textLimit
            } else if path.contains("/hooks/initqueue/finished/devexists-") {
                bytesToKeep = Self.smallLimit
            } else if path.hasSuffix(".sh"), path.hasPrefix("config/") || path.hasPrefix("boot/") {
                bytesToKeep = Self.textLimit
            } else if path.hasSuffix(".conf"),
                path.contains("modprobe.d/") || path.contains("modules-load.d/")
            {
                bytesToKeep = Self.textLimit
            } else if Self.programs.contains(name), path.contains("bin/") || path.hasPrefix("usr/lib") {
                bytesToKeep = Self.programLimit
            } else if name == "systemd", path.hasSuffix("lib/systemd/systemd") {
                bytesToKeep = Self.programLimit
            }
        }

        /// The `.bin` files are what kmod reads; mkinitcpio leaves only them in the archive.
        private static let moduleLists: Set<String> = [
            "modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.builtin",
            "modules.builtin.bin", "modules.softdep", "booster.alias",
        ]
        private static let wholeFiles: Set<String> = [
            "init", "linuxrc", "sbin/init", "config", "buildconfig", "etc/initrd-release",
            "usr/lib/initrd-release", "etc/fstab", "etc/crypttab", "cryptroot/crypttab",
            "conf/conf.d/cryptroot",
            "etc/mdadm.conf", "etc/mdadm/mdadm.conf", "etc/lvm/lvm.conf", "etc/lvm/lvmlocal.conf",
            "etc/lvm/devices/system.devices", "etc/multipath.conf", "etc/multipath/wwids",
            "etc/multipath/bindings", "run_all.sh", "etc/booster.init.yaml", "etc/initrd.defaults",
            "conf/param.conf", "conf/modules",
            "conf/initramfs.conf", "conf/arch.conf", "etc/modules", "etc/modprobe.conf",
            "etc/cmdline", "etc/fstab.empty", "lib/dracut/dracut-version", "usr/lib/dracut/dracut-version",
            "lib/dracut/hostonly-kernel-modules.txt", "usr/lib/dracut/hostonly-kernel-modules.txt",
            "lib/dracut/build-parameter.txt", "usr/lib/dracut/build-parameter.txt",
            "lib/dracut/modules.txt", "usr/lib/dracut/modules.txt", "etc/apk/arch",
        ]
        private static let wholeDirectories: [String] = [
            "conf/conf.d/", "etc/cmdline.d/", "usr/lib/udev/rules.d/80-drivers",
            "lib/udev/rules.d/80-drivers",
            "scripts/init-top/", "scripts/local-top/", "scripts/local-block/", "scripts/local-premount/",
            "etc/conf.d/",
        ]
        private static let programs: Set<String> = ["init", "sh", "busybox", "dash", "bash", "kmod", "nash"]
    }
}
