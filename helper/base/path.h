/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths as texts. Pure. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* Cut an absolute path to that of the folder in which it lies. */
void path_cut_to_folder(char *path);

#endif
