enum FATPlaceholder {}
