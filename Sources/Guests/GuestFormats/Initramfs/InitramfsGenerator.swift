import ByteReading

/// The program that made an initramfs.
package enum InitramfsGenerator: String, Sendable, Hashable, CaseIterable {
    /// Debian and Ubuntu.
    case initramfsTools = "initramfs-tools"
    /// Red Hat, SUSE since 12, and others.
    case dracut
    /// Arch.
    case mkinitcpio
    /// Alpine.
    case mkinitfs
    /// Red Hat 5 and before: mkinitrd with nash.
    case nash
    /// SUSE before 12: mkinitrd with `run_all.sh`.
    case suseMkinitrd = "suse-mkinitrd"
    /// github.com/anatol/booster.
    case booster
    /// Gentoo's genkernel.
    case genkernel
    /// github.com/u-root/u-root.
    case uRoot = "u-root"
    /// None that is known here.
    case unknown

    init(_ contents: InitramfsContents) {
        func has(_ path: String) -> Bool { contents.tree.resolve(path) != nil }
        let initText = contents.file("init")?.bytes.prefix(4096).text ?? ""
        if initText.hasPrefix("#!/bin/nash") {
            self = .nash
        } else if has("usr/lib/dracut") || has("lib/dracut") || has("lib/dracut-lib.sh") {
            self = .dracut
        } else if has("conf/initramfs.conf") || (has("scripts/functions") && has("conf/arch.conf")) {
            self = .initramfsTools
        } else if has("init_functions") || (has("buildconfig") && has("config")) {
            self = .mkinitcpio
        } else if has("etc/initrd.defaults") || has("etc/initrd.scripts") {
            self = .genkernel
        } else if has("sbin/nlplug-findfs") || initText.contains("Alpine Init") {
            self = .mkinitfs
        } else if has("run_all.sh") {
            self = .suseMkinitrd
        } else if has("etc/booster.init.yaml") {
            self = .booster
        } else if has("bbin") {
            self = .uRoot
        } else {
            self = .unknown
        }
    }
}
