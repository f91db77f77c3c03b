import Foundation

/// Whether a word stands in a text, by bytes. By characters, the same question takes a hundred times as long.
package enum ByteSearch {
    package static func finds(_ word: String, in text: String) -> Bool {
        var (word, text) = (word, text)
        return text.withUTF8 { text in word.withUTF8 { finds(UnsafeRawBufferPointer($0), in: UnsafeRawBufferPointer(text)) } }
    }

    /// The empty word stands everywhere.
    package static func finds(_ word: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> Bool {
        guard let letters = word.baseAddress, let start = text.baseAddress, let first = word.first else { return word.isEmpty }
        var from = 0
        while from + word.count <= text.count, let hit = memchr(start + from, Int32(first), text.count - from - word.count + 1) {
            if memcmp(hit, letters, word.count) == 0 { return true }
            from = start.distance(to: hit) + 1
        }
        return false
    }
}
