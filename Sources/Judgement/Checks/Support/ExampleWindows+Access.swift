import GuestFacts
import Targets

/// The healthy Windows of the examples: network, accounts and agents.
extension ExampleWindows {
    mutating func addAccess() {
    }
}
