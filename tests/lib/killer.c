/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * killer SEED PERCENT RECORD PROGRAM [ARGUMENT...]
 *
 * Runs the program, and kills PERCENT of its runs within 2 ms, at moments that
 * follow from the seed and the number of earlier runs. It ends as
 * the program did. Each run is a line of RECORD: when it began, how many
 * microseconds it took, whether it was killed, its arguments.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILL_WITHIN_US 2000
#define LINE 256

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Steele, Lea, Flood: SplitMix64. */
static uint64_t
mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* All lines have one length, so the file's size gives their number. */
static void
record(int fd, int64_t start, int status, char **words)
{
	char line[LINE + 1], joined[LINE] = "";
	size_t len = 0;

	for (; *words != NULL && len < sizeof(joined); words++)
		len += (size_t)snprintf(joined + len, sizeof(joined) - len,
		    " %s", *words);
	snprintf(line, sizeof(line), "%016" PRId64 " %09" PRId64 " %d%-*s\n",
	    start, now_us() - start, WIFSIGNALED(status), LINE - 29, joined);
	line[LINE - 1] = '\n';
	if (write(fd, line, LINE) != LINE)
		perror("killer");
}

int
main(int argc, char **argv)
{
	int64_t start = now_us();
	struct timespec nap = { 0 };
	uint64_t dice;
	int fd, status;
	pid_t child;

	if (argc < 5)
		return 64;
	fd = open(argv[3], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return 73;
	dice = mix((strtoull(argv[1], NULL, 10) << 32) +
	    (uint64_t)lseek(fd, 0, SEEK_END) / LINE);
	if ((child = fork()) < 0)
		return 71;
	if (child == 0) {
		execv(argv[4], argv + 4);
		_exit(127);
	}
	if (dice % 100 < strtoull(argv[2], NULL, 10)) {
		nap.tv_nsec = (long)(dice / 100 % KILL_WITHIN_US) * 1000;
		nanosleep(&nap, NULL);
		kill(child, SIGKILL);
	}
	if (waitpid(child, &status, 0) != child)
		return 71;
	record(fd, start, status, argv + 5);
	if (WIFSIGNALED(status))
		kill(getpid(), WTERMSIG(status));
	return WEXITSTATUS(status);
}
