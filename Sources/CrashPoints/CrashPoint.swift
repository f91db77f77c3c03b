/// A place at which a process can be killed, to see what a crash just there leaves behind: one before and one after each durable write and each
/// effect on the world. Debug builds have them; a release has neither the calls nor their names.
///
/// They are asleep unless the variable `CUTOVER_CRASH_POINTS` names a folder, which all processes of a run share. There `trace` tells every point
/// that any of them reached; one whose line stands in `at` dies there by SIGKILL, once, and leaves that line in `died`.
public enum CrashPoint {
    #if CRASH_POINTS
        /// Nil is no point.
        public static func reached(_ name: @autoclosure () -> String?) {
            guard let ground = CrashGround.ours, let name = name() else { return }
            ground.reached(name)
        }

        /// A stage of writing this file.
        public static func reached(_ stage: @autoclosure () -> String, file path: @autoclosure () -> String) {
            CrashGround.ours?.reached("\(CrashGround.shape(ofFile: path())) \(stage())")
        }

        /// What this process does from here on; stands before the names of its points.
        public static func carriesOut(_ work: @autoclosure () -> String) { CrashGround.ours?.carriesOut(work()) }

        /// What a program of ours has to be started with, for its points to count.
        public static var variables: [String: String] { CrashGround.ours.map { [CrashGround.variable: $0.folder] } ?? [:] }
    #else
        @inlinable @inline(__always) public static func reached(_ name: @autoclosure () -> String?) {}
        @inlinable @inline(__always) public static func reached(_ stage: @autoclosure () -> String, file path: @autoclosure () -> String) {}
        @inlinable @inline(__always) public static func carriesOut(_ work: @autoclosure () -> String) {}
        @inlinable @inline(__always) public static var variables: [String: String] { [:] }
    #endif
}
