import ByteReading
import FileSystemCore
import Testing

struct FileTreeTests {
    private func tree(_ nodes: [(GuestPath, MemoryFileSystem.Node)]) -> FileTree {
        var fileSystem = MemoryFileSystem()
        for (path, node) in nodes { fileSystem.add(path, node) }
        return FileTree(root: fileSystem)
    }

    private func text(_ tree: FileTree, _ path: GuestPath) throws -> String? {
        try tree.contents(of: path)?.text
    }

    @Test func `finds files and says what is not there`() throws {
        let tree = tree([("/etc/fstab", .file(Array("x".utf8))), ("/etc/empty", .file([]))])
        #expect(try text(tree, "/etc/fstab") == "x")
        #expect(try text(tree, "//etc/./fstab") == "x")
        #expect(try text(tree, "/etc/empty") == "")
        #expect(try text(tree, "/etc/none") == nil)
        #expect(try text(tree, "/etc/fstab/below") == nil)
        #expect(try text(tree, "/etc") == nil)
        #expect(try tree.info(at: "/")?.type == .directory)
        #expect(try tree.list("/etc")?.map(\.name) == ["empty", "fstab"])
        #expect(try tree.list("/etc/fstab") == nil)
        #expect(try tree.list("/nowhere") == nil)
    }

    @Test func `follows links inside the tree only`() throws {
        let tree = tree([
            ("/usr/lib/os-release", .file(Array("ID=x".utf8))),
            ("/etc/os-release", .link("../usr/lib/os-release")),
            ("/lib", .link("usr/lib")), ("/absolute", .link("/lib/os-release")),
            ("/out", .link("../../../../usr/lib/os-release")), ("/dangling", .link("nowhere")),
            ("/through", .link("dangling/x")), ("/empty", .link("")), ("/slashes", .link("//usr///lib/")),
        ])
        for path: GuestPath in [
            "/etc/os-release", "/lib/os-release", "/absolute", "/out", "/slashes/os-release",
            "/usr/../lib/../lib/os-release",
        ] {
            #expect(try text(tree, path) == "ID=x", "\(path)")
        }
        #expect(try tree.node(at: "/absolute")?.path == "/usr/lib/os-release")
        for path: GuestPath in ["/dangling", "/through", "/empty"] { #expect(try text(tree, path) == nil) }
        #expect(try tree.linkTarget(at: "/dangling") == Array("nowhere".utf8))
        #expect(try tree.linkTarget(at: "/usr/lib/os-release") == nil)
        #expect(try tree.info(at: "/lib", followingLast: false)?.type == .symlink)
        #expect(try tree.info(at: "/lib")?.type == .directory)
    }

    @Test func `gives up on links that go in circles`() throws {
        let tree = tree([("/a", .link("b")), ("/b", .link("a")), ("/self/x", .link("../self/x/y"))])
        for path: GuestPath in ["/a", "/self/x"] {
            let fault = #expect(throws: ImageFault.self) { try tree.node(at: path) }
            #expect(fault?.kind == .limit)
        }
        var chain: [(GuestPath, MemoryFileSystem.Node)] = [("/l0", .file([1]))]
        for index in 1...41 { chain.append((GuestPath("/l\(index)"), .link("l\(index - 1)"))) }
        let links = self.tree(chain)
        #expect(try links.contents(of: "/l40") != nil)
        #expect(throws: ImageFault.self) { try links.contents(of: "/l41") }
    }

    @Test func `shows what is mounted`() throws {
        var boot = MemoryFileSystem()
        boot.add("/vmlinuz", .file([1]))
        boot.add("/efi/x", .file([2]))
        boot.add("/up", .link("../etc/fstab"))
        var tree = tree([
            ("/etc/fstab", .file(Array("f".utf8))), ("/boot/hidden", .file([9])),
            ("/kernel", .link("boot/vmlinuz")),
            ("/home/me/file", .file([7])), ("/bind", .directory([])),
        ])
        let home = try #require(try tree.node(at: "/home/me"))
        tree.mount(boot, at: "/boot")
        tree.mount(home.fileSystem, at: "/bind", top: home.id)
        #expect(try tree.contents(of: "/kernel") == Bytes([1]))
        #expect(try tree.contents(of: "/boot/hidden") == nil)
        #expect(try text(tree, "/boot/up") == "f")
        #expect(try text(tree, "/boot/../etc/fstab") == "f")
        #expect(try tree.contents(of: "/bind/file") == Bytes([7]))
        #expect(tree.mount(holding: "/boot/efi/x").path == "/boot")
        #expect(tree.mount(holding: "/bootleg").path == "/")
        // A later mount covers an earlier one, also at the root.
        tree.mount(boot, at: "/")
        #expect(try tree.contents(of: "/efi/x") == Bytes([2]))
    }

    @Test func `tells faults from absence, with the path`() throws {
        let tree = tree([("/etc/bad", .broken), ("/big", .file([UInt8](repeating: 0, count: 100)))])
        let fault = #expect(throws: ImageFault.self) { try tree.info(at: "/etc/bad") }
        #expect(fault?.kind == .corrupt)
        #expect(fault?.layers == ["/etc/bad"])
        let tooLarge = #expect(throws: ImageFault.self) { try tree.contents(of: "/big", limit: 99) }
        #expect(tooLarge?.kind == .limit)
        #expect(try tree.contents(of: "/big", limit: 100)?.count == 100)
    }

    @Test func `compares paths by their names`() {
        #expect(GuestPath("/a/b").hasPrefix("/a"))
        #expect(!GuestPath("/ab").hasPrefix("/a"))
        #expect(GuestPath("/a/b").parent == "/a")
        #expect(GuestPath.root.parent == .root)
        #expect(GuestPath("a//./b/").description == "/a/b")
        #expect(GuestPath.root.description == "/")
        #expect(GuestPath("/a").appending("b/c") == "/a/b/c")
        #expect(GuestPath("/a") < "/a/b")
        #expect(GuestPath("/a/b").lastName == "b")
    }
}
