import ByteReading

/// The error correction of GRUB's core image (grub-core/lib/reed_solomon.c): GF(2⁸) with polynomial 0x11D,
/// generator roots α⁰…αʳ⁻¹, one code word per byte position of a sector.
///
/// GRUB repairs its core image before it runs it, so damage that can be repaired does not stop a start.
enum GrubReedSolomon {
    private static let sectorSize = 512
    private static let largestBlock = 200

    private static let tables: (powers: [UInt8], logarithms: [Int]) = {
        var powers = [UInt8](repeating: 0, count: 510)
        var logarithms = [Int](repeating: 0, count: 256)
        var current = 1
        for index in 0..<255 {
            powers[index] = UInt8(current)
            powers[index + 255] = UInt8(current)
            logarithms[current] = index
            current <<= 1
            if current > 255 { current ^= 0x11D }
        }
        return (powers, logarithms)
    }()

    private static func multiply(_ a: UInt8, _ b: UInt8) -> UInt8 {
        a == 0 || b == 0 ? 0 : tables.powers[tables.logarithms[Int(a)] + tables.logarithms[Int(b)]]
    }

    private static func inverse(_ a: UInt8) -> UInt8 {
        tables.powers[(255 - tables.logarithms[Int(a)]) % 255]
    }

    private static func power(_ exponent: Int) -> UInt8 { tables.powers[((exponent % 255) + 255) % 255] }

    /// Checks `data` against `redundancy` and repairs it in place. Returns how many bytes of both differed; a
    /// `corrupt` fault if there are more differences than can be repaired.
    static func repair(_ data: inout [UInt8], _ redundancy: inout [UInt8]) throws(ImageFault) -> Int {
        // GRUB takes mostly empty redundancy for none.
        let trailing = redundancy.reversed().prefix { $0 == 0 }.count
        guard !redundancy.isEmpty, trailing <= redundancy.count / 2 else { return 0 }
        var repaired = 0
        var (dataStart, redundancyStart) = (0, 0)
        while dataStart < data.count {
            var count = data.count - dataStart
            var codeCount = redundancy.count - redundancyStart
            let total = count + codeCount
            if total > largestBlock * sectorSize {
                count = count * largestBlock / total * sectorSize
                codeCount = codeCount * largestBlock / total * sectorSize
            }
            guard count > 0 else { throw ImageFault(.corrupt, "the core image has no valid redundancy") }
            for column in 0..<sectorSize {
                let places = stride(from: dataStart + column, to: dataStart + count, by: sectorSize)
                let codePlaces = stride(
                    from: redundancyStart + column, to: redundancyStart + codeCount, by: sectorSize)
                var word = places.map { data[$0] }
                let length = word.count
                word += codePlaces.map { redundancy[$0] }
                let checks = word.count - length
                guard length > 0, checks > 0 else { continue }
                let differences = try repair(&word, checks: checks)
                guard differences > 0 else { continue }
                repaired += differences
                for (index, place) in places.enumerated() { data[place] = word[index] }
                for (index, place) in codePlaces.enumerated() { redundancy[place] = word[length + index] }
            }
            dataStart += count
            redundancyStart += codeCount
        }
        return repaired
    }

    private static func syndromes(_ word: [UInt8], _ checks: Int) -> [UInt8] {
        let (powers, logarithms) = tables
        return (0..<checks).map { root in
            var sum: UInt8 = 0
            for byte in word {
                sum = (sum == 0 ? 0 : powers[logarithms[Int(sum)] + root % 255]) ^ byte
            }
            return sum
        }
    }

    /// Berlekamp-Massey, Chien search and Forney's formula on one code word of at most 200 bytes.
    private static func repair(_ word: inout [UInt8], checks: Int) throws(ImageFault) -> Int {
        let syndromes = syndromes(word, checks)
        guard syndromes.contains(where: { $0 != 0 }) else { return 0 }
        let fault = ImageFault(.corrupt, "the core image is damaged beyond what its redundancy can repair")
        var locator: [UInt8] = [1]
        var previous: [UInt8] = [1]
        var (errors, gap) = (0, 1)
        var previousDiscrepancy: UInt8 = 1
        for step in 0..<checks {
            var discrepancy = syndromes[step]
            for index in 1..<Swift.max(1, Swift.min(locator.count, step + 1)) {
                discrepancy ^= multiply(locator[index], syndromes[step - index])
            }
            guard discrepancy != 0 else {
                gap += 1
                continue
            }
            let factor = multiply(discrepancy, inverse(previousDiscrepancy))
            var next = locator
            if next.count < previous.count + gap {
                next += [UInt8](repeating: 0, count: previous.count + gap - next.count)
            }
            for (index, coefficient) in previous.enumerated() {
                next[index + gap] ^= multiply(factor, coefficient)
            }
            if 2 * errors <= step {
                (previous, previousDiscrepancy, gap) = (locator, discrepancy, 1)
                errors = step + 1 - errors
            } else {
                gap += 1
            }
            locator = next
        }
        guard errors > 0, 2 * errors <= checks else { throw fault }
        func evaluate(_ polynomial: [UInt8], _ x: UInt8) -> UInt8 {
            polynomial.reversed().reduce(0) { multiply($0, x) ^ $1 }
        }
        // Ω = S·Λ mod x^checks.
        var evaluator = [UInt8](repeating: 0, count: checks)
        for (i, s) in syndromes.enumerated() {
            for (j, l) in locator.enumerated() where i + j < checks { evaluator[i + j] ^= multiply(s, l) }
        }
        let derivative = locator.enumerated().dropFirst().map { $0.offset % 2 == 1 ? $0.element : 0 }
        var found = 0
        for place in word.indices {
            let degree = word.count - 1 - place
            let inverseRoot = power(-degree)
            guard evaluate(locator, inverseRoot) == 0 else { continue }
            let slope = evaluate(Array(derivative), inverseRoot)
            guard slope != 0 else { throw fault }
            // Roots start at α⁰, so Forney's formula has the factor Xʲ.
            let magnitude = multiply(
                power(degree), multiply(evaluate(evaluator, inverseRoot), inverse(slope)))
            word[place] ^= magnitude
            found += 1
        }
        guard found == errors, !self.syndromes(word, checks).contains(where: { $0 != 0 }) else { throw fault }
        return found
    }
}
