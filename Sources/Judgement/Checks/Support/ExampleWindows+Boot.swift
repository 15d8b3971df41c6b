import GuestFacts
import Targets

/// The healthy Windows of the examples: how it starts.
extension ExampleWindows {
    mutating func addBoot() {
    }
}
