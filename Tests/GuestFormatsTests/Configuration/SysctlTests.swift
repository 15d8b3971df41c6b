import GuestFormats
import Testing

/// Which kernel parameter counts when several files set it.
@Suite struct SysctlTests {
    private func settings(_ files: [(String, String)]) -> SysctlConfiguration {
        SysctlConfiguration(files: files.map { ConfigurationFile(path: $0.0, bytes: configBytes($0.1)) })
    }

    @Test func theLastAssignmentCounts() {
        let found = settings([
            ("/etc/sysctl.d/10-a.conf", "# net.ipv4.ip_forward = 1\n; x\nnet.ipv4.ip_forward = 1\n"),
            ("/etc/sysctl.d/20-b.conf", "-net.ipv4.ip_forward=0\nnot an assignment\n=1\n"),
        ])
        #expect(found.value("net/ipv4/ip_forward")?.value == "0")
        #expect(found.value("net/ipv4/ip_forward")?.source.line == 1)
        #expect(found.entries.count == 2)
    }

    @Test func theFirstSeparatorIsTheOneThatIsMeant() {
        let found = settings([("x", "net.ipv4.conf.eth0/1.rp_filter=2\nnet/ipv4/conf/eth0.2/rp_filter=1\r\n")]
        )
        #expect(found.value("net/ipv4/conf/eth0.1/rp_filter")?.value == "2")
        #expect(found.value("net/ipv4/conf/eth0.2/rp_filter")?.value == "1")
    }

    @Test func patternsNeverGoOverWhatIsNamed() {
        let found = settings([
            (
                "/usr/lib/sysctl.d/50-default.conf",
                "net.ipv4.conf.default.rp_filter = 2\nnet.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\n"
            ),
            ("/etc/sysctl.d/90.conf", "net.ipv4.conf.eth0.rp_filter=0\nnet.ipv4.conf.e*.rp_filter=1\n"),
        ])
        #expect(found.value("net/ipv4/conf/all/rp_filter") == nil)
        #expect(found.value("net/ipv4/conf/eth0/rp_filter")?.value == "0")
        #expect(found.value("net/ipv4/conf/ens5/rp_filter")?.value == "1")
        #expect(found.value("net/ipv4/conf/lo/rp_filter")?.value == "2")
        #expect(found.value("net/ipv4/conf/a/b/rp_filter") == nil)
    }
}
