enum GuestInspectionPlaceholder {}
