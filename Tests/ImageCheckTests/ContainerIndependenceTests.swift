import ImageCheck
import Reports
import SystemPackage
import Targets
import TestSupport
import Testing

/// What is said about a guest does not depend on the file its disk is kept in.
@Suite(.enabled(if: HostTool.has("qemu-img", "xz")))
struct ContainerIndependenceTests {
    /// The report without the fields that are about the file.
    private func guestPart(_ report: ScanReport) -> ScanReport {
        var report = report
        report.image.path = ""
        report.image.format = ""
        report.image.fileSize = 0
        report.image.virtualSize = 0
        report.image.backing = nil
        report.image.layers = report.image.layers.flatMap { $0.children ?? [] }
        report.cost = ScanReport.Cost(seconds: 0, bytesRead: 0, reads: 0, peakMemory: 0)
        // These items are about the file and the size of the disk.
        let aboutTheFile = ["IMAGE.Container", "IMAGE.VirtualSize", "COMPLIANCE.DiskSize"]
        for guest in report.guests.indices {
            report.guests[guest].checks.removeAll { aboutTheFile.contains($0.id) }
        }
        return report
    }

    @Test(arguments: [
        "-O raw", "-O qcow2", "-c -O qcow2 -o cluster_size=2M", "-O qcow2 -o compat=0.10,cluster_size=512",
        "-c -O qcow2 -o compression_type=zstd", "-O qcow2 -o extended_l2=on,cluster_size=128k",
        "-O qcow", "-O qed", "-O vdi", "-O vmdk -o subformat=monolithicSparse",
        "-O vmdk -o subformat=streamOptimized", "-O vmdk -o subformat=twoGbMaxExtentSparse",
        "-O vpc -o subformat=fixed,force_size=on", "-O vpc -o subformat=dynamic,force_size=on",
        "-O vhdx -o subformat=fixed", "-O vhdx -o subformat=dynamic,block_size=1M",
    ])
    func copyInAnotherFormat(_ options: String) async throws {
        for image in ["healthy-uefi-gpt.qcow2", "fstab-missing-data-disk.raw.xz"] {
            let scratch = try await ScratchFolder()
            let original = try await TestImages.path(image)
            let copy = scratch.place("copy")
            let format = image.hasSuffix(".xz") ? "raw" : "qcow2"
            try await HostTool.shell("qemu-img convert -f \(format) \(options) '\(original)' '\(copy)'")
            // The parts of a split disk may be opened.
            var scanOptions = ScanOptions()
            scanOptions.targets = [.kvm]
            scanOptions.allowedDirectories = [scratch.path.description]
            let one = try ImageScanner(scanOptions).scan(copy)
            let other = try TestImages.scan(original)
            #expect(guestPart(one).guests == guestPart(other).guests)
            #expect(guestPart(one) == guestPart(other))
        }
    }

    /// Empty space costs nothing: the disk grown to 2 TiB is read like the small one.
    @Test func emptySpaceIsNotRead() async throws {
        let scratch = try await ScratchFolder()
        let original = try await TestImages.path("sshd-disabled.raw.xz")
        let large = scratch.place("large.raw")
        try await HostTool.shell("cp --sparse=always '\(original)' '\(large)'; truncate -s 2T '\(large)'")
        let small = try TestImages.scan(original)
        let report = try TestImages.scan(large)
        #expect(guestPart(report).guests == guestPart(small).guests)
        #expect(report.image.virtualSize == 2 << 40)
        #expect(report.cost.bytesRead <= small.cost.bytesRead + small.cost.bytesRead / 4)
        #expect(report.cost.reads <= small.cost.reads + 16)
    }

    /// A disk without anything on it is told from one with something without reading it all.
    @Test func anEmptyDiskOfTwoTebibytes() async throws {
        let scratch = try await ScratchFolder()
        try await HostTool.shell("truncate -s 2T '\(scratch.place("empty.raw"))'")
        let report = try TestImages.scan(scratch.place("empty.raw"))
        #expect(report.guests.isEmpty)
        #expect(report.cost.bytesRead < 4 << 20)
    }
}
