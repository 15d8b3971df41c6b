import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets

/// One image at several targets.
extension Samples {
    /// Healthy wherever it is asked for.
    static let everywhere = report(
        verdicts: Target.shippedIDs.map { verdict($0, [launch(.virtioBlk)]) }, checks: passes + [advice])

    /// Good at one, on some launches of another, nowhere at a third.
    static let matrix: ScanReport = {
        var elsewhere = nvme
        elsewhere.severity = .error
        elsewhere.targets = ["aws-nitro"]
        elsewhere.launches = nil
        var everybody = fstab
        everybody.code = "Fstab.Swap"
        everybody.severity = .warning
        everybody.message = "The boot waits a minute and a half for a swap device that is not in this image."
        everybody.targets = ["kvm", "alibaba-ecs", "aws-nitro"]
        return report(
            verdicts: [
                verdict("kvm", [launch(.virtioBlk), launch(.virtioSCSI)]),
                verdict("alibaba-ecs", [launch(.virtioBlk), launch(.nvme, stopsAt: nvmeStop)]),
                verdict("aws-nitro", [launch(.nvme, stopsAt: nvmeStop)]),
                verdict(
                    "azure",
                    [
                        launch(
                            .vmbus, unknown: [.root],
                            because: ["the root file system is encrypted and was not read"])
                    ]),
            ], checks: passes + [nvme, elsewhere, everybody, advice])
    }()
}
