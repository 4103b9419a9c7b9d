/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of files in the commands that a message offers: the user can copy such
 * a command into a shell, whoever chose the name. Pure.
 */
#ifndef BASE_SHELL_WORD_H
#define BASE_SHELL_WORD_H

/* The longest word, with its NUL: a message has room for it. */
#define SHELL_WORD 256

/*
 * Write a text to word as one word of sh(1): as it is where no character means
 * anything to a shell, otherwise in single quotes. A text that is empty, too
 * long, or that escape_text would change, is replaced by instead, a word of the
 * caller's such as "JAIL". Returns word.
 * (POSIX.1-2017, Shell Command Language, 2.2.2.)
 */
const char *shell_text(char word[SHELL_WORD], const char *text,
    const char *instead);

/*
 * Do the same with a file's name. A name that begins with "-", which a command
 * takes for an option, or that has a ":" before any "/", which tar takes for a
 * file of another machine, gets "./" in front.
 */
const char *shell_word(char word[SHELL_WORD], const char *name,
    const char *instead);

#endif
