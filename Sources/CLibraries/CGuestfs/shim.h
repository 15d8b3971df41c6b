#include <guestfs.h>

// The function itself takes a variable number of arguments, which Swift cannot pass.
static inline int guestfs_add_raw_read_only(guestfs_h *g, const char *path) {
    return guestfs_add_drive_opts(
        g, path, GUESTFS_ADD_DRIVE_OPTS_READONLY, 1, GUESTFS_ADD_DRIVE_OPTS_FORMAT, "raw", -1);
}
