import GuestFacts
import Targets

/// The healthy Windows of the examples: hives, setup and settings.
extension ExampleWindows {
    mutating func addState() {
    }
}
