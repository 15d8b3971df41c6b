import GuestFacts
import Targets

/// The healthy Windows of the examples: its drivers.
extension ExampleWindows {
    mutating func addDrivers() {
    }
}
