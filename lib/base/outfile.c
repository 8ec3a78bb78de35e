#include "base/outfile.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OPEN_MAX_FILES = 32
};

struct outfile {
	int fd;
	int slot;    /* in pending[], -1 when written in place */
	char *path;  /* final name, NULL: standard output */
	char *temp;  /* NULL: written in place */
	char *shown; /* name for messages */
};

/* Temporary names to remove when the process ends; read by the signal handler. */
static char *volatile pending[OPEN_MAX_FILES];

static void remove_pending(void)
{
	for (int i = 0; i < OPEN_MAX_FILES; i++)
		if (pending[i])
			unlink(pending[i]);
}

static void on_signal(int sig)
{
	remove_pending();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_ends(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ, SIGXCPU };
	static bool done;

	if (done)
		return;
	done = true;
	atexit(remove_pending);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct sigaction old;
		struct sigaction new = { .sa_handler = on_signal };

		sigemptyset(&new.sa_mask);
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(ends[i], &new, NULL);
	}
}

static int take_slot(struct outfile *o, struct err *e)
{
	for (int i = 0; i < OPEN_MAX_FILES; i++)
		if (!pending[i]) {
			pending[i] = o->temp;
			o->slot = i;
			return 0;
		}
	return err_set(e, "too many output files");
}

static void release(struct outfile *o)
{
	if (o->slot >= 0)
		pending[o->slot] = NULL;
	free(o->path);
	free(o->temp);
	free(o->shown);
	free(o);
}

/* The temporary beside the target, with the target's mode, or that of a new file. */
static int open_temp(struct outfile *o, const struct stat *old, struct err *e)
{
	const char *base = strrchr(o->path, '/');
	size_t dir = base ? (size_t)(base - o->path) + 1 : 0;
	mode_t mask = umask(0);

	umask(mask);
	catch_ends();
	o->temp = xasprintf("%.*s.%s.XXXXXX", (int)dir, o->path, o->path + dir);
	o->fd = mkstemp(o->temp);
	if (o->fd < 0)
		return err_sys(e, "cannot write %s", o->shown);
	if (take_slot(o, e) < 0) {
		unlink(o->temp);
		return -1;
	}
	fcntl(o->fd, F_SETFD, FD_CLOEXEC);
	if (fchmod(o->fd, old ? old->st_mode & 07777 : 0666 & ~mask) < 0)
		return err_sys(e, "%s", o->shown);
	return 0;
}

/* Devices and fifos are written in place: renaming over /dev/null would replace it. */
static int open_path(struct outfile *o, const char *path, struct err *e)
{
	struct stat st;
	bool exists = stat(path, &st) == 0;

	if (!exists && errno != ENOENT)
		return err_sys(e, "cannot write %s", o->shown);
	if (exists && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return err_sys(e, "cannot write %s", o->shown);
	}
	if (exists && (!S_ISREG(st.st_mode) || strncmp(path, "/dev/", 5) == 0)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return o->fd < 0 ? err_sys(e, "cannot write %s", o->shown) : 0;
	}
	/* A symbolic link stays; what it points at is replaced. */
	o->path = exists ? realpath(path, NULL) : NULL;
	if (!o->path)
		o->path = xstrdup(path);
	return open_temp(o, exists ? &st : NULL, e);
}

struct outfile *outfile_open(const char *path, enum out_kind kind, struct err *e)
{
	struct outfile *o = xcalloc(1, sizeof *o);
	bool std = strcmp(path, "-") == 0;

	o->fd = o->slot = -1;
	o->shown = xstrdup(std ? "standard output" : quote(path));
	if (std) {
		int flags = fcntl(STDOUT_FILENO, F_GETFL);

		o->fd = STDOUT_FILENO;
		/* cli_parse opens a closed descriptor for reading, so that no other file gets its
		 * number. */
		if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
			err_set(e, "standard output is closed");
			goto fail;
		}
	} else if (!*path) {
		err_set(e, "empty output file name");
		goto fail;
	} else if (open_path(o, path, e) < 0) {
		goto fail;
	}
	if (kind == OUT_BINARY && isatty(o->fd)) {
		err_set(e, "binary output to a terminal refused (use -o FILE or a pipe)");
		goto fail;
	}
	return o;
fail:
	outfile_abort(o);
	return NULL;
}

int write_all(int fd, const void *p, size_t n, const char *what, struct err *e)
{
	const char *s = p;

	while (n > 0) {
		ssize_t k = write(fd, s, n < (1u << 30) ? n : 1u << 30);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return err_sys(e, "cannot write %s", what);
		s += k;
		n -= (size_t)k;
	}
	return 0;
}

int outfile_write(struct outfile *o, const void *p, size_t n, struct err *e)
{
	return write_all(o->fd, p, n, o->shown, e);
}

int outfile_fd(const struct outfile *o)
{
	return o->fd;
}

/* A full disk or quota may show only at close; standard output stays open. */
static int close_checked(struct outfile *o, struct err *e)
{
	int fd = o->fd == STDOUT_FILENO ? dup(o->fd) : o->fd;
	int bad = fd < 0 || close(fd) < 0;

	o->fd = -1;
	return bad ? err_sys(e, "cannot write %s", o->shown) : 0;
}

int outfile_commit(struct outfile *o, struct err *e)
{
	if ((o->temp && fsync(o->fd) < 0 && err_sys(e, "cannot write %s", o->shown)) ||
	    close_checked(o, e) < 0 ||
	    (o->temp && rename(o->temp, o->path) < 0 && err_sys(e, "cannot write %s", o->shown))) {
		outfile_abort(o);
		return -1;
	}
	release(o);
	return 0;
}

void outfile_abort(struct outfile *o)
{
	if (!o)
		return;
	if (o->fd >= 0 && o->fd != STDOUT_FILENO)
		close(o->fd);
	if (o->slot >= 0)
		unlink(o->temp);
	release(o);
}

int outfile_put(const char *path, enum out_kind kind, const void *p, size_t n, struct err *e)
{
	struct outfile *o = outfile_open(path, kind, e);

	if (!o)
		return -1;
	if (outfile_write(o, p, n, e) < 0) {
		outfile_abort(o);
		return -1;
	}
	return outfile_commit(o, e);
}

int stdout_finish(struct err *e)
{
	int fd;

	if (fflush(stdout) != 0 || ferror(stdout))
		return err_sys(e, "cannot write standard output");
	fd = dup(STDOUT_FILENO);
	if (fd < 0 || close(fd) < 0)
		return err_sys(e, "cannot write standard output");
	return 0;
}

int temp_fd(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	char *name = xasprintf("%s/hntools.XXXXXX", dir && *dir ? dir : "/var/tmp");
	int fd = mkstemp(name);

	if (fd < 0)
		err_sys(e, "cannot make a temporary file in %s",
			quote(dir && *dir ? dir : "/var/tmp"));
	else
		unlink(name);
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	free(name);
	return fd;
}
