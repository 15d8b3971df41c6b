import ByteReading
import GuestFormats

/// What decides who gets in beside the server itself: PAM, its table of accounts, a firewall.
extension FuzzEntries {
    static let gates: [FuzzEntry] = [
        FuzzEntry(
            "pam",
            seed:
                "auth [success=1 default=ignore] pam_unix.so a\\\n b\n@include c\n-session substack d\naccount required e\n"
        ) { _ = try PAMService($0, name: "x").entries },
        FuzzEntry(
            "access.conf", seed: "# c\n+ : root (wheel) EXCEPT @x : LOCAL 10.0.0.0/8\n-:ALL:ALL EXCEPT tty1\n"
        ) {
            let table = try AccessTable($0)
            _ = table.admits(user: "root", groups: ["wheel"])
            _ = table.admits(user: "x", groups: nil)
        },
        FuzzEntry(
            "susefirewall",
            seed: "FW_SERVICES_EXT_TCP=\"22 ssh 80:90\"\nFW_DEV_EXT=\"any\"\nFW_ZONE_DEFAULT=no\n"
        ) { _ = try SuSEFirewall($0).answer },
    ]
}
