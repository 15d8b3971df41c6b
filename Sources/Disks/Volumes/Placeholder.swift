enum VolumesPlaceholder {}
