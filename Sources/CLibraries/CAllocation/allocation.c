#include "CAllocation.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CALLOCATION_SANITIZED
#endif
#endif

// Written once, before there is a second thread.
static int exit_code = -1;

void callocation_exit_when_refused(int code) { exit_code = code; }

#if defined(__GLIBC__) && !defined(CALLOCATION_SANITIZED)
// A program's own functions of these names serve all its libraries (glibc manual, "Replacing malloc"). These hand on to
// glibc's, by the names that it exports for that, and look at the answer; its free() fits them.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void *given(void *memory) {
    if (memory == NULL && exit_code >= 0) {
        static const char words[] = "imagecheck: no memory is left\n";
        if (write(STDERR_FILENO, words, sizeof words - 1) < 0) { /* Nobody listens; the code says it too. */ }
        _exit(exit_code);
    }
    return memory;
}

static int is_power_of_two(size_t number) { return number != 0 && (number & (number - 1)) == 0; }

void *malloc(size_t size) { return given(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return given(__libc_calloc(count, size)); }

void *realloc(void *old, size_t size) {
    void *memory = __libc_realloc(old, size);
    // Of size 0 it frees, and answers with nothing.
    return size == 0 ? memory : given(memory);
}

void *memalign(size_t alignment, size_t size) { return given(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return given(__libc_memalign(alignment, size)); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || !is_power_of_two(alignment)) return EINVAL;
    int before = errno;
    void *memory = given(__libc_memalign(alignment, size));
    errno = before;
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}
#endif
