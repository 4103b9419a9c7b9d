/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/peer.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "os/clock.h"

static int
too_late(struct err *e)
{
	return err_set(e, EX_TEMPFAIL, "no answer in time");
}

/* How long it may still take; 0 when its time is over. */
static int
left_ms(const struct peer *p)
{
	int64_t left = p->deadline_ms - clock_steady_ms();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int
wait_for(const struct peer *p, short events, struct err *e)
{
	struct pollfd pfd = { .fd = p->fd, .events = events };
	int left, n;

	do {
		if ((left = left_ms(p)) == 0)
			return too_late(e);
		n = poll(&pfd, 1, left);
		if (n == -1 && errno != EINTR)
			return err_errno(e, EX_OSERR, "poll");
	} while (n <= 0);
	return 0;
}

/* What errno says of a connection that did not come about. */
static int
no_connection(const char *path, struct err *e)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return err_set(e, EX_UNAVAILABLE,
		    "no %s: is the server running, is this its socket?", path);
	case ECONNREFUSED:
		return err_set(e, EX_UNAVAILABLE,
		    "nobody listens at %s: was the server killed?", path);
	case EACCES:
	case EPERM:
		return err_errno(e, EX_NOPERM, "%s", path);
	case EAGAIN:
		return too_late(e);
	default:
		return err_errno(e, EX_UNAVAILABLE, "%s", path);
	}
}

/*
 * A non-blocking connect fails at once while the server's short queue is
 * full; a blocking one waits for its turn, as long as SO_SNDTIMEO says.
 */
static int
connect_in_time(struct peer *p, const struct sockaddr_un *addr, struct err *e)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	struct timeval tv;
	int left;

	do {
		if ((left = left_ms(p)) == 0)
			return too_late(e);
		tv.tv_sec = left / 1000;
		tv.tv_usec = left % 1000 * 1000L;
		setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
		if (connect(p->fd, sa, sizeof(*addr)) == 0)
			return 0;
	} while (errno == EINTR);
	return no_connection(addr->sun_path, e);
}

int
peer_open(struct peer *p, const char *path, int timeout_ms, struct err *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int flags;

	p->fd = -1;
	p->deadline_ms = clock_steady_ms() + timeout_ms;
	if (len == 0 || len >= sizeof(addr.sun_path))
		return err_set(e, EX_CONFIG,
		    "a socket's path has 1 to %zu bytes, not %zu",
		    sizeof(addr.sun_path) - 1, len);
	memcpy(addr.sun_path, path, len);
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd == -1)
		return err_errno(e, EX_OSERR, "socket");
	if (connect_in_time(p, &addr, e) == -1)
		goto fail;
	if ((flags = fcntl(p->fd, F_GETFL)) == -1 ||
	    fcntl(p->fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		err_errno(e, EX_OSERR, "fcntl");
		goto fail;
	}
	return 0;
fail:
	peer_close(p);
	return -1;
}

void
peer_close(struct peer *p)
{
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}

static int
gone(struct err *e)
{
	return err_set(e, EX_UNAVAILABLE, "the server hung up");
}

int
peer_send(struct peer *p, const void *buf, size_t len, struct err *e)
{
	const char *from = buf;
	ssize_t n;

	while (len > 0) {
		if (wait_for(p, POLLOUT, e) == -1)
			return -1;
		n = send(p->fd, from, len, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return gone(e);
		if (n > 0) {
			from += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
peer_receive(struct peer *p, void *buf, size_t cap, size_t *got, struct err *e)
{
	ssize_t n;

	do {
		if (wait_for(p, POLLIN, e) == -1)
			return -1;
		n = recv(p->fd, buf, cap, 0);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return gone(e);
	} while (n == -1);
	*got = (size_t)n;
	return 0;
}
