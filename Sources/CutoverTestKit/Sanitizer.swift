import Foundation

/// Whether these tests were built with a sanitizer: such a program takes terabytes of address space, and several times the memory.
public enum Sanitizer {
    public static let isOn = ["__asan_init", "__tsan_init"].contains { (name: String) in dlsym(nil, name) != nil }
}
