import Testing

@testable import BlockIO

@Suite struct HostProcessTests {
    @Test func readsThePeakOfThisProgram() {
        let text = "Name:\ta\nVmPeak:\t  99 kB\nVmHWM:\t   34512 kB\nVmRSS:\t 1 kB\n"
        #expect(HostProcess.peakMemory(inStatus: Array(text.utf8)) == 34512 << 10)
        #expect(HostProcess.peakMemory(inStatus: []) == 0)
        #expect(HostProcess.peakMemory > 1 << 20)
    }
}
