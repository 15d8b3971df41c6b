package import ByteReading

/// cloud-init's own configuration: `/etc/cloud/cloud.cfg` with `/etc/cloud/cloud.cfg.d/*.cfg` over it.
///
/// Files are merged as cloud-init's `util.read_conf_with_confd` does: a later file wins key by key, lists are
/// replaced as a whole, mappings are merged.
package struct CloudConfig: Sendable {
    /// The merged document.
    package let merged: YAMLValue?
    /// Files that are no YAML. cloud-init logs them and goes on without them.
    package let faults: [ImageFault]
    /// Which file last set a top-level key.
    package let places: [String: String]

    /// Reads files in the order in which later ones win: cloud.cfg, then cloud.cfg.d in the order of names.
    package init(files: [ConfigurationFile]) {
        var merged: YAMLValue?
        var faults: [ImageFault] = []
        var places: [String: String] = [:]
        for file in files {
            do throws(ImageFault) {
                guard let root = try YAMLValue.read(file.bytes, name: file.path) else { continue }
                guard case .mapping = root.content else {
                    throw ImageFault(.corrupt, "line \(root.line): expected a mapping").inLayer(file.path)
                }
                for (key, _) in root.pairs { places[key] = file.path }
                merged = merged?.merging(root, joiningSequences: false) ?? root
            } catch {
                faults.append(error)
            }
        }
        self.merged = merged
        self.faults = faults
        self.places = places
    }

    /// A top-level key.
    package subscript(key: String) -> YAMLValue? { merged?[key] }

    /// Where a top-level key was last set.
    package func source(_ key: String) -> SourceLine? {
        guard let value = merged?[key], let path = places[key] else { return nil }
        return SourceLine(file: path, line: value.line, excerpt: "\(key):")
    }

    /// `datasource_list`; nil when not set and the built-in list of all sources holds.
    package var datasources: [String]? { merged?["datasource_list"].map(\.texts) }

    /// Whether the list has exactly one entry besides `None`; cloud-init then takes it without looking.
    package var hasSingleDatasource: Bool {
        datasources.map { $0.filter { $0 != "None" }.count == 1 && $0.count <= 2 } ?? false
    }

    /// The names of the modules of a stage: `cloud_init_modules`, `cloud_config_modules`, `cloud_final_modules`.
    /// Nil when the stage is not configured.
    package func modules(_ stage: String) -> [String]? {
        merged?[stage].map { stage in
            (stage.elements ?? []).compactMap { $0.text ?? $0.elements?.first?.text ?? $0.pairs.first?.key }
                .map { String($0.map { $0 == "_" ? "-" : $0 }) }
        }
    }

    /// Whether a module runs in any stage. Dashes and underscores are the same.
    package func runsModule(_ name: String) -> Bool {
        ["cloud_init_modules", "cloud_config_modules", "cloud_final_modules"].contains {
            modules($0)?.contains(String(name.map { $0 == "_" ? "-" : $0 })) ?? false
        }
    }

    /// `growpart: mode:`; `auto` when not set.
    package var growpartMode: String {
        guard let mode = merged?["growpart"]?["mode"] else { return "auto" }
        // YAML 1.1 reads a bare `off` as false.
        return mode.boolean == false ? "off" : mode.text ?? "auto"
    }

    /// `growpart: devices:`; the root partition when not set.
    package var growpartDevices: [String] { merged?["growpart"]?["devices"]?.texts ?? ["/"] }

    /// `resize_rootfs`: true, false or `noblock`.
    package var resizesRoot: Bool { merged?["resize_rootfs"]?.boolean ?? true }

    /// Whether `network: {config: disabled}` keeps cloud-init from writing network configuration.
    package var isNetworkDisabled: Bool { merged?["network"]?["config"]?.text == "disabled" }

    /// `disable_root`: root's keys only tell people to use another account. True when not set (cloud.cfg sets it).
    package var disablesRoot: Bool { merged?["disable_root"]?.boolean ?? true }

    /// `ssh_pwauth`: nil leaves sshd as it is.
    package var sshPasswordAuthentication: Bool? { merged?["ssh_pwauth"]?.boolean }

    /// `ssh_deletekeys`: host keys are made new for every instance. True when not set.
    package var deletesHostKeys: Bool { merged?["ssh_deletekeys"]?.boolean ?? true }

    /// `preserve_hostname`.
    package var preservesHostname: Bool { merged?["preserve_hostname"]?.boolean ?? false }

    /// `manual_cache_clean`: the instance in the cache is trusted for ever, so first-boot work never runs again.
    package var keepsInstanceCache: Bool { merged?["manual_cache_clean"]?.boolean ?? false }

    /// `manage_etc_hosts`.
    package var managesHosts: Bool {
        guard let value = merged?["manage_etc_hosts"] else { return false }
        return value.boolean ?? (value.text != nil)
    }

    /// The account that `default` in `users` means.
    package var defaultUser: (name: String, lockPassword: Bool)? {
        guard let user = merged?["system_info"]?["default_user"], let name = user["name"]?.text else {
            return nil
        }
        let lock = user["lock_passwd"]?.boolean ?? user["lock-passwd"]?.boolean ?? true
        return (name, lock)
    }

    /// The accounts of `users`; `default` stands for `defaultUser`.
    package var users: [String] {
        (merged?["users"]?.elements ?? []).compactMap { $0.text ?? $0["name"]?.text }
    }

    /// The settings of one datasource: `datasource: {AliYun: {…}}`.
    package func options(ofDatasource name: String) -> YAMLValue? { merged?["datasource"]?[name] }

    /// `system_info: distro:`.
    package var distro: String? { merged?["system_info"]?["distro"]?.text }

    /// `system_info: network: renderers:`, the order in which renderers are tried; nil for the built-in order.
    package var renderers: [String]? { merged?["system_info"]?["network"]?["renderers"].map(\.texts) }
}
