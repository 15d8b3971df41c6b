import ArgumentParser
import Batch
import CAllocation
import FoundationEssentials

/// Confines itself as a worker of a batch does, then tries what a worker must not be able to do.
struct ConfinementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confinement",
        abstract: "Confine this process like a worker and try something forbidden.")

    enum Attempt: String, CaseIterable, ExpressibleByArgument {
        /// Write a new file.
        case write
        /// Change a file that is there.
        case change
        /// Read a file that is there.
        case read
        /// Allocate more and more memory.
        case allocate
        /// Use up processor time.
        case spin
    }

    @Option(help: "What to try.")
    var attempt: Attempt

    @Option(help: "Memory limit in MiB.")
    var memory = 256

    @Option(help: "Processor time limit in seconds.")
    var processorTime = 10

    @Argument(help: "A file to try it on.")
    var file: String

    func run() throws {
        for note in Confinement(memoryMiB: memory, processorSeconds: processorTime).apply() {
            print("not confined: \(note)")
        }
        callocation_exit_when_refused(BatchRun.refusedMemory)
        switch attempt {
        case .read:
            print("read \(try Data(contentsOf: URL(filePath: file)).count) bytes")
        case .write, .change:
            do {
                try Data([1, 2, 3]).write(to: URL(filePath: file))
                print("written")
            } catch {
                print("refused")
                throw ExitCode.failure
            }
        case .allocate:
            var blocks: [[UInt8]] = []
            while true { blocks.append([UInt8](repeating: 1, count: 16 << 20)) }
        case .spin:
            var number: UInt64 = 1
            while number != 0 { number = number &* 3 | 1 }
        }
    }
}
