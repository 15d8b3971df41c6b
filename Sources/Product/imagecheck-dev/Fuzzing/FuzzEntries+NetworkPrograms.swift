import ByteReading
import GuestFormats

/// Network programs beside the common ones, udev's generator of rules, cloud-init's own network.
extension FuzzEntries {
    static let networkPrograms: [FuzzEntry] = [
        FuzzEntry(
            "net-generator",
            seed:
                "ENV{MATCHADDR}=\"$attr{address}\"\nENV{MATCHADDR}==\"52:*|?[26]:*\", GOTO=\"e\"\nIMPORT{program}=\"write_net_rules\"\nLABEL=\"e\"\n"
        ) {
            _ = try PersistentNetGenerator($0, name: "x").name(taken: ["eth0"])
        },
        FuzzEntry("netctl", seed: "Interface=eth0\nConnection=bond\nBindsToInterfaces=('a' 'b')\nIP=static\n")
        {
            _ = try NetctlProfile(ConfigurationFile(path: "x", bytes: $0)).configuration
        },
        FuzzEntry("netifrc", seed: "config_eth0=\"10.0.0.2/24\"\nroutes_eth0=\"default via 10.0.0.1\"\n") {
            _ = try NetifrcConfiguration(ConfigurationFile(path: "x", bytes: $0)).configuration(of: "eth0")
        },
        FuzzEntry(
            "connman",
            seed: "[General]\nNetworkInterfaceBlacklist=a,b\n[service_x]\nType=ethernet\nIPv4=1/2/3\n"
        ) {
            var configuration = ConnmanConfiguration()
            try configuration.readMain(ConfigurationFile(path: "x", bytes: $0))
            try configuration.readServices(ConfigurationFile(path: "x", bytes: $0))
            try configuration.readState(ConfigurationFile(path: "x", bytes: $0))
            _ = configuration.all(path: "x")
        },
        FuzzEntry("kernel-ip", seed: "10.0.0.2::10.0.0.1:255.0.0.0:h:eth0:none") {
            _ = KernelNetworkParameter($0.textToNUL)
        },
        FuzzEntry(
            "cloud-network",
            seed:
                "version: 1\nconfig:\n- {type: bond, name: a, bond_interfaces: [b], subnets: [{type: static, address: 1/2}]}\n"
        ) {
            guard let value = try YAMLValue.read($0, name: "x") else { return }
            _ = CloudNetworkConfiguration(value, path: "x")
        },
    ]
}
