/// Which build this is, as a journal keeps it beside the schema that it was taken to.
enum Build {
    static let name = "cutoverctl 0.1.0"
}
