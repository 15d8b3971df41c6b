// Calls of the host that Swift cannot make safely: variadic ones (prctl, ioctl, syscall) and those that take
// pointers to C structures. Each is wrapped so that only integers cross.
#ifndef IMAGECHECK_CHOST_H
#define IMAGECHECK_CHOST_H

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// No program started from here on gains privileges (set-user-id is ignored). Returns 0 or an errno.
static inline int chost_no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 ? 0 : errno;
}

// Lowers a soft limit, and the hard one to `reserve` above it; never raises one. Returns 0 or an errno.
static inline int chost_lower_limit(int resource, uint64_t value, uint64_t reserve) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0) return errno;
    rlim_t hard = (rlim_t)(value + reserve);
    if (limit.rlim_max == RLIM_INFINITY || hard < limit.rlim_max) limit.rlim_max = hard;
    if (limit.rlim_cur == RLIM_INFINITY || (rlim_t)value < limit.rlim_cur) limit.rlim_cur = (rlim_t)value;
    if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &limit) == 0 ? 0 : errno;
}

static inline int chost_limit_file_size(uint64_t bytes) { return chost_lower_limit(RLIMIT_FSIZE, bytes, 0); }
static inline int chost_limit_core(uint64_t bytes) { return chost_lower_limit(RLIMIT_CORE, bytes, 0); }
static inline int chost_limit_data(uint64_t bytes) { return chost_lower_limit(RLIMIT_DATA, bytes, 0); }
// The soft limit sends SIGXCPU, which says why; the hard one a second later kills.
static inline int chost_limit_cpu(uint64_t seconds) { return chost_lower_limit(RLIMIT_CPU, seconds, 1); }

// Takes the right to write, create, remove and execute files, and to use TCP, from this process (landlock(7)).
// Returns 0, or an errno where the kernel has no Landlock.
static inline int chost_forbid_changes(void) {
#ifdef SYS_landlock_create_ruleset
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0UL, 1UL /* LANDLOCK_CREATE_RULESET_VERSION */);
    if (version < 1) return version < 0 ? errno : ENOSYS;
    // The structure has grown with the kernel; the headers may be older than it.
    struct { uint64_t handled_access_fs; uint64_t handled_access_net; } attributes;
    // EXECUTE, WRITE_FILE, and bits 4 to 12: REMOVE_* and MAKE_*. Reading stays free.
    attributes.handled_access_fs = 0x1ff3;
    if (version >= 2) attributes.handled_access_fs |= 1ULL << 13;  // REFER
    if (version >= 3) attributes.handled_access_fs |= 1ULL << 14;  // TRUNCATE
    attributes.handled_access_net = version >= 4 ? 3 : 0;          // BIND_TCP, CONNECT_TCP
    size_t size = version >= 4 ? sizeof attributes : sizeof attributes.handled_access_fs;
    long ruleset = syscall(SYS_landlock_create_ruleset, &attributes, size, 0UL);
    if (ruleset < 0) return errno;
    long result = syscall(SYS_landlock_restrict_self, (int)ruleset, 0UL);
    int error = result == 0 ? 0 : errno;
    close((int)ruleset);
    return error;
#else
    return ENOSYS;
#endif
}

// Columns of the terminal behind a descriptor; 0 when there is none or it does not say.
static inline int chost_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static inline int chost_is_terminal(int descriptor) { return isatty(descriptor); }

// Writing to a pipe that nobody reads becomes an error instead of the end of the program.
static inline void chost_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

static inline void chost_ignore_signal(int number) { signal(number, SIG_IGN); }
static inline void chost_default_signal(int number) { signal(number, SIG_DFL); }

// Processors this system has running; at least 1.
static inline int chost_processor_count(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > 1024 ? 1024 : (int)count;
}

#endif
