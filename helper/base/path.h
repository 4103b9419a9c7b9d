/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths, as texts: no file is looked at. Pure. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* Cut an absolute path to the path of the folder that it lies in. */
void path_cut_to_folder(char *path);

#endif
