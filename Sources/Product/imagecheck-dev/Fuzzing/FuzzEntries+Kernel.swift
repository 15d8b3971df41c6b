import ByteReading
import Compression
import GuestFormats

/// Kernels, their modules, the initramfs.
extension FuzzEntries {
    static let kernel: [FuzzEntry] = [
        FuzzEntry("initramfs", seed: FuzzSeeds.archive) { data in
            let summary = InitramfsSummary(InitramfsReader().read(data))
            _ = (summary.initState, summary.generator, summary.commandLinePins, summary.resumeDevice)
            _ = (summary.kernelVersions, summary.program("lvm"))
        },
        FuzzEntry("kernel-image", seed: FuzzSeeds.bootHeader) {
            let image = try KernelImage(parsing: $0, fileSize: UInt64($0.count))
            _ = (image.isTruncated, image.version)
        },
        FuzzEntry("kernel-payload", seed: "Linux version 6.1.0 (a@b) IKCFG_ST\u{1F}IKCFG_ED") {
            _ = try KernelPayload(searching: BytesStream($0), maximumOutput: 4 << 20)
        },
        FuzzEntry("elf", seed: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + FuzzSeeds.zeros) {
            _ = try ElfFile(parsing: $0).minimumSize
        },
        FuzzEntry("kernel-config", seed: "CONFIG_VIRTIO_BLK=m\n# CONFIG_X is not set\nCONFIG_Y=\"z\"\n") {
            _ = KernelConfig(parsing: $0).driver("virtio_blk")
        },
        FuzzEntry("command-line", seed: "root=UUID=1 ro quiet modprobe.blacklist=a,b x.y=\"1 2\" -- single") {
            let line = KernelCommandLine($0.textToNUL)
            _ = (line.last("root"), line.block(of: "a"), line.moduleParameter("x", "y"))
        },
    ]

    static let modules: [FuzzEntry] = [
        FuzzEntry("modules-dep", seed: "kernel/a.ko.xz: kernel/b.ko kernel/c.ko\nkernel/b.ko:\n") {
            _ = ModuleDependencies(parsing: $0).dependencies(of: "a")
        },
        FuzzEntry("modules-alias", seed: "alias pci:v00001AF4d0000100[0-9]sv*sd* virtio_pci\n") {
            _ = ModuleAliases(parsing: $0).modules(matching: "pci:v00001AF4d00001001sv1sd2")
        },
        FuzzEntry("modules-softdep", seed: "softdep a pre: b c post: d\n") {
            _ = ModuleSoftDependencies(parsing: $0)
        },
        FuzzEntry("modules-builtin", seed: "kernel/drivers/virtio_blk.ko\n") {
            _ = BuiltinModules(parsing: $0).contains("virtio-blk")
        },
        FuzzEntry("modules-index", seed: FuzzSeeds.moduleIndex) {
            try ModuleIndex(parsing: $0).forEach { _, _ in }
            _ = try ModuleDependencies(parsingIndex: $0).dependencies(of: "a")
            _ = try ModuleAliases(parsingIndex: $0).modules(matching: "pci:v00001AF4d00001001sv1sd2")
            _ = try BuiltinModules(parsingIndex: $0).contains("a")
        },
        FuzzEntry("modprobe", seed: "blacklist a\ninstall b /bin/true\nalias c \\\n off\noptions d e=1\n") {
            let rules = ModprobeConfiguration(files: [("/etc/modprobe.d/x.conf", $0)])
            _ = (rules.blacklist("a"), rules.disablingInstall("b"), rules.disablingAlias("c"))
            _ = rules.options(for: "d")
        },
    ]
}
