/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/sandbox.h"

#include "base/macros.h"

/* A build with sanitizers gets no sandbox: it writes its own reports. */
#if !defined(__SANITIZE_ADDRESS__) && defined(__has_include)
#if __has_include(<linux/landlock.h>)
#define HAS_LANDLOCK
#endif
#endif

#ifdef HAS_LANDLOCK
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The rights that are taken away, of those in Landlock's first version. */
#define REFUSED \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
	    LANDLOCK_ACCESS_FS_MAKE_SYM)

/* The rights that stay in the folders. */
#define ALLOWED \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_MAKE_REG)

static void
allow_folder(int rules, const char *folder)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = ALLOWED,
		.parent_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};

	if (rule.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule,
	    0);
	close(rule.parent_fd);
}

bool
sandbox_enter(const char *const *folders, int n)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = REFUSED };
	bool entered;
	int rules;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	rules =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0)
		return false;
	for (int i = 0; i < n; i++)
		allow_folder(rules, folders[i]);
	entered = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	close(rules);
	return entered;
}

#else
bool
sandbox_enter(const char *const *folders UNUSED, int n UNUSED)
{
	return false;
}
#endif
