import GuestFacts
import Testing

@testable import GuestInspection

/// First boot: cloud-init on each family, and what asks at the console.
@Suite struct CloudInitInspectionTests {
    private func guest(_ files: [String: String] = [:], _ family: OSIdentity.Family = .debian) -> NetworkGuest
    {
        var guest = NetworkGuest(family, family == .debian ? "debian" : "x", "12", udev: 252)
        guest.file("/usr/bin/cloud-init", "#!/usr/bin/python3\n")
        guest.start("cloud-init.service")
        for (path, text) in files { guest.file(path, text) }
        return guest
    }

    @Test(
        "Trap 50: the network part of cloud-init is switched off",
        arguments: [
            "99-disable-network-config.cfg", "subiquity-disable-cloudinit-networking.cfg",
        ])
    func networkPartIsOff(name: String) {
        let path = "/etc/cloud/cloud.cfg.d/\(name)"
        let facts = guest([path: "network: {config: disabled}\n"]).cloudInit()
        #expect(facts.networkDisabled?.path == path)
        var line = guest()
        #expect(line.cloudInit().networkDisabled == nil)
        line.commandLine = "network-config=disabled"
        #expect(line.cloudInit().networkDisabled != nil)
        let upgraded = guest(["/var/lib/cloud/data/upgraded-network": ""]).cloudInit()
        #expect(upgraded.networkDisabled != nil)
    }

    @Test func aNetworkOfItsOwn() {
        let one = guest([
            "/etc/cloud/cloud.cfg.d/50-curtin-networking.cfg":
                "network:\n  version: 1\n  config:\n  - type: physical\n    name: ens192\n    subnets:\n    - {type: static, address: 10.0.0.2/24}\n"
        ]).cloudInit()
        #expect(one.networkDisabled == nil)
        #expect(one.ownNetwork.map(\.method) == [.static])
        #expect(one.ownNetwork.first?.addresses == ["10.0.0.2/24"])
        let two = guest([
            "/etc/cloud/cloud.cfg.d/x.cfg":
                "network:\n  version: 2\n  ethernets:\n    all: {match: {name: \"e*\"}, dhcp4: true}\n"
        ]).cloudInit()
        #expect(two.ownNetwork.map(\.method) == [.dhcp])
        #expect(two.ownNetwork.first?.appliesToPrimary == .yes)
    }

    @Test func rendererOfEachDistribution() {
        let programs = ["/usr/sbin/netplan": "x", "/sbin/ifup": "x", "/etc/network/interfaces": ""]
        #expect(guest(programs).cloudInit().renderer?.value == .ifupdown)
        var ubuntu = guest(programs)
        ubuntu.file(
            "/etc/cloud/cloud.cfg",
            "system_info:\n  network:\n    renderers: ['netplan', 'eni', 'sysconfig']\n")
        #expect(ubuntu.cloudInit().renderer?.value == .netplan)
        var rocky = guest([:], .rhel)
        rocky.start("NetworkManager.service")
        rocky.file("/usr/bin/nmcli", "x")
        rocky.file("/etc/NetworkManager/NetworkManager.conf", "[main]\n")
        #expect(rocky.cloudInit().renderer?.value == .networkManager)
        #expect(rocky.cloudInit().renderedFiles == nil)
        rocky.file("/usr/lib64/NetworkManager/1.46/libnm-settings-plugin-ifcfg-rh.so", "x")
        #expect(rocky.cloudInit().renderedFiles == "/etc/sysconfig/network-scripts/ifcfg-")
        var photon = guest(["/usr/bin/ip": "x", "/usr/bin/systemctl": "x"], .other)
        photon.start("systemd-networkd.service")
        #expect(photon.cloudInit().renderer?.value == .networkd)
        #expect(guest().cloudInit().renderer == nil)
    }

