/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules by which a ban ends. The rules for which sightings and lines are of
 * a ban stand in ban/history.h. The rules for what a reader sees before an end
 * is archived stand in ban/state.h. Pure: facts go in, a verdict comes out. The
 * callers gather the facts and write the verdict.
 *
 * 1. Expiry: a ban expires its ban time after its beginning. A permanent ban
 *    never expires, nor does one whose ban time is unknown. An end that no
 *    command and no log line shows is never later than the expiry: it is then
 *    inferred, at the expiry. (The event of an expiry was lost, and the rows
 *    went later, by "unban --all"; a run after a fresh install met a ban whose
 *    time was up. Both became ends by hand, at the run.)
 * 2. Overdue: fail2ban unbans within seconds of the expiry. When it did not
 *    for two intervals of reconcile, and sent no other event of the ban, the
 *    end is inferred at the expiry.
 * 3. An unban event whose own time and ban time are up is an expiry, and keeps
 *    its time, which may be a second or two after the expiry. Otherwise the ban
 *    was lifted by hand if its rows are gone, for fail2ban deletes them before
 *    it runs the command (1.0.2, server/actions.py: removeBannedIP).
 *    Otherwise the unban may be a stop's: the end is pending.
 * 4. A later ban of the id of a pending unban shows that the unban was done by
 *    hand: fail2ban bans no id that it still holds.
 * 5. An Unban line of a log is an expiry when it stands up to two seconds
 *    before the expiry or later, as fail2ban looks once a second. Otherwise
 *    the ban was lifted by hand; a ban of unknown ban time ends inferred.
 *    (Lines that a stop writes never come here: fail2ban/log_server.)
 * 6. A ban of the same id that was made later ends one that no event shows
 *    later: inferred, when it was made (ban/history.h).
 * 7. A reconcile run judges the bans that live (ban_end_judge), by the first of
 *    these that applies:
 *    a. the running server has it: the ban lives, whatever its rows and the
 *       clock say. (A script deleted the rows of permanent bans. "unban --all"
 *       amid a restore deletes all rows, and the server goes on restoring. A
 *       ban by hand of an id that is banned already lengthens that ban, and no
 *       row and no command shows it.)
 *       When another ban's row stands in place of its own, which is gone, the
 *       server has the other one. (A ban was lifted, and the id banned again,
 *       without a word: the archive took the server's answer for it.)
 *    b. its rows are gone from the database in which they were, and the server
 *       lacks it, or none runs: flushed, at the jail's first flush since the
 *       ban's last sign of life; or lifted by hand, at the pending unban, or
 *       else now. A ban of unknown ban time may have been purged for its age:
 *       inferred. This comes before c, because no run may come until the ban is
 *       overdue: it was flushed all the same. A server that runs but does not
 *       answer may have the ban: it is asked again, for a day.
 *    c. overdue: rule 2, but at the pending unban where there is one. (A
 *       fail2ban without a database lifted a ban by hand, and no run came until
 *       it was overdue: it seemed to have lived to its expiry.)
 *    d. the running server lacks it, in two runs at least an interval apart
 *       and with no restored ban of the jail between them: inferred, at the
 *       flush or the pending unban, whichever came first, else when it was
 *       first missed. After a start the bans come back one by one, so one look
 *       is not enough; for the same reason b waits as long where the server was
 *       started since the ban's last sign of life. A jail that the server lacks
 *       has no ban.
 *    Rows that are there prove nothing: fail2ban deletes them after the flush
 *    commands, and keeps rows of bans that it will never restore.
 * 8. The server is asked only about a ban in doubt. Since the ban's last sign
 *    of life the server or the jail was started, the jail was flushed or the
 *    ban unbanned; or its rows are gone; or it is overdue; or it had no sign
 *    of life for a day, so that every ban is looked at some time. (The event
 *    of a permanent ban waited in the spool, so its row was never seen; the
 *    command of its unban was killed. A jail without the action was stopped.)
 * 9. Precedence: see ban_end_replaces.
 * 10. A restored event after the end reopens the ban (same_ban). So does the
 *    server's answer that it has the ban, where the end was inferred because a
 *    server lacked it, and the server or the jail was started since
 *    (ban_end_may_be_back): fail2ban restores the bans of an F-ID jail without
 *    a command. An end that followed from rows stays: without rows, fail2ban
 *    restores nothing.
 */
#ifndef BAN_END_H
#define BAN_END_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/timestamp.h"

/* The archive stores sightings with these numbers. */
enum ban_end {
	BAN_LIVES = 0, /* or its end is pending */
	BAN_EXPIRED = 1,
	BAN_MANUAL = 2,
	BAN_FLUSHED = 3,
	BAN_INFERRED = 4, /* no sighting shows how it ended */
};

/* ended_us is UNKNOWN with BAN_LIVES. */
struct ban_end_verdict {
	enum ban_end end;
	int64_t ended_us;
};

/* Return "expired", "manual", "flushed", "inferred"; NULL for BAN_LIVES. */
const char *ban_end_name(enum ban_end end);

/* Return the end of that name, -1 when there is none. NULL is BAN_LIVES. */
int ban_end_from_name(const char *name);

/*
 * Return when a ban of that many seconds expires (rule 1): INT64_MAX when it is
 * permanent (-1) or its ban time is unknown. Saturates.
 */
int64_t ban_end_expiry_us(int64_t since_us, int64_t seconds);

/*
 * Return when the ban is overdue (rule 2): two intervals, of interval_s
 * seconds, after its expiry. INT64_MAX: never.
 */
int64_t ban_end_overdue_us(int64_t since_us, int64_t seconds,
    int64_t interval_s);

/*
 * Return the end that follows from the time alone at now_us (rule 2): inferred
 * at the expiry when the ban is overdue, otherwise BAN_LIVES.
 */
struct ban_end_verdict ban_end_by_clock(int64_t since_us, int64_t seconds,
    int64_t now_us, int64_t interval_s);

/* An unban event. */
struct ban_end_unban {
	int64_t since_us, seconds; /* its <time> and <bantime> */
	int64_t at_us;		   /* when fail2ban ran the command */
	bool rows_gone; /* the ban's rows were gone from the known database */
};

/* Return how the ban ends by it (rule 3); BAN_LIVES: the end is pending. */
struct ban_end_verdict ban_end_by_unban(const struct ban_end_unban *unban);

/*
 * Return how a ban ends when fail2ban bans the same ticket again after an
 * unban at unbanned_us that is pending (rule 4).
 */
struct ban_end_verdict ban_end_by_ban_again(int64_t unbanned_us);

/*
 * An expiry may be logged this much before the ban time is up: fail2ban looks
 * once a second which bans are up, and the log cuts its times.
 */
#define BAN_END_LOGGED_EARLY_US (2 * TIMESTAMP_US)

/* Return how a ban ends by an Unban line that was logged at at_us (rule 5). */
struct ban_end_verdict ban_end_by_logged_unban(int64_t since_us,
    int64_t seconds, int64_t at_us);

/*
 * Return the end of a ban that no sighting shows to end: inferred at the
 * earlier of expired_us (its expiry, when it is overdue) and next_us (the
 * beginning of the ban that ends it, rule 6). INT64_MAX: neither.
 */
struct ban_end_verdict ban_end_unseen(int64_t expired_us, int64_t next_us);

/* The source of an end. */
enum ban_end_source {
	BAN_END_BY_EVENT,  /* an unban command ran */
	BAN_END_BY_RUN,	   /* a reconcile run judged it */
	BAN_END_BY_IMPORT, /* another archive, or an old database, says so */
	BAN_END_BY_LOG,	   /* a log line says so */
};

/* The end that a ban has so far. */
struct ban_end_state {
	enum ban_end end;
	bool by_event; /* it was seen by an event */
	int64_t life_us;
};

/*
 * Return true when a verdict from a source replaces the end that a ban has
 * (rule 9). Everything ends a ban that lives, except that an import does not
 * when the ban was seen alive after the import's end. Beyond that, an event
 * replaces every end that no event saw, a log's unban one that is inferred,
 * and an import one that is inferred here and known there; a run replaces none.
 * The verdict that a ban lives is a run's, and reopens a ban whose end is
 * inferred (rule 10).
 */
bool ban_end_replaces(const struct ban_end_state *state,
    enum ban_end_source source, const struct ban_end_verdict *verdict);

/* The running server's answer about a ban. */
enum ban_end_server {
	BAN_END_SERVER_SILENT, /* it was not asked, or did not answer */
	BAN_END_SERVER_HAS,
	BAN_END_SERVER_LACKS,
};

/* The rows of a ban in fail2ban's database. */
enum ban_end_rows {
	BAN_END_ROWS_UNKNOWN, /* nothing was looked up */
	BAN_END_ROWS_THERE,
	BAN_END_ROWS_GONE,
};

/*
 * The facts that a run knows about a ban (rules 7 to 10). Moments are
 * microseconds since the epoch; 0: it never happened.
 */
struct ban_end_facts {
	int64_t now_us, interval_s;
	int64_t trusted_us; /* by which a ban is overdue; 0: now_us */
	/* The ban. */
	int64_t since_us, seconds;
	int64_t life_us;      /* the last ban, restored or prolong event */
	int64_t unbanned_us;  /* an unban event that is pending */
	int64_t confirmed_us; /* a server said last that it has the ban */
	int64_t missed_us;    /* a server said that it lacks the ban */
	bool here;	      /* it is a ban of this machine */
	bool row_seen;	      /* its row was seen in the present database */
	bool rows_were_gone;  /* when a run last looked them up there */
	/* Its jail's first flush since the ban's last sign of life, and the
	 * jail's last restored ban. */
	int64_t flushed_us, restored_us;
	/* The running server: the start of the server, or of the jail in it if
	 * that is later; its answer, and when it was asked. */
	int64_t started_us;
	enum ban_end_server server;
	int64_t answered_us;
	enum ban_end_rows rows;
	/* The second of another ban, whose row is there in place of this
	 * ban's, which is gone; 0: there is none. */
	int64_t replaced_by;
};

/*
 * Return true when the ban's rows are to be looked up (rule 7b): absence proves
 * something only where they were, that is, in a database in which the row was
 * seen, or in that of the running server when this server made the ban.
 */
bool ban_end_needs_rows(const struct ban_end_facts *facts);

/*
 * Return true when the server is to be asked about the ban (rule 8), after its
 * rows were looked up.
 */
bool ban_end_needs_server(const struct ban_end_facts *facts);

struct ban_end_judgement {
	enum {
		BAN_END_UNDECIDED,
		BAN_END_CONFIRMED, /* the server has it: to be noted */
		BAN_END_MISSED,	   /* the server lacks it: to be noted */
		BAN_END_ENDED,
		BAN_END_BACK, /* the server has it again: it lives */
	} what;
	struct ban_end_verdict verdict; /* with BAN_END_ENDED, BAN_END_BACK */
};

/* Judge a ban that lives (rule 7). */
struct ban_end_judgement ban_end_judge(const struct ban_end_facts *facts);

/*
 * Return the time at which a run must judge the ban again even if nothing
 * changes: 0 means at the next run, because there is a doubt; INT64_MAX means
 * never.
 */
int64_t ban_end_due_us(const struct ban_end_facts *facts,
    const struct ban_end_judgement *judgement);

/*
 * Return true when the server is to be asked about a ban whose end was inferred
 * because a server lacked it (rule 10). It is asked until an interval has
 * passed since the start, because bans come back one by one.
 */
bool ban_end_may_be_back(const struct ban_end_facts *facts);

/* Judge such a ban: BAN_END_BACK, BAN_END_MISSED or BAN_END_UNDECIDED. */
struct ban_end_judgement ban_end_judge_missed(
    const struct ban_end_facts *facts);

/* Do for such a ban what ban_end_due_us does for one that lives. */
int64_t ban_end_missed_due_us(const struct ban_end_facts *facts,
    const struct ban_end_judgement *judgement);

#endif
