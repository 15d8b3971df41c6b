// The end of a process at the first memory that it is refused.
#ifndef IMAGECHECK_CALLOCATION_H
#define IMAGECHECK_CALLOCATION_H

// From here on the first allocation that fails ends the process with `code`, whoever asked for it. Without, one library
// would die of it, one would wait for ever, and one would report a fault of what it reads: only at the place where
// memory is refused is it known that this, and nothing else, was the matter.
//
// Has no effect where the allocator cannot be watched (another C library than glibc, a sanitizer).
void callocation_exit_when_refused(int code);

#endif
