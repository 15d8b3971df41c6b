enum ImageFormatsPlaceholder {}
