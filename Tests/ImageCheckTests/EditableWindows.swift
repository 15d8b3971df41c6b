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
        let (mount, hive) = (scratch.place("mount"), scratch.place("hive"))
        try await HostTool.shell(
            """
            mkdir -p '\(mount)'
            done=
            sfdisk -d '\(path)' | sed -n 's/.*start= *\\([0-9]*\\), size= *\\([0-9]*\\).*/\\1 \\2/p' > '\(mount).list'
            while read -r start size; do
                offset=$((start * 512))
                case "$(blkid -p -O $offset -s TYPE -o value '\(path)' || true)" in
                ntfs)
                    mount -t ntfs-3g -o loop,offset=$offset,sizelimit=$((size * 512)) '\(path)' '\(mount)' || continue
                    status=0
                    for name in \(names); do
                        [ -f '\(mount)'/$name ] || continue
                        hivexregedit --merge --prefix '\(prefix)' '\(mount)'/$name '\(file)' || status=$?
                        done=yes
                    done
                    umount '\(mount)'
                    [ $status -eq 0 ] || exit $status ;;
                vfat)
                    for name in \(names); do
                        mcopy -no -i '\(path)'@@$offset ::/$name '\(hive)' 2>/dev/null || continue
                        hivexregedit --merge --prefix '\(prefix)' '\(hive)' '\(file)'
                        mcopy -no -i '\(path)'@@$offset '\(hive)' ::/$name
                        done=yes
                    done ;;
                esac
            done < '\(mount).list'
            [ -n "$done" ]
            """)
    }
}
