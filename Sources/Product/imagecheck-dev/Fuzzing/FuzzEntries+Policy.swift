import ByteReading
import Policies
import Reports
import Targets

/// What users write and keep: policies, baselines.
extension FuzzEntries {
    static let policies: [FuzzEntry] = [
        FuzzEntry(
            "policy",
            seed: """
                version: 1
                targets: [kvm]
                fail-on: warning
                severities: {Ssh.Disabled: info}
                exceptions:
                  - code: Fstab.DeviceNotFound
                    images: ["web-*"]
                    reason: >
                      later
                    expires: 2027-01-31
                """
        ) { bytes in
            let policy = try? PolicyReader.read(bytes.array, file: "policy.yaml") { name in
                Target.shipped(name).map { .success(PolicyReader.FoundTarget($0, argument: name)) }
                    ?? .failure(PolicyReader.TargetProblem("no target"))
            }
            guard let policy else { return }
            let day = CalendarDay(secondsSince1970: 1_795_723_118)
            _ = PolicyText.text(of: policy, on: day, style: TextStyle())
            _ = policy.exceptions.flatMap { $0.images ?? [] }.map {
                $0.fits("/images/web-1.raw", below: "/images")
            }
        },
        FuzzEntry(
            "baseline",
            seed: """
                {"kind":"imagecheck-baseline","version":1,"findings":[{"image":"*","root":"mbr:1","id":"GUESTOS.Fstab",
                "code":"Fstab.DeviceNotFound","targets":["kvm"],"place":"/etc/fstab","detail":"UUID=#","count":2}]}
                """
        ) { bytes in
            guard let baseline = try? BaselineFile.read(bytes.array, path: "known.json") else { return }
            _ = PolicyReview(policy: nil, baseline: baseline)
            _ = try? BaselineFile.bytes(of: baseline)
        },
    ]
}
