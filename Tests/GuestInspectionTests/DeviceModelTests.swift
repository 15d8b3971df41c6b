import Testing

@testable import GuestInspection

/// The identifiers of devices, as Windows derives them.
struct DeviceModelTests {
    /// In the order in which Windows ranks them (Windows drivers, "Identifiers for PCI devices").
    @Test func identifiersOfAVirtioDisk() throws {
        let model = try #require(DeviceModel.all.first { $0.kind == "virtio-blk" })
        #expect(
            model.identifiers == [
                #"PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00"#,
                #"PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4"#, #"PCI\VEN_1AF4&DEV_1001&CC_010000"#,
                #"PCI\VEN_1AF4&DEV_1001&CC_0100"#, #"PCI\VEN_1AF4&DEV_1001&REV_00"#,
                #"PCI\VEN_1AF4&DEV_1001"#, #"PCI\VEN_1AF4&CC_010000"#, #"PCI\VEN_1AF4&CC_0100"#,
                #"PCI\VEN_1AF4"#, #"PCI\CC_010000"#, #"PCI\CC_0100"#,
            ])
        #expect(model.name == #"PCI\VEN_1AF4&DEV_1001"#)
    }

    /// What drivers of Windows itself are bound to must be among the identifiers of the devices of a target.
    @Test(arguments: [
        ("nvme", #"PCI\CC_010802"#), ("sata", #"PCI\CC_010601"#), ("sata", #"PCI\CC_0106"#),
        ("ide", #"PCI\VEN_8086&DEV_7010"#), ("ide", #"PCI\CC_0101"#), ("ide-channel", "Internal_IDE_Channel"),
        ("virtio-blk", #"PCI\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01"#),
        ("virtio-scsi", #"PCI\VEN_1AF4&DEV_1004&SUBSYS_00081AF4&REV_00"#),
        ("virtio-scsi", #"PCI\VEN_1AF4&DEV_1048&REV_01"#),
        ("virtio_net", #"PCI\VEN_1AF4&DEV_1041"#),
    ])
    func identifiersThatDriversServe(_ kind: String, _ identifier: String) {
        #expect(DeviceModel.all.contains { $0.kind == kind && $0.identifiers.contains(identifier) })
    }
}
