// The files of a session: temporary ones without names in a folder of its own, with a
// bound for all of them together. Nothing else can be opened, whatever is asked for.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

typedef struct {
	sqlite3_file base;
	sql_session *s;
	int fd;
	int64_t size;
} file;

static int file_close(sqlite3_file *f) {
	file *h = (file *)f;
	h->s->used -= h->size;
	close(h->fd);
	return OK;
}

static int file_read(sqlite3_file *f, void *to, int n, int64_t at) {
	file *h = (file *)f;
	int got = 0;
	while (got < n) {
		ssize_t r = pread(h->fd, (char *)to + got, n - got, at + got);
		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r < 0) {
			h->s->why |= SQL_BROKEN;
			return IOERR;
		}
		if (r == 0) {
			memset((char *)to + got, 0, n - got);
			return SHORT_READ;
		}
		got += r;
	}
	return OK;
}

static int file_write(sqlite3_file *f, const void *from, int n, int64_t at) {
	file *h = (file *)f;
	int64_t more = at + n - h->size;
	if (more > 0) {
		if (more > h->s->most_disk - h->s->used) {
			h->s->why |= SQL_DISK;
			return FULL;
		}
		h->s->used += more;
		h->size += more;
	}
	for (int put = 0; put < n;) {
		ssize_t w = pwrite(h->fd, (const char *)from + put, n - put, at + put);
		if (w < 0 && errno == EINTR) {
			continue;
		}
		if (w <= 0) {
			h->s->why |= SQL_BROKEN;
			return errno == ENOSPC ? FULL : IOERR;
		}
		put += w;
	}
	return OK;
}

static int file_truncate(sqlite3_file *f, int64_t size) {
	file *h = (file *)f;
	if (ftruncate(h->fd, size) != 0) {
		h->s->why |= SQL_BROKEN;
		return IOERR;
	}
	h->s->used += size - h->size;
	h->size = size;
	return OK;
}

static int file_size(sqlite3_file *f, int64_t *size) {
	*size = ((file *)f)->size;
	return OK;
}

// Nobody else can see a file, and none outlives the session.
static int file_sync(sqlite3_file *f, int flags) { return OK; }
static int file_lock(sqlite3_file *f, int level) { return OK; }
static int file_check_lock(sqlite3_file *f, int *locked) { return *locked = 0, OK; }
static int file_control(sqlite3_file *f, int what, void *with) { return NOTFOUND; }
static int file_sector(sqlite3_file *f) { return 4096; }
static int file_traits(sqlite3_file *f) { return 0; }

static const sqlite3_io_methods methods = {
	1, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_lock, file_check_lock,
	file_control, file_sector, file_traits,
};

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
	sql_session *s = v->data;
	f->methods = NULL;
	if (name != NULL) {
		return CANTOPEN;
	}
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/sql-%lld", s->dir, (long long)s->files++);
	if (n < 0 || n >= (int)sizeof path) {
		return CANTOPEN;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		s->why |= SQL_BROKEN;
		return CANTOPEN;
	}
	unlink(path); // it is gone when it is closed, however that comes
	*(file *)f = (file){{&methods}, s, fd, 0};
	if (out != NULL) {
		*out = flags;
	}
	return OK;
}

static int vfs_delete(sqlite3_vfs *v, const char *name, int sync) { return CANTOPEN; }
static int vfs_access(sqlite3_vfs *v, const char *name, int flags, int *yes) { return *yes = 0, OK; }

static int vfs_full_path(sqlite3_vfs *v, const char *name, int n, char *out) {
	snprintf(out, n, "%s", name);
	return OK;
}

static int vfs_randomness(sqlite3_vfs *v, int n, char *out) {
	memset(out, 0, n);
	return n;
}

static int vfs_sleep(sqlite3_vfs *v, int us) { return us; }

// There is no time: who asks for it is told so when the statement ends.
static int vfs_time_int64(sqlite3_vfs *v, int64_t *ms) {
	((sql_session *)v->data)->why |= SQL_CLOCK;
	*ms = 0;
	return ERROR;
}

static int vfs_time(sqlite3_vfs *v, double *days) {
	int64_t ms;
	*days = 0;
	return vfs_time_int64(v, &ms);
}

static int vfs_last_error(sqlite3_vfs *v, int n, char *out) { return 0; }

int sql_vfs_begin(sql_session *s) {
	snprintf(s->name, sizeof s->name, "pipe-sql-%p", (void *)s);
	s->vfs = (sqlite3_vfs){.version = 2, .file_size = sizeof(file), .longest_path = 512, .name = s->name, .data = s, .open = vfs_open,
		.delete = vfs_delete, .access = vfs_access, .full_path = vfs_full_path, .randomness = vfs_randomness, .sleep = vfs_sleep,
		.time = vfs_time, .last_error = vfs_last_error, .time_int64 = vfs_time_int64};
	return sqlite3_vfs_register(&s->vfs, 0);
}

void sql_vfs_end(sql_session *s) { sqlite3_vfs_unregister(&s->vfs); }
