/// Things to come, the earliest first; of those of one moment the one that was added first.
package struct Agenda<Element> {
    private var heap: [(at: Timestamp, number: Int, element: Element)] = []
    private var number = 0

    package init() {}

    package var next: Timestamp? { heap.first?.at }
    package var first: (at: Timestamp, element: Element)? { heap.first.map { ($0.at, $0.element) } }

    package mutating func add(_ element: Element, at: Timestamp) {
        number += 1
        heap.append((at, number, element))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    package mutating func take() -> (Timestamp, Element)? {
        guard let first = heap.first else { return nil }
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.element)
    }

    private func precedes(_ one: Int, _ other: Int) -> Bool { (heap[one].at, heap[one].number) < (heap[other].at, heap[other].number) }
}
