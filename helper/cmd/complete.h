/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complete: what a shell offers for the last word of a command line. The
 * scripts in dist/completion call it; the usage does not name it.
 */
#ifndef CMD_COMPLETE_H
#define CMD_COMPLETE_H

#include "cmd/program.h"

/*
 * Print what may stand for the last of the words that follow the program's
 * name. The first line is "files" where the name of a file may stand there,
 * too, and otherwise "words". Each other line is a word that begins as the last
 * one does, a tab, and what the word means, which may be empty. Jails are
 * offered as the archive has them, but for names that a terminal would not show
 * as they are. What is wrong or cannot be read only makes the offer smaller:
 * nothing fails.
 */
void complete_words(const struct program *program, int n, char *const *words);

#endif
