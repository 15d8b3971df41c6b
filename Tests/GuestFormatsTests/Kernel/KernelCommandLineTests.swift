import GuestFormats
import Testing

@Suite struct KernelCommandLineTests {
    @Test func splitsLikeTheKernel() {
        let line = KernelCommandLine(
            "BOOT_IMAGE=/vmlinuz root=UUID=12 ro dyndbg=\"file a.c +p\" \"quoted thing=a b\" console=tty0 "
                + "console=ttyS0,115200n8 nvme-core.io_timeout=255 -- single")
        #expect(line.tokens.count == 8)
        #expect(line.last("root") == "UUID=12")
        #expect(line.has("ro") && !line.has("rw") && !line.has("single"))
        #expect(line.last("dyndbg") == "file a.c +p")
        #expect(line.last("quoted thing") == "a b")
        #expect(line.values(of: "console") == ["tty0", "ttyS0,115200n8"])
        #expect(line.consoles == ["tty0", "ttyS0"])
        #expect(line.moduleParameter("nvme_core", "io_timeout") == ["255"])
        #expect(line.initArguments == ["single"])
        #expect(KernelCommandLine("").tokens.isEmpty)
        #expect(KernelCommandLine(" \t\n\"").tokens.count == 1)
    }

    @Test(arguments: [
        ("module_blacklist=a,virtio-blk", KernelCommandLine.ModuleBlock.kernel),
        ("modprobe.blacklist=virtio_blk", .modprobe),
        ("rd.driver.blacklist=virtio_blk", .dracut),
        ("blacklist=virtio_blk", .initramfsTools),
    ])
    func findsBlockedModules(_ text: String, _ block: KernelCommandLine.ModuleBlock) {
        let line = KernelCommandLine("quiet \(text)")
        #expect(line.block(of: "virtio_blk")?.block == block)
        #expect(line.block(of: "virtio_blk")?.text == text)
        #expect(line.block(of: "virtio") == nil)
    }
}
