enum GuestFactsPlaceholder {}