    @Test("Trap 67: the data source is pinned, by the last file, by ds-identify, on the command line")
    func datasources() {
        var pinned = guest([
            "/etc/cloud/cloud.cfg": "datasource_list: [ NoCloud, AliYun ]\n",
            "/etc/cloud/cloud.cfg.d/90_dpkg.cfg": "datasource_list: [ Ec2, None ]\n",
        ])
        #expect(pinned.cloudInit().datasources?.value == ["Ec2", "None"])
        #expect(pinned.cloudInit().forcedDatasource == nil)
        pinned.file("/etc/cloud/ds-identify.cfg", "datasource: Azure\n")
        #expect(pinned.cloudInit().forcedDatasource?.value == "Azure")
        pinned.commandLine = "ds=nocloud;s=http://10.0.0.1/"
        #expect(pinned.cloudInit().forcedDatasource?.value == "NoCloud")
        pinned.file("/var/lib/cloud/seed/nocloud/meta-data", "instance-id: x\n")
        #expect(pinned.cloudInit().seeds.count == 1)
    }

    @Test("Trap 68: what pip installed comes before the package, and vendors add letters")
    func versions() {
        var facts = guest([
            "/usr/lib/python3.9/site-packages/cloudinit/version.py": "__VERSION__ = \"23.4\"\n"
        ])
        #expect(facts.cloudInit().version == "23.4")
        facts.identity.packages["cloud-init"] = "23.4-7.el9"
        #expect(facts.cloudInit().version == "23.4-7.el9")
        facts.file(
            "/usr/local/lib/python3.9/site-packages/cloudinit/version.py", "__VERSION__ = \"19.1.3\"\n")
        #expect(facts.cloudInit().version == "19.1.3")
        var vendor = guest(
            [
                "/usr/lib/python2.7/site-packages/cloudinit/version.py":
                    "    return vr.StrictVersion(\"0.7.6\")\n"
            ])
        #expect(vendor.cloudInit().version == "0.7.6")
        vendor.file("/usr/lib/python2.7/site-packages/cloud_init-0.7.6a15-py2.7.egg-info", "x")
        #expect(vendor.cloudInit().version == "0.7.6a15")
        vendor.file("/usr/lib/python2.7/site-packages/cloudinit/sources/DataSourceEc2.py", "x")
        #expect(vendor.cloudInit().knownDatasources == ["Ec2"])
    }

    @Test func switches() {
        var guest = guest()
        #expect(guest.cloudInit().enabled == .yes)
        guest.file("/etc/cloud/cloud-init.disabled", "")
        #expect(guest.cloudInit().enabled == .no)
        guest.commandLine = "cloud-init=enabled"
        #expect(guest.cloudInit().enabled == .yes)
        guest.commandLine = "cloud-init=disabled"
        #expect(guest.cloudInit().disabledBy.contains { $0.excerpt == "cloud-init=disabled" })
    }

    @Test("Trap 71: jeos-firstboot and initial-setup wait for a keyboard")
    func prompts() {
        var suse = NetworkGuest(.suse, "opensuse-leap", "15.5", udev: 249)
        suse.start("jeos-firstboot.service")
        suse.file(
            "/usr/lib/systemd/system/jeos-firstboot.service",
            "[Unit]\nBefore=network.service\n[Service]\nExecStart=/usr/sbin/jeos-firstboot\n")
        // It has nothing to ask once it has run.
        #expect(suse.cloudInit().prompts.isEmpty)
        suse.file("/var/lib/YaST2/reconfig_system", "")
        #expect(suse.cloudInit().prompts.map(\.code) == ["blocks"])
        var rhel = NetworkGuest(.rhel, "centos", "8", udev: 239)
        rhel.start("initial-setup.service")
        #expect(rhel.cloudInit().prompts.map(\.code) == ["console"])
        rhel.file("/.unconfigured", "")
        #expect(rhel.cloudInit().prompts.count == 2)
    }

    @Test func state() {
        let facts = guest([
            "/etc/cloud/cloud.cfg": "manual_cache_clean: true\npreserve_hostname: true\n",
            "/var/lib/cloud/data/instance-id": "i-1\n", "/var/lib/cloud/sem/x": "",
        ]).cloudInit()
        #expect(facts.keepsState?.line == 1)
        #expect(facts.preservesHostname?.line == 2)
        #expect(facts.staleState.count == 2)
    }
}
