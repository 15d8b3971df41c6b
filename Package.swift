// swift-tools-version: 6.2
import PackageDescription

// The floors of the house, top to bottom; a module may import what stands above it and nothing below.
// Each room: name, folder, and what it may see. The compiler holds the arrows.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .treatWarning("StrictMemorySafety", as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func room(_ name: String, in floor: String, sees rooms: [Target.Dependency] = [], resources: [Resource] = [])
    -> Target
{
    .target(
        name: name, dependencies: rooms, path: "Sources/\(floor)/\(name)", exclude: [],
        resources: resources, swiftSettings: settings)
}

func tests(_ name: String, sees rooms: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: rooms, path: "Tests/\(name)", swiftSettings: settings)
}

func cLibrary(_ name: String, pkgConfig: String? = nil, apt package: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/CLibraries/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let sqlite = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let bytes: [Target] = [
    cLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    cLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
    cLibrary("CLZMA", pkgConfig: "liblzma", apt: "liblzma-dev"),
    cLibrary("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
    cLibrary("CLZO", pkgConfig: "lzo2", apt: "liblzo2-dev"),
    cLibrary("CBzip2", apt: "libbz2-dev"),
    .systemLibrary(name: "CHost", path: "Sources/CLibraries/CHost"),
    .target(name: "CAllocation", path: "Sources/CLibraries/CAllocation"),
    room("ByteReading", in: "Bytes"),
    room(
        "Compression", in: "Bytes",
        sees: ["ByteReading", "CZlib", "CZstd", "CLZMA", "CLZ4", "CLZO", "CBzip2"]),
]

let disks: [Target] = [
    room("BlockIO", in: "Disks", sees: ["ByteReading", systemPackage]),
    room("ImageFormats", in: "Disks", sees: ["ByteReading", "Compression", "BlockIO", systemPackage]),
    room("Volumes", in: "Disks", sees: ["ByteReading", "BlockIO"]),
]

let fileSystems: [Target] = [
    room("FileSystemCore", in: "FileSystems", sees: ["ByteReading", "BlockIO"]),
    room("Ext4", in: "FileSystems", sees: ["ByteReading", "BlockIO", "FileSystemCore"]),
    room("FAT", in: "FileSystems", sees: ["ByteReading", "BlockIO", "FileSystemCore"]),
    room("Btrfs", in: "FileSystems", sees: ["ByteReading", "Compression", "BlockIO", "FileSystemCore"]),
    room("XFS", in: "FileSystems", sees: ["ByteReading", "BlockIO", "FileSystemCore"]),
    room("SquashFS", in: "FileSystems", sees: ["ByteReading", "Compression", "BlockIO", "FileSystemCore"]),
    room("NTFS", in: "FileSystems", sees: ["ByteReading", "Compression", "BlockIO", "FileSystemCore"]),
]

let guests: [Target] = [
    room("GuestFormats", in: "Guests", sees: ["ByteReading", "Compression", yams]),
    room("GuestFacts", in: "Guests"),
    room(
        "GuestInspection", in: "Guests",
        sees: [
            "ByteReading", "Compression", "BlockIO", "Volumes", "FileSystemCore", "SquashFS", "GuestFormats",
            "GuestFacts",
        ]),
]

let judgement: [Target] = [
    room("Targets", in: "Judgement", resources: [.embedInCode("Data")]),
    room("Checks", in: "Judgement", sees: ["GuestFacts", "Targets"], resources: [.embedInCode("Data")]),
    room("LaunchChain", in: "Judgement", sees: ["GuestFacts", "Targets", "Checks"]),
]

let reports: [Target] = [
    room(
        "Reports", in: "Reports", sees: ["GuestFacts", "Targets", "Checks", "LaunchChain", mustache],
        resources: [.embedInCode("Data")]),
    room(
        "Policies", in: "Reports",
        sees: [
            "ByteReading", "GuestFormats", "GuestFacts", "Targets", "Checks", "LaunchChain", "Reports", yams,
        ]),
]

let product: [Target] = [
    room(
        "ImageCheck", in: "Product",
        sees: [
            "ByteReading", "BlockIO", "ImageFormats", "Volumes", "FileSystemCore", "Ext4", "FAT", "XFS",
            "Btrfs", "NTFS", "SquashFS",
            "GuestFormats", "GuestFacts", "GuestInspection", "Targets", "Checks", "LaunchChain", "Reports",
        ]),
    room(
        "Batch", in: "Product",
        sees: [
            "ByteReading", "BlockIO", "ImageCheck", "Reports", "GuestFacts", "Checks", "LaunchChain", "CHost",
            subprocess, systemPackage, sqlite,
        ], resources: [.embedInCode("Data")]),
    .executableTarget(
        name: "imagecheck",
        dependencies: [
            "ByteReading", "BlockIO", "ImageCheck", "Batch", "Reports", "Policies", "Checks", "Targets",
            "CHost", "CAllocation",
            argumentParser, systemPackage,
        ],
        path: "Sources/Product/imagecheck", swiftSettings: settings),
    .executableTarget(
        name: "imagecheck-dev",
        dependencies: [
            "ImageCheck", "Batch", "ByteReading", "Compression", "BlockIO", "ImageFormats", "Volumes",
            "FileSystemCore",
            "Ext4", "FAT", "XFS", "Btrfs", "NTFS", "SquashFS", "GuestFormats", "Checks", "Targets",
            "LaunchChain",
            "GuestFacts", "Reports", "Policies", "CAllocation", argumentParser, subprocess, systemPackage,
        ],
        path: "Sources/Product/imagecheck-dev", swiftSettings: settings),
]

let testTargets: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: ["ByteReading", "BlockIO", "FileSystemCore", subprocess, systemPackage],
        path: "Tests/TestSupport", swiftSettings: settings),
    tests("ByteReadingTests", sees: ["ByteReading", "TestSupport"]),
    tests(
        "CompressionTests", sees: ["ByteReading", "Compression", "BlockIO", "TestSupport", systemPackage]),
    tests("BlockIOTests", sees: ["ByteReading", "BlockIO", "TestSupport", systemPackage]),
    tests(
        "ImageFormatsTests",
        sees: ["ByteReading", "Compression", "BlockIO", "ImageFormats", "TestSupport", systemPackage]),
    tests("VolumesTests", sees: ["ByteReading", "BlockIO", "Volumes", "TestSupport", systemPackage]),
    tests("FileSystemCoreTests", sees: ["ByteReading", "BlockIO", "FileSystemCore", "TestSupport"]),
    tests(
        "Ext4Tests", sees: ["ByteReading", "BlockIO", "FileSystemCore", "Ext4", "TestSupport", systemPackage]),
    tests(
        "FATTests",
        sees: ["ByteReading", "BlockIO", "FileSystemCore", "FAT", "TestSupport", systemPackage]),
    tests(
        "XFSTests",
        sees: ["ByteReading", "BlockIO", "FileSystemCore", "XFS", "TestSupport", systemPackage]),
    tests(
        "BtrfsTests",
        sees: ["ByteReading", "BlockIO", "FileSystemCore", "Btrfs", "TestSupport", systemPackage]),
    tests(
        "NTFSTests",
        sees: [
            "ByteReading", "Compression", "BlockIO", "FileSystemCore", "NTFS", "TestSupport", systemPackage,
        ]),
    tests(
        "SquashFSTests",
        sees: ["ByteReading", "BlockIO", "FileSystemCore", "SquashFS", "TestSupport", systemPackage]),
    tests("GuestFormatsTests", sees: ["ByteReading", "Compression", "GuestFormats", "TestSupport"]),
    tests(
        "GuestInspectionTests",
        sees: [
            "ByteReading", "BlockIO", "Volumes", "FileSystemCore", "GuestFormats", "GuestFacts",
            "GuestInspection",
            "TestSupport",
        ]),
    tests("TargetsTests", sees: ["Targets", "TestSupport"]),
    tests("ChecksTests", sees: ["GuestFacts", "Targets", "Checks", "TestSupport"]),
    tests("LaunchChainTests", sees: ["GuestFacts", "Targets", "Checks", "LaunchChain", "TestSupport"]),
    tests(
        "ReportsTests", sees: ["GuestFacts", "Targets", "Checks", "LaunchChain", "Reports", "TestSupport"]),
    tests(
        "PoliciesTests",
        sees: ["GuestFacts", "Targets", "Checks", "LaunchChain", "Reports", "Policies", "TestSupport"]),
    tests(
        "ImageCheckTests",
        sees: [
            "ByteReading", "BlockIO", "FileSystemCore", "ImageFormats", "Volumes", "Ext4", "FAT",
            "GuestFacts",
            "GuestInspection", "Targets", "Checks", "LaunchChain", "Reports", "ImageCheck", "TestSupport",
            systemPackage,
        ]),
    tests(
        "CommandLineTests",
        sees: [
            "ByteReading", "GuestFacts", "Targets", "Checks", "LaunchChain", "ImageCheck", "Batch", "Reports",
            "Policies", "TestSupport", "imagecheck", "imagecheck-dev", subprocess, systemPackage,
        ]),
]

/// Tests that ask libguestfs, which few machines have (libguestfs-dev): IMAGECHECK_GUESTFS=1 says that it is there.
let guestfsTests: [Target] =
    Context.environment["IMAGECHECK_GUESTFS"] != "1"
    ? []
    : [
        cLibrary("CGuestfs", pkgConfig: "libguestfs", apt: "libguestfs-dev"),
        tests(
            "GuestfsTests",
            sees: [
                "BlockIO", "GuestFacts", "GuestInspection", "ImageCheck", "CGuestfs", "TestSupport",
                systemPackage,
            ]),
    ]

let package = Package(
    name: "imagecheck",
    products: [
        .library(name: "ImageCheck", targets: ["ImageCheck"]),
        .executable(name: "imagecheck", targets: ["imagecheck"]),
        .executable(name: "imagecheck-dev", targets: ["imagecheck-dev"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: bytes + disks + fileSystems + guests + judgement + reports + product + testTargets + guestfsTests
)
