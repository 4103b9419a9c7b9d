/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pair WARM_UP TICKETS -- COMMAND [-- COMMAND]...
 *
 * Runs the commands in turn, one round for each line "ID TIME" of the file
 * TICKETS; in their words {ip} and {time} are replaced by these. The order
 * within a round changes from round to round, so that no command always follows
 * the same one. Standard input and output are /dev/null.
 *
 * Prints a line for each round after the first WARM_UP: for each command the
 * time in microseconds, from before it is started until it has ended, and its
 * peak memory in KiB (at least about 1500, which is this program's own). When a
 * command fails, pair prints an error and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define COMMANDS_MAX 16
#define WORDS_MAX 64

extern char **environ;

struct ticket {
	char ip[128], time[32];
};

struct result {
	int64_t us;
	long kib;
};

static void
die(const char *what)
{
	perror(what);
	exit(71);
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: pair WARM_UP TICKETS -- COMMAND [-- COMMAND]...\n"
	    "%d commands of %d words at most\n",
	    COMMANDS_MAX, WORDS_MAX);
	exit(64);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Return the word with the ticket filled in; the caller frees it. */
static char *
fill(const char *word, const struct ticket *ticket)
{
	char *filled;
	size_t len;
	FILE *to = open_memstream(&filled, &len);

	if (to == NULL)
		die("pair");
	while (*word != '\0') {
		if (strncmp(word, "{ip}", 4) == 0) {
			fputs(ticket->ip, to);
			word += 4;
		} else if (strncmp(word, "{time}", 6) == 0) {
			fputs(ticket->time, to);
			word += 6;
		} else {
			putc(*word++, to);
		}
	}
	if (fclose(to) != 0)
		die("pair");
	return filled;
}

static struct result
run(char **words, const posix_spawn_file_actions_t *files)
{
	struct rusage usage;
	int64_t start = now_us();
	int status;
	pid_t pid;

	if ((errno = posix_spawn(&pid, words[0], files, NULL, words,
		 environ)) != 0)
		die(words[0]);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4");
	start = now_us() - start;
	if (status != 0) {
		fprintf(stderr, "pair: wait status 0x%x of:", (unsigned)status);
		for (; *words != NULL; words++)
			fprintf(stderr, " %s", *words);
		fprintf(stderr, "\n");
		exit(70);
	}
	return (struct result){ start, usage.ru_maxrss };
}

static struct result
run_filled(char **command, const struct ticket *ticket,
    const posix_spawn_file_actions_t *files)
{
	char *words[WORDS_MAX + 1];
	struct result result;
	size_t n = 0;

	for (; command[n] != NULL; n++) {
		if (n == WORDS_MAX)
			usage();
		words[n] = fill(command[n], ticket);
	}
	words[n] = NULL;
	result = run(words, files);
	while (n > 0)
		free(words[--n]);
	return result;
}

/* Cut argv at each "--"; the commands lie in it, each ended by NULL. */
static size_t
find_commands(char **argv, char **commands[COMMANDS_MAX])
{
	size_t n = 0;

	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "--") != 0)
			continue;
		if (n == COMMANDS_MAX || argv[1] == NULL)
			usage();
		*argv = NULL;
		commands[n++] = argv + 1;
	}
	return n;
}

int
main(int argc, char **argv)
{
	char **commands[COMMANDS_MAX];
	struct result results[COMMANDS_MAX];
	posix_spawn_file_actions_t files;
	struct ticket ticket;
	size_t n, round = 0, warm_up;
	FILE *tickets;

	if (argc < 5 || (n = find_commands(argv + 3, commands)) == 0)
		usage();
	warm_up = strtoul(argv[1], NULL, 10);
	if ((tickets = fopen(argv[2], "re")) == NULL)
		die(argv[2]);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	for (; fscanf(tickets, "%127s %31s", ticket.ip, ticket.time) == 2;
	     round++) {
		for (size_t i = 0; i < n; i++) {
			size_t k = (round + i) % n;

			results[k] = run_filled(commands[k], &ticket, &files);
		}
		for (size_t i = 0; i < n && round >= warm_up; i++)
			printf("%" PRId64 " %ld%c", results[i].us,
			    results[i].kib, i + 1 < n ? ' ' : '\n');
	}
	return fflush(stdout) == 0 ? 0 : 74;
}
