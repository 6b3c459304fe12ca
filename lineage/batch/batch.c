// The aggregate function pipe_batch of SQLite, see batch.go.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "batch.h"

// What is used of SQLite, which the Go driver compiles. Its header is out of
// sight here, but it has promised since 2004 to keep these. They are weak so
// that cgo, which links the files of one package alone, does not miss them.
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_value sqlite3_value;
#define SQLITE(result, name, ...) extern result sqlite3_##name(__VA_ARGS__) __attribute__((weak))
SQLITE(int, auto_extension, void (*)(void));
SQLITE(int, create_function_v2, sqlite3 *, const char *, int, int, void *, void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *, int, sqlite3_value **), void (*)(sqlite3_context *), void (*)(void *));
SQLITE(int, db_config, sqlite3 *, int, ...);
SQLITE(void *, aggregate_context, sqlite3_context *, int);
SQLITE(void *, user_data, sqlite3_context *);
SQLITE(void *, realloc64, void *, uint64_t);
SQLITE(void, free, void *);
SQLITE(int, value_type, sqlite3_value *);
SQLITE(int64_t, value_int64, sqlite3_value *);
SQLITE(const unsigned char *, value_text, sqlite3_value *);
SQLITE(int, value_bytes, sqlite3_value *);
SQLITE(void, result_blob64, sqlite3_context *, const void *, uint64_t, void (*)(void *));
SQLITE(void, result_error, sqlite3_context *, const char *, int);
SQLITE(void, result_null, sqlite3_context *);
enum { NOMEM = 7, TYPE_INTEGER = 1, TYPE_TEXT = 3, TYPE_NULL = 5, UTF8 = 1, DETERMINISTIC = 0x800, DIRECTONLY = 0x80000,
	ENABLE_QPSG = 1007 };

enum { MAX_COLUMNS = 16 };

// Buffers are used again by the next batch of the same connection: for large
// ones the allocator would ask the system for fresh memory each time.
typedef struct {
	struct header *spare[2];
} workspace;

// What a buffer begins with.
typedef struct header {
	workspace *home;
	size_t room; // with the header
} header;

enum { FIRST_ROOM = 4096, MOST_SPARE = 16 << 20 };

typedef struct {
	unsigned char *data; // NULL or behind a header
	size_t used, room;   // without the header
} buffer;

// Makes a buffer of a header.
static buffer opened(header *h) {
	return (buffer){(unsigned char *)(h + 1), 0, h->room - sizeof *h};
}

// Gives the memory of a buffer back.
static void release(void *data) {
	if (data == NULL) {
		return;
	}
	header *h = (header *)data - 1;
	for (int i = 0; i < 2 && h->room <= MOST_SPARE; i++) {
		if (h->home->spare[i] == NULL) {
			h->home->spare[i] = h;
			return;
		}
	}
	sqlite3_free(h);
}

static void close_workspace(void *data) {
	workspace *home = data;
	sqlite3_free(home->spare[0]);
	sqlite3_free(home->spare[1]);
	sqlite3_free(home);
}

// A slot of 4 bytes for each value: a small integer, or where a text is in the
// pool. There it follows its length. The pool begins with the empty text. A text
// that is the same as the one above it is not stored again. A slot with LARGE
// tells where in the pool 8 bytes of an integer are.
typedef struct {
	workspace *home;
	buffer slots, pool;
	uint32_t last[MAX_COLUMNS];
	int columns;
	const char *failure; // NULL if there is none
} batch;

#define LARGE (UINT32_C(1) << 31)

// Returns where more bytes can be written, or NULL and marks the batch.
static void *extend(batch *b, buffer *to, size_t more) {
	for (int i = 0; i < 2 && to->data == NULL; i++) {
		if (b->home->spare[i] != NULL) {
			*to = opened(b->home->spare[i]);
			b->home->spare[i] = NULL;
		}
	}
	if (to->data == NULL || to->room - to->used < more) {
		header *h = to->data == NULL ? NULL : (header *)to->data - 1;
		size_t room = h == NULL ? FIRST_ROOM : h->room;
		while (room - sizeof *h - to->used < more) {
			room *= 2;
		}
		h = sqlite3_realloc64(h, room);
		if (h == NULL) {
			b->failure = "pipe_batch: out of memory";
			return NULL;
		}
		*h = (header){b->home, room};
		size_t used = to->used;
		*to = opened(h);
		to->used = used;
	}
	void *at = to->data + to->used;
	to->used += more;
	return at;
}

