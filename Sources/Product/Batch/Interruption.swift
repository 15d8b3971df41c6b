internal import CHost
internal import Dispatch
internal import Glibc

/// Turns the signals that ask a program to end (Ctrl-C, `kill`) into a call, so that what is done is kept.
public final class Interruption {
    private let sources: [any DispatchSourceSignal]

    /// Calls `stop` at the first such signal; a second one ends the program as ever.
    public init(_ stop: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM].map { number in
            // The dispatch source sees it, and nothing else happens.
            chost_ignore_signal(number)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                chost_default_signal(SIGINT)
                chost_default_signal(SIGTERM)
                stop()
            }
            source.resume()
            return source
        }
    }

    /// For a worker: `kill` ends it, although the program that started it takes that signal otherwise. Ctrl-C
    /// stays with that program, which decides what becomes of its workers.
    public static func isDecidedByParent() { chost_default_signal(SIGTERM) }
}
