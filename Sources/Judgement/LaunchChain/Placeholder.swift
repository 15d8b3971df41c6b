enum LaunchChainPlaceholder {}
