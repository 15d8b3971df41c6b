import GuestFacts
import Targets

/// One way from the firmware through the loader to a kernel, with the launches that take it.
struct BootWay {
    var launches: [Launch]
    var path: BootPath
    var entry: BootEntry
    /// Nil when the entry names no kernel that was looked at.
    var kernel: KernelFacts?
    /// In the order of the entry; shorter than `entry.initramfsPaths` when some were not looked at.
    var initramfs: [InitramfsFacts]

    /// Whether the kernel will have the whole initramfs that the entry wants.
    var hasWholeInitramfs: Bool {
        !entry.initramfsPaths.isEmpty && initramfs.count == entry.initramfsPaths.count
            && initramfs.allSatisfy { $0.state == .good }
    }

    /// GRUB found no kernel to load, so nothing behind it in the entry was ever reached.
    var stopsAtKernel: Bool {
        entry.problems.contains { $0.code == "Grub.KernelMissing" } && entry.initramfsPaths.isEmpty
    }

    /// The version of the kernel for commands, or the shell's expression for the newest one.
    var kernelVersion: String { kernel?.version ?? "all" }
}

/// The ways of the judged launches, and a question for each firmware whose way ends before a kernel.
struct BootSurvey {
    var ways: [BootWay] = []
    var questions: [OpenQuestion] = []
}

extension CheckContext {
    /// The paths of the firmware that the launches use, with those launches.
    func firmwarePaths(of linux: LinuxFacts) -> [(path: BootPath, launches: [Launch])] {
        Firmware.allCases.compactMap { firmware in
            let users = launches.filter { $0.firmware.rawValue == firmware.rawValue }
            return users.isEmpty ? nil : (linux.boot.path(for: firmware), users)
        }
    }

    /// The default entries of the launches. Two firmware that come to the same kernel, initramfs and command
    /// line make one way, so that nothing is said twice.
    func boots(of linux: LinuxFacts) -> BootSurvey {
        var survey = BootSurvey()
        for (path, users) in firmwarePaths(of: linux) {
            guard let entry = path.entry else {
                survey.questions.append(
                    OpenQuestion(
                        "what \(path.firmware.rawValue) would start is not known, because the way to a boot entry"
                            + " is broken or could not be followed",
                        launches: scope(users)))
                continue
            }
            let same = survey.ways.firstIndex {
                $0.entry.kernelPath == entry.kernelPath && $0.entry.initramfsPaths == entry.initramfsPaths
                    && $0.entry.commandLine.text == entry.commandLine.text
            }
            if let same {
                survey.ways[same].launches += users
            } else {
                survey.ways.append(
                    BootWay(
                        launches: users, path: path, entry: entry,
                        kernel: entry.kernelPath.flatMap { linux.boot.kernels[$0] },
                        initramfs: entry.initramfsPaths.compactMap { linux.boot.initramfs[$0] }))
            }
        }
        return survey
    }

    /// What a finding says about its launches: nothing when it concerns all of them.
    func scope(_ some: [Launch]) -> [Launch]? {
        Set(some) == Set(launches) ? nil : launches.filter(some.contains)
    }

    /// The outcome of a check of Linux systems when there is none.
    var withoutLinux: CheckOutcome {
        switch system {
        case .windows(let windows): .notApplicable("the system is \(windows.identity.name), not Linux")
        case .other(let other): .notApplicable("the system is \(other.name), not Linux")
        case .linux, nil: .notApplicable("no Linux system was found in the image")
        }
    }

    /// The outcome of a check of Windows when there is none.
    var withoutWindows: CheckOutcome {
        switch system {
        case .linux: .notApplicable("the system is Linux, not Windows")
        case .other(let other): .notApplicable("the system is \(other.name), not Windows")
        case .windows, nil: .notApplicable("no Windows was found in the image")
        }
    }

    /// The file system the root is on.
    func rootVolume(of linux: LinuxFacts) -> VolumeFacts? { image.volume(linux.rootVolume) }

    /// The volume that holds `/boot`: the root's, unless fstab mounts another one there.
    func bootVolume(of linux: LinuxFacts) -> VolumeID {
        for entry in linux.mounts.fstab.value ?? [] where entry.mountPoint == "/boot" {
            if case .volume(let id) = entry.resolution { return id }
        }
        return linux.rootVolume
    }
}

extension DeviceResolution {
    /// The volume of this image that is meant, when it is one and certain on any hardware.
    var volume: VolumeID? {
        if case .volume(let id) = self { id } else { nil }
    }
}
