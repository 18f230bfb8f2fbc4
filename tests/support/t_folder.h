/* t_folder.h - removing a folder with all that is in it. */
#ifndef CW_TESTS_SUPPORT_T_FOLDER_H
#define CW_TESTS_SUPPORT_T_FOLDER_H

#include <ftw.h>
#include <stdio.h>

static inline int t_folder_remove_entry(const char *path, const struct stat *st, int type,
                                        struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

/* Returns 0, or what nftw returns of the first entry that could not be removed. */
static inline int t_folder_remove(const char *path)
{
    return nftw(path, t_folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
