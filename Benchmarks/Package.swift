// swift-tools-version: 6.2
import PackageDescription

/// Speed is measured apart from the product: nothing that only a benchmark needs gets into it.
let package = Package(
    name: "cutover-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "cutover", path: "..")],
    targets: [
        .executableTarget(
            name: "cutover-bench",
            dependencies: [
                .product(name: "DataPath", package: "cutover"),
                .product(name: "HTTP", package: "cutover"),
                .product(name: "Postgres", package: "cutover"),
                .product(name: "LabKit", package: "cutover"),
                .product(name: "Cutover", package: "cutover"),
                .product(name: "Transports", package: "cutover"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .swiftLanguageMode(.v6),
            ])
    ]
)
