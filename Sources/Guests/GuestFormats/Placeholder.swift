enum GuestFormatsPlaceholder {}
