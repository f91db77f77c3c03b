// swift-tools-version: 6.2
import PackageDescription

/// Speed is measured apart from the product: nothing that only a benchmark needs gets into it.
let package = Package(
    name: "cutover-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "cutover", path: ".."),
        // For plain inserts into a database of the same build of SQLite.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
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
                .product(name: "Journals", package: "cutover"),
                .product(name: "PlanFiles", package: "cutover"),
                .product(name: "Phases", package: "cutover"),
                .product(name: "Simulation", package: "cutover"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .swiftLanguageMode(.v6),
            ])
    ]
)