// Puts bytes into the pool and returns where, or marks the batch.
static uint32_t store(batch *b, const void *bytes, uint32_t length, int with_length) {
	size_t at = b->pool.used;
	if (at + length > LARGE - sizeof length) {
		b->failure = "pipe_batch: too much text";
		return 0;
	}
	unsigned char *to = extend(b, &b->pool, length + (with_length ? sizeof length : 0));
	if (to == NULL) {
		return 0;
	}
	if (with_length) {
		memcpy(to, &length, sizeof length);
		to += sizeof length;
	}
	if (length > 0) {
		memcpy(to, bytes, length);
	}
	return (uint32_t)at;
}

static void step(sqlite3_context *context, int columns, sqlite3_value **values) {
	batch *b = sqlite3_aggregate_context(context, sizeof *b);
	if (b == NULL || b->failure != NULL) {
		return;
	}
	if (columns > MAX_COLUMNS) {
		b->failure = "pipe_batch: too many columns";
		return;
	}
	b->columns = columns;
	b->home = sqlite3_user_data(context);
	if (b->pool.used == 0) {
		store(b, NULL, 0, 1);
	}
	if (b->failure != NULL) {
		return;
	}
	uint32_t *slots = extend(b, &b->slots, (size_t)columns * sizeof *slots);
	if (slots == NULL) {
		return;
	}
	for (int i = 0; i < columns; i++) {
		switch (sqlite3_value_type(values[i])) {
		case TYPE_NULL:
			slots[i] = 0;
			break;
		case TYPE_INTEGER: {
			int64_t v = sqlite3_value_int64(values[i]);
			slots[i] = v >= 0 && v < LARGE ? (uint32_t)v : store(b, &v, sizeof v, 0) | LARGE;
			break;
		}
		case TYPE_TEXT: {
			const unsigned char *text = sqlite3_value_text(values[i]);
			uint32_t length = (uint32_t)sqlite3_value_bytes(values[i]);
			const unsigned char *last = b->pool.data + b->last[i];
			if (text == NULL) {
				b->failure = "pipe_batch: out of memory";
			} else if (memcmp(last, &length, sizeof length) != 0 || memcmp(last + sizeof length, text, length) != 0) {
				b->last[i] = store(b, text, length, 1);
			}
			slots[i] = b->last[i];
			break;
		}
		default:
			b->failure = "pipe_batch: neither integer nor text";
		}
		if (b->failure != NULL) {
			return;
		}
	}
}

// The result is the slots, the pool, and two more slots: the number of columns,
// and where the pool begins, divided by 4.
static void final(sqlite3_context *context) {
	batch *b = sqlite3_aggregate_context(context, 0);
	if (b == NULL) { // no rows
		sqlite3_result_null(context);
		return;
	}
	uint32_t end[2] = {(uint32_t)b->columns, (uint32_t)(b->slots.used / sizeof *end)};
	unsigned char *to = b->failure != NULL ? NULL : extend(b, &b->slots, b->pool.used + sizeof end);
	if (to != NULL) {
		memcpy(to, b->pool.data, b->pool.used);
		memcpy(to + b->pool.used, end, sizeof end);
	}
	release(b->pool.data);
	if (to == NULL) {
		release(b->slots.data);
		sqlite3_result_error(context, b->failure, -1);
		return;
	}
	sqlite3_result_blob64(context, b->slots.data, b->slots.used, release);
}

// Called by SQLite for each connection that is opened.
static int install(sqlite3 *db, char **message, const void *api) {
	(void)message;
	(void)api;
	// Otherwise a statement is prepared again each time that an argument changes
	// which was compared with the condition of a partial index.
	int code = sqlite3_db_config(db, ENABLE_QPSG, 1, NULL);
	if (code != 0) {
		return code;
	}
	workspace *home = sqlite3_realloc64(NULL, sizeof *home);
	if (home == NULL) {
		return NOMEM;
	}
	*home = (workspace){{NULL, NULL}};
	return sqlite3_create_function_v2(db, "pipe_batch", -1, UTF8 | DETERMINISTIC | DIRECTONLY, home, NULL, step, final, close_workspace);
}

int batch_register(void) {
	return sqlite3_auto_extension((void (*)(void))install);
}
