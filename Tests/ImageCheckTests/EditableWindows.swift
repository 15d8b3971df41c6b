import Checks
import TestSupport

/// A copy of a Windows disk whose registry can be changed, as a person would do it: hivexregedit on the hive of the
/// mounted volume.
struct EditableWindows {
    private let scratch: ScratchFolder
    /// The host path of the copy.
    let path: String

    init(_ original: String) async throws {
        scratch = try await ScratchFolder()
        path = scratch.place("copy.raw")
        try await HostTool.shell("qemu-img convert -O raw '\(original)' '\(path)'")
    }

    /// Where a hive is on its volume; several for one that may be in several places.
    private func places(of hive: String) -> [String] {
        hive == "BCD" ? ["EFI/Microsoft/Boot/BCD", "Boot/BCD"] : ["Windows/System32/config/\(hive)"]
    }

    /// Merges the text of a `.reg` file into its hive, on whichever partition that is.
    func merge(_ edit: RegistryEdit) async throws {
        let file = scratch.place("fix.reg")
        try await HostTool.shell("cat > '\(file)' <<'END'\n\(edit.text)\nEND")
        let prefix =
            edit.hive == "BCD" ? "HKEY_LOCAL_MACHINE\\BCD00000000" : "HKEY_LOCAL_MACHINE\\\(edit.hive)"
        let names = places(of: edit.hive).map { "'\($0)'" }.joined(separator: " ")
        let mount = scratch.place("mount")
        try await HostTool.shell(
            """
            mkdir -p '\(mount)'
            done=
            for start in $(sfdisk -d '\(path)' | sed -n 's/.*start= *\\([0-9]*\\).*/\\1/p'); do
                offset=$((start * 512))
                type=$(blkid -p -O $offset -s TYPE -o value '\(path)' || true)
                case "$type" in ntfs) kind=ntfs-3g;; vfat) kind=vfat;; *) continue;; esac
                size=$(sfdisk -d '\(path)' | sed -n "s/.*start= *$start, size= *\\([0-9]*\\).*/\\1/p")
                mount -t $kind -o loop,offset=$offset,sizelimit=$((size * 512)) '\(path)' '\(mount)' || continue
                status=0
                for name in \(names); do
                    if [ -f '\(mount)'/$name ]; then
                        hivexregedit --merge --prefix '\(prefix)' '\(mount)'/$name '\(file)' || status=$?
                        done=yes
                    fi
                done
                umount '\(mount)'
                [ $status -eq 0 ] || exit $status
            done
            [ -n "$done" ]
            """)
    }
}
