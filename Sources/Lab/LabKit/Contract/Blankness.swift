extension String {
    /// True when nothing is left after trimming Unicode white space; a zero-width space (U+200B) is not white space.
    var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
