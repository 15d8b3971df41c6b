/// Plays the events of an ordinary boot through the jobs of upstart and says which of them start.
///
/// What events a boot has beside those of the jobs is given: `startup`, the mounts, the interfaces. An event that
/// nothing here emits leaves open whether it comes, unless it is one that an ordinary boot never has.
package struct UpstartBoot: Sendable {
    /// The answer for each job that is there.
    package let starts: [String: Ternary]
    /// Whether a job enters a run level.
    package let entersRunlevel: Bool

    /// Events of shutdown, rescue and special hardware.
    private static let neverAtBoot: Set<String> = [
        "control-alt-delete", "keyboard-request", "power-status-changed", "recovery", "desktop-shutdown",
        "deconfiguring-networking", "unmounted-remote-filesystems", "container", "session-end", "vt-switch",
        "desktop-session-start", "login-session-start", "net-device-down", "net-device-removed",
        "mount-failed", "mounted-failed", "lid-closed", "clicked-suspend",
    ]

    /// - Parameters:
    ///   - jobs: every job.
    ///   - runlevel: the level that `telinit` is called with.
    ///   - events: what the boot emits beside the jobs themselves.
    ///   - possible: what it may emit.
    package init(
        jobs: [UpstartJob], runlevel: String, events: [UpstartEvent], possible: [UpstartEvent] = []
    ) {
        var seen = Set(events)
        seen.insert(UpstartEvent("startup"))
        var possible = Set(possible)
        var answers: [String: Ternary] = Dictionary(
            jobs.map { ($0.name, Ternary.no) }, uniquingKeysWith: { a, _ in a })
        var ended: Set<String> = []

        func answer(_ match: UpstartCondition.Match) -> Ternary {
            var best = Ternary.no
            for event in seen where event.name == match.name { best = best || match.matches(event) }
            if best == .yes { return .yes }
            for event in possible where event.name == match.name { best = best || match.matches(event) }
            if best != .no { return .unknown }
            // Something outside the jobs may emit any other: udev, a bridge, a script.
            return Self.closed.contains(match.name) || Self.neverAtBoot.contains(match.name) ? .no : .unknown
        }

        // Every round changes the answer of at least one job, and each changes twice at most.
        for _ in 0...(2 * jobs.count) {
            var hasChanged = false
            for job in jobs {
                let now: Ternary =
                    answers[job.name] == .yes
                    ? .yes : job.startOn.map { $0.evaluate(answer) } ?? (job.isUnclear ? .unknown : .no)
                if now != .no, now != answers[job.name] {
                    hasChanged = true
                    answers[job.name] = now
                    let events = Self.events(of: job, runlevel: runlevel)
                    // A service may end by itself, which nothing here can tell.
                    possible.formUnion(events.certain + events.possible)
                    if now == .yes { seen.formUnion(events.certain) }
                }
                if now == .yes, !job.isTask, !ended.contains(job.name),
                    job.stopOn?.evaluate(answer) == .yes
                {
                    ended.insert(job.name)
                    hasChanged = true
                    seen.formUnion(Self.ending(of: job, runlevel: runlevel))
                }
            }
            if !hasChanged { break }
        }
        starts = answers
        entersRunlevel = seen.contains { $0.name == "runlevel" }
    }

    /// Events that nothing but upstart, its jobs and `telinit` emit.
    private static let closed: Set<String> = ["starting", "started", "stopping", "stopped", "runlevel"]

    private static func ending(of job: UpstartJob, runlevel: String) -> [UpstartEvent] {
        let level = job.name == "rc" ? [("RUNLEVEL", runlevel), ("PREVLEVEL", "N")] : []
        let variables = [("JOB", job.name), ("INSTANCE", ""), ("RESULT", "ok")] + level
        return [UpstartEvent("stopping", variables), UpstartEvent("stopped", variables)]
    }

    /// What a job lets happen once it starts: a task ends, rc-sysinit of Debian's layout and rcS of Red Hat's call
    /// `telinit` when they are done.
    private static func events(
        of job: UpstartJob, runlevel: String
    ) -> (certain: [UpstartEvent], possible: [UpstartEvent]) {
        let name = [("JOB", job.name), ("INSTANCE", "")]
        var events = [UpstartEvent("starting", name), UpstartEvent("started", name)]
        guard job.isTask else { return (events, ending(of: job, runlevel: runlevel)) }
        events += ending(of: job, runlevel: runlevel)
        if job.commands.contains(where: { AsciiText.words($0.text).contains { $0.hasSuffix("telinit") } }) {
            events.append(UpstartEvent("runlevel", [("RUNLEVEL", runlevel), ("PREVLEVEL", "N")]))
        }
        return (events, [])
    }
}
