/// Arithmetic on numbers from disk. In Swift an overflow ends the process; here it is a fault.
extension FixedWidthInteger {
    /// `self + other`, or a `corrupt` fault.
    @inlinable public func adding(_ other: Self) throws(ImageFault) -> Self {
        let (value, overflow) = addingReportingOverflow(other)
        guard !overflow else { throw ImageFault(.corrupt, "number overflow: \(self) + \(other)") }
        return value
    }

    /// `self - other`, or a `corrupt` fault.
    @inlinable public func subtracting(_ other: Self) throws(ImageFault) -> Self {
        let (value, overflow) = subtractingReportingOverflow(other)
        guard !overflow else { throw ImageFault(.corrupt, "number overflow: \(self) - \(other)") }
        return value
    }

    /// `self * other`, or a `corrupt` fault.
    @inlinable public func multiplied(by other: Self) throws(ImageFault) -> Self {
        let (value, overflow) = multipliedReportingOverflow(by: other)
        guard !overflow else { throw ImageFault(.corrupt, "number overflow: \(self) * \(other)") }
        return value
    }

    /// The number as another integer type, or a `corrupt` fault if it does not fit.
    @inlinable public func converted<T: FixedWidthInteger>(to type: T.Type = T.self) throws(ImageFault) -> T {
        guard let value = T(exactly: self) else {
            throw ImageFault(.corrupt, "number out of range: \(self)")
        }
        return value
    }

    /// The number as an `Int` that is at most `limit`, or a `corrupt` fault that names `what` it is.
    @inlinable public func bounded(to limit: Int, _ what: @autoclosure () -> String) throws(ImageFault) -> Int
    {
        guard let value = Int(exactly: self), value >= 0, value <= limit else {
            throw ImageFault(.corrupt, "\(what()) is \(self), more than \(limit)")
        }
        return value
    }
}

/// `2^exponent` after checking that the exponent taken from disk lies in `range`.
@inlinable public func powerOfTwo(
    _ exponent: some FixedWidthInteger, in range: ClosedRange<Int>, _ what: @autoclosure () -> String
) throws(ImageFault) -> Int {
    guard let shift = Int(exactly: exponent), range.contains(shift), shift >= 0, shift < 62 else {
        throw ImageFault(
            .corrupt, "\(what()) is \(exponent), not in \(range.lowerBound)...\(range.upperBound)")
    }
    return 1 << shift
}
