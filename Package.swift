// swift-tools-version: 6.2
import PackageDescription

/// The walls: every existential is spelled, no member leaks in through another room's import, and an import is private unless it says otherwise.
let walls: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .swiftLanguageMode(.v6),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

func room(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", swiftSettings: walls)
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: walls)
}

func exam(_ name: String, _ dependencies: [Target.Dependency], beside: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: beside, swiftSettings: walls)
}

let package = Package(
    name: "cutover",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "cutoverctl", targets: ["cutoverctl"]),
        .executable(name: "cutover-lab", targets: ["cutover-lab"]),
        // For the benchmarks, which are a package of their own.
        .library(name: "DataPath", targets: ["DataPath"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .library(name: "HTTP", targets: ["HTTP"]),
        .library(name: "LabKit", targets: ["LabKit"]),
        .library(name: "Transports", targets: ["Transports"]),
        .library(name: "Cutover", targets: ["Cutover"]),
        .library(name: "Journals", targets: ["Journals"]),
        .library(name: "PlanFiles", targets: ["PlanFiles"]),
        .library(name: "Phases", targets: ["Phases"]),
        .library(name: "Simulation", targets: ["Simulation"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", "4.5.2"..<"5.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.9.0"),
        // What hummingbird stands on: the lab's SSM endpoint closes connections under its clients.
        .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CLibpq", path: "Sources/CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Debug builds alone can be killed at a named point.
        .target(
            name: "CrashPoints", path: "Sources/CrashPoints", swiftSettings: walls + [.define("CRASH_POINTS", .when(configuration: .debug))]),
        room("Cutover", [crypto]),
        room("Postgres", ["CLibpq", "CrashPoints"]),
        room("HTTP", ["CCurl", "CrashPoints"]),
        room("DataPath", ["Postgres", "HTTP", "CZlib", "CrashPoints", crypto]),
        room("Host", ["Cutover", "CrashPoints", subprocess]),
        room("Archives", ["DataPath", "HTTP", crypto]),
        room("Phases", ["Cutover", "Host", "DataPath", "Archives", "Postgres", "HTTP", "CrashPoints"]),
        room("PlanFiles", ["Cutover", yams]),
        room("Journals", ["Cutover", "CrashPoints", "Postgres", grdb]),
        room("Simulation", ["Cutover"]),
        room("Transports", ["Cutover", "HTTP", "CZlib", "CrashPoints", crypto, subprocess]),
        program(
            "cutoverctl",
            ["Cutover", "Phases", "Host", "PlanFiles", "Journals", "Transports", "Simulation", "Metering", "Telling", arguments, logging, coreMetrics],
            path: "Sources/cutoverctl"),
        room("Telling", ["Cutover", "HTTP", subprocess]),
        room("Metering", [coreMetrics, hummingbird, logging, nioCore]),
        room("CutoverTestKit", ["Cutover"]),
        room("ProgramsTestKit", [subprocess]),
        room("RunbookReader", []),

        room("LabKit", ["CLibpq", "CCurl", crypto, hummingbird, logging, nioCore], path: "Sources/Lab/LabKit"),
        program("cutover-lab", ["LabKit", arguments], path: "Sources/Lab/cutover-lab"),
        program("lab-plugin", ["LabKit"], path: "Sources/Lab/lab-plugin"),
        program("lab-workspace-server", ["LabKit"], path: "Sources/Lab/lab-workspace-server"),

        // Millions of states: without the optimiser a run takes the better part of an hour.
        .executableTarget(
            name: "look-explorer", path: "Tests/LookExplorer", swiftSettings: walls + [.unsafeFlags(["-O"])]),
        program("look-stress", ["DataPath", "Postgres"], path: "Tests/LookStress"),
        .target(
            name: "SimulatorKit", dependencies: ["Cutover", "Host", "Phases", "DataPath", "PlanFiles", "Simulation"], path: "Tests/SimulatorKit",
            swiftSettings: walls),
        program("simulator", ["SimulatorKit", arguments], path: "Tests/Simulator"),
        .executableTarget(
            name: "fuzz", dependencies: ["Cutover", "CutoverTestKit", "PlanFiles", "Phases", "Host", "Transports", "DataPath", "HTTP", "Simulation"], path: "Tests/Fuzz",
            exclude: ["Corpus"], swiftSettings: walls),
        program("end-to-end", ["CLibpq", "RunbookReader", arguments, subprocess], path: "Tests/EndToEnd"),
        exam("CutoverTests", ["Cutover", "CutoverTestKit", "ProgramsTestKit"]),
        exam("HTTPTests", ["HTTP", "ProgramsTestKit"]),
        exam("HostTests", ["Host", "Cutover", "CutoverTestKit", "ProgramsTestKit"]),
        exam("PhasesTests", ["Phases", "Host", "HTTP", "Cutover", "CutoverTestKit", "PlanFiles", "Postgres", "Transports", "ProgramsTestKit"]),
        exam("DataPathTests", ["DataPath", "Postgres", "HTTP", "look-explorer", crypto, "ProgramsTestKit"]),
        exam("ArchivesTests", ["Archives", "DataPath", "HTTP"], beside: ["store.py"]),
        exam("PlanFilesTests", ["PlanFiles", "Cutover"]),
        exam("JournalsTests", ["Journals", "Cutover", "CutoverTestKit", "Postgres", grdb, "ProgramsTestKit"]),
        exam("TransportsTests", ["Transports", "HTTP", "Cutover", "CutoverTestKit", "LabKit"], beside: ["systems_manager.py", "moto_ssm.py", "key_givers.py"]),
        exam("SimulationTests", ["Simulation", "Cutover", "CutoverTestKit", "PlanFiles", "Phases"]),
        exam("SimulatorTests", ["SimulatorKit", "simulator", "Simulation", "Cutover", "CutoverTestKit", "Host", "Phases", "ProgramsTestKit"]),
        exam("TellingTests", ["Telling", "HTTP", "Cutover", "CutoverTestKit", "Host", "ProgramsTestKit"], beside: ["hook-server.py"]),
        exam("MeteringTests", ["Metering", "HTTP", coreMetrics]),
        exam("CutoverctlTests", ["cutoverctl", "Telling", "Cutover", "CutoverTestKit", "Phases", "PlanFiles", "ProgramsTestKit", "RunbookReader", arguments, logging]),
        exam("HostileTests", ["fuzz", "Simulation", "Cutover", "CutoverTestKit", "Host", "Journals", "Phases", "Transports", "PlanFiles", "Postgres", "DataPath", "cutoverctl", "ProgramsTestKit"]),
        exam("LabTests", ["LabKit", "ProgramsTestKit"], beside: ["ssm_proof.py"]),
        exam("WallsTests", ["ProgramsTestKit"]),
        exam("CrashPointsTests", ["cutoverctl", "Cutover", "ProgramsTestKit"]),
    ]
)
