enum ImageCheckPlaceholder {}
