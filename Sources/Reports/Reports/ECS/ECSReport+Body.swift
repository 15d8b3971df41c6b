extension ECSReport {
    // The names of the operation's answer, as they are there.
    struct Body: Encodable {
        var Images: Images
        var PageNumber: Int
        var PageSize: Int
        var TotalCount: Int
    }

    struct Images: Encodable {
        var Image: [Image]
    }

    struct Image: Encodable {
        var ImageName: String
        var Description: String?
        var Architecture: String?
        var OSType: String?
        var OSName: String?
        var OSNameEn: String?
        var Platform: String?
        var Size: UInt64
        var BootMode: String?
        var DetectionOptions: DetectionOptions
        var Tags: Tags?
    }

    struct DetectionOptions: Encodable {
        var Status: String
        var Items: Items
    }

    struct Items: Encodable {
        var Item: [Item]
    }

    struct Item: Encodable {
        var Name: String
        var Value: String
        var RiskLevel: String?
        var RiskCode: String?
    }

    struct Tags: Encodable {
        var Tag: [Tag]
    }

    struct Tag: Encodable {
        var TagKey: String
        var TagValue: String
    }
}
