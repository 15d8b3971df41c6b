/// All check items, family by family. Within a link, the item whose code should name the stop comes first.
package enum CheckRegistry {
    package static let image: [any Check.Type] = [
        ImageContainer.self,
        GuestOSSystemImage.self,
        ImagePartitionGeometry.self,
        ImageVirtualSize.self,
        ImageEncryption.self,
        ImageMultiBoot.self,
    ]

    package static let boot: [any Check.Type] = [
        GuestOSPlatform.self,
        GuestOSVersion.self,
        GuestOSArchitecture.self,
        GuestOSBootMode.self,
        BootEfiFallback.self,
        BootBootLoader.self,
        BootXenOnly.self,
        GuestOSGrub.self,
        GuestOSKernelVersion.self,
        BootKernel.self,
        BootInitramfs.self,
        BootModuleBlacklist.self,
        GuestOSVirtio.self,
        GuestOSNvme.self,
        BootDiskDriver.self,
        FSIntegrity.self,
        FSRootStack.self,
        BootInitSystem.self,
        BootCmdline.self,
        GuestOSFstab.self,
        BootConsole.self,
        BootCpuLevel.self,
        BootSecureBoot.self,
    ]

    package static let compliance: [any Check.Type] = [
        ComplianceDeviceID.self,
        CompliancePartitionTable.self,
        ComplianceLib.self,
        ComplianceFileSystem.self,
        ComplianceDiskSize.self,
        ComplianceDiskUsage.self,
        ComplianceInodeUsage.self,
        ComplianceSsh.self,
        ComplianceRootAccount.self,
        CompliancePasswd.self,
        ComplianceShadowAuthority.self,
        ComplianceFirewall.self,
        ComplianceQemuGa.self,
        ComplianceNetwork.self,
    ]

    package static let network: [any Check.Type] = [
        NetDriver.self,
        GuestOSDhcp.self,
        NetManagers.self,
        NetPersistentNames.self,
        NetLeftovers.self,
    ]

    package static let access: [any Check.Type] = [
        LoginSshHostKeys.self,
        LoginReachability.self,
    ]

    package static let firstBoot: [any Check.Type] = [
        GuestOSCloudInit.self,
        InitDatasource.self,
        InitState.self,
        InitFwCfg.self,
        GuestOSOnlineResizeFS.self,
        InitForeignAgents.self,
    ]

    package static let operation: [any Check.Type] = [
        GuestOSSelinux.self,
        GuestOSRtcTimeMode.self,
        GuestOSStandardizedTimezone.self,
        GuestOSCloudAssistant.self,
        GuestOSSecurityCenterAgent.self,
        GuestOSSupportMocInstanceTypes.self,
        OSPackageState.self,
        OSLifecycle.self,
        OSLicense.self,
    ]

    package static let hygiene: [any Check.Type] = [
        SecMachineID.self,
        SecEmptyPassword.self,
        SecAuthorizedKeys.self,
        SecSecrets.self,
        SecRegistration.self,
    ]

    /// How Windows starts: boot manager, boot configuration, loader, volumes.
    package static let windowsBoot: [any Check.Type] = [
        GuestOSBootMgr.self,
        GuestOSBCD.self,
        GuestOSOSLoader.self,
        WinVolume.self,
        WinDiskLayout.self,
    ]

    /// Drivers of Windows and what binds them.
    package static let windowsDrivers: [any Check.Type] = [
        WinNvme.self,
        WinBootStartDrivers.self,
        GuestOSXen.self,
        GuestOSDisk.self,
        WinClassFilters.self,
        WinNetDriver.self,
        GuestOSServer.self,
    ]

    /// Registry, setup, servicing and settings of Windows.
    package static let windowsState: [any Check.Type] = [
        GuestOSRegistry.self,
        GuestOSHotfix.self,
        GuestOSUpdate.self,
        GuestOSSysprep.self,
        WinPageFile.self,
        WinSanPolicy.self,
        WinRtcTimeMode.self,
        WinRolesAndPolicy.self,
        WinEditionActivation.self,
    ]

    /// Network, Remote Desktop, accounts and agents of Windows.
    package static let windowsAccess: [any Check.Type] = [
        WinDhcp.self,
        WinServices.self,
        WinRdp.self,
        WinFirewall.self,
        WinAccounts.self,
        GuestOSVminit.self,
        WinInitAgent.self,
        WinForeignTools.self,
        GuestOSDesktopConfig.self,
    ]

    package static let all: [any Check.Type] =
        image + boot + windowsBoot + windowsDrivers + windowsState + network + compliance + access
        + windowsAccess + firstBoot + operation + hygiene

    /// The item with this id or alias, whatever its case.
    package static func check(_ name: String) -> (any Check.Type)? {
        let wanted = name.lowercased()
        return all.first { $0.metadata.id.lowercased() == wanted }
            ?? all.first { $0.metadata.aliases.contains { $0.lowercased() == wanted } }
    }
}
