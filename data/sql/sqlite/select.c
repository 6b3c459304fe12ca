// A session of SQLite that holds some tables and answers one SELECT.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "session.h"

// How many steps of SQLite's machine there are between two looks at whether to go on.
enum { LOOK_EVERY = 500 };

static int look(void *data) {
	sql_session *s = data;
	if (__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		s->why |= SQL_STOPPED;
	} else if (sqlite3_memory_used() - s->memory > s->most_memory) {
		s->why |= SQL_MEMORY;
	}
	return (s->why & (SQL_STOPPED | SQL_MEMORY | SQL_CLOCK | SQL_ZONE)) != 0;
}

static int contains(const char *const *list, const char *name) {
	for (; name != NULL && *list != NULL; list++) {
		if (sqlite3_stricmp(*list, name) == 0) {
			return 1;
		}
	}
	return 0;
}

static int deny(sql_session *s, const char *what, const char *name) {
	if (s->denied[0] == 0) {
		snprintf(s->denied, sizeof s->denied, "%s:%s", what, name == NULL ? "" : name);
	}
	return AUTH_DENY;
}

// Allows to read the tables and to call functions that are known to give the same each
// time, and nothing else.
static int authorize(void *data, int action, const char *a, const char *b, const char *database, const char *in) {
	sql_session *s = data;
	switch (action) {
	case ACTION_SELECT:
	case ACTION_RECURSIVE:
		return OK;
	case ACTION_READ:
		if ((b == NULL || *b == 0) && strncasecmp(a, "sqlite_", 7) != 0 && strncasecmp(a, "pragma_", 7) != 0) {
			return OK; // no column of it, such as of a table that WITH names
		}
		return contains(s->tables, a) ? OK : deny(s, "table", a);
	case ACTION_FUNCTION:
		return contains(s->functions, b) ? OK : deny(s, "function", b);
	}
	return deny(s, "action", a);
}

// Functions that SQLite has only if it is compiled so, as far as they have but one right
// result: of whole numbers they give whole numbers, of what is no number nothing.
enum { FLOOR, CEIL, TRUNC, SQRT };

static void round_or_root(sqlite3_context *to, int n, sqlite3_value **values) {
	int what = (int)(intptr_t)sqlite3_user_data(to), type = sqlite3_value_numeric_type(values[0]);
	if (type == TYPE_INTEGER && what != SQRT) {
		sqlite3_result_int64(to, sqlite3_value_int64(values[0]));
	} else if (type == TYPE_INTEGER || type == TYPE_FLOAT) {
		double v = sqlite3_value_double(values[0]);
		sqlite3_result_double(to, what == FLOOR ? floor(v) : what == CEIL ? ceil(v) : what == TRUNC ? trunc(v) : sqrt(v));
	}
}

static int add_functions(sqlite3 *db) {
	static const struct {
		const char *name;
		int what;
	} list[] = {{"floor", FLOOR}, {"ceil", CEIL}, {"ceiling", CEIL}, {"trunc", TRUNC}, {"sqrt", SQRT}};
	int rc = OK;
	for (int i = 0; i < (int)(sizeof list / sizeof *list) && rc == OK; i++) {
		rc = sqlite3_create_function_v2(db, list[i].name, 1, UTF8 | DETERMINISTIC | INNOCUOUS, (void *)(intptr_t)list[i].what, round_or_root, NULL, NULL, NULL);
	}
	return rc;
}

int sql_open(const char *dir, int64_t memory, int64_t disk, sql_session **out) {
	*out = NULL;
	int rc = sqlite3_initialize();
	if (rc != OK) {
		return rc;
	}
	sql_session *s = calloc(1, sizeof *s);
	if (s == NULL || (s->dir = strdup(dir)) == NULL) {
		free(s);
		return NOMEM;
	}
	s->most_memory = memory;
	s->most_disk = disk;
	s->memory = sqlite3_memory_used();
	rc = sql_vfs_begin(s);
	if (rc == OK) {
		rc = sqlite3_open_v2("", &s->db, OPEN_READWRITE | OPEN_CREATE | OPEN_NOMUTEX | OPEN_PRIVATECACHE, s->name);
		if (rc == OK) {
			rc = add_functions(s->db);
		}
		if (rc != OK) {
			sqlite3_close_v2(s->db);
			sql_vfs_end(s);
		}
	}
	if (rc != OK) {
		free(s->dir);
		free(s);
		return rc;
	}
	sqlite3_db_config(s->db, CONFIG_LOAD_EXTENSION, 0, (int *)NULL);
	sqlite3_db_config(s->db, CONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(s->db, CONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	sqlite3_db_config(s->db, CONFIG_DQS_DML, 0, (int *)NULL);
	sqlite3_db_config(s->db, CONFIG_DQS_DDL, 0, (int *)NULL);
	sqlite3_progress_handler(s->db, LOOK_EVERY, look, s);
	*out = s;
	return OK;
}

void sql_close(sql_session *s) {
	sqlite3_close_v2(s->db);
	sql_vfs_end(s);
	free(s->dir);
	free(s);
}

int sql_exec(sql_session *s, const char *text) { return sqlite3_exec(s->db, text, NULL, NULL, NULL); }

void sql_restrict(sql_session *s, const char *const *tables, const char *const *functions) {
	// By the numbers of SQLITE_LIMIT_: bytes of a value, of a statement, columns, depth of
	// an expression, parts of a compound, instructions, arguments, attached databases,
	// bytes of a pattern, variables, depth of triggers, threads.
	static const int limits[] = {16 << 20, 2 << 20, 2000, 200, 100, 1000000, 100, 0, 1000, 2000, 0, 0};
	for (int i = 0; i < (int)(sizeof limits / sizeof *limits); i++) {
		sqlite3_limit(s->db, i, limits[i]);
	}
	s->tables = tables;
	s->functions = functions;
	sqlite3_set_authorizer(s->db, tables == NULL ? NULL : authorize, s);
}

int sql_prepare(sql_session *s, const char *text, sqlite3_stmt **stmt, int *tail) {
	const char *rest = text;
	sql_zone_enter(s);
	int rc = sqlite3_prepare_v2(s->db, text, -1, stmt, &rest);
	sql_zone_leave();
	*tail = (int)(rest - text);
	return rc;
}

int sql_columns(sqlite3_stmt *stmt) { return sqlite3_column_count(stmt); }
int sql_parameters(sqlite3_stmt *stmt) { return sqlite3_bind_parameter_count(stmt); }
int sql_readonly(sqlite3_stmt *stmt) { return sqlite3_stmt_readonly(stmt); }
const char *sql_column_name(sqlite3_stmt *stmt, int i) { return sqlite3_column_name(stmt, i); }
const char *sql_column_type(sqlite3_stmt *stmt, int i) { return sqlite3_column_decltype(stmt, i); }
void sql_finalize(sqlite3_stmt *stmt) { sqlite3_finalize(stmt); }
void sql_stop(sql_session *s) { __atomic_store_n(&s->stop, 1, __ATOMIC_RELAXED); }
int sql_why(sql_session *s) { return s->why; }
const char *sql_denied(sql_session *s) { return s->denied; }
const char *sql_message(sql_session *s) { return sqlite3_errmsg(s->db); }
int sql_offset(sql_session *s) { return sqlite3_error_offset(s->db); }
int sql_keyword(const char *name, int n) { return sqlite3_keyword_check(name, n); }
int64_t sql_written(sql_session *s) { return s->used; }
const char *sql_version(void) { return sqlite3_libversion(); }

static int bind(sqlite3_stmt *stmt, int at, const sql_column *c, int64_t row) {
	row += c->start;
	if (c->valid != NULL && !(c->valid[row >> 3] >> (row & 7) & 1)) {
		return sqlite3_bind_null(stmt, at);
	}
	switch (c->form) {
	case SQL_BOOL:
		return sqlite3_bind_int64(stmt, at, ((const uint8_t *)c->values)[row >> 3] >> (row & 7) & 1);
	case SQL_INT8:
		return sqlite3_bind_int64(stmt, at, ((const int8_t *)c->values)[row]);
	case SQL_INT16:
		return sqlite3_bind_int64(stmt, at, ((const int16_t *)c->values)[row]);
	case SQL_INT32:
		return sqlite3_bind_int64(stmt, at, ((const int32_t *)c->values)[row]);
	case SQL_INT64:
		return sqlite3_bind_int64(stmt, at, ((const int64_t *)c->values)[row]);
	case SQL_UINT8:
		return sqlite3_bind_int64(stmt, at, ((const uint8_t *)c->values)[row]);
	case SQL_UINT16:
		return sqlite3_bind_int64(stmt, at, ((const uint16_t *)c->values)[row]);
	case SQL_UINT32:
		return sqlite3_bind_int64(stmt, at, ((const uint32_t *)c->values)[row]);
	case SQL_UINT64:
		if (((const uint64_t *)c->values)[row] > INT64_MAX) {
			return TOOBIG;
		}
		return sqlite3_bind_int64(stmt, at, ((const int64_t *)c->values)[row]);
	case SQL_FLOAT32:
		return sqlite3_bind_double(stmt, at, ((const float *)c->values)[row]); // NaN becomes NULL
	case SQL_FLOAT64:
		return sqlite3_bind_double(stmt, at, ((const double *)c->values)[row]);
	}
	int32_t begin = c->offsets[row], end = c->offsets[row + 1];
	return sqlite3_bind_text(stmt, at, end > begin ? (const char *)c->values + begin : "", end - begin, NULL);
}

int sql_insert(sql_session *s, sqlite3_stmt *stmt, const sql_column *columns, int n, int64_t rows, int64_t *bad_row, int *bad_column) {
	for (int64_t row = 0; row < rows; row++) {
		int rc = OK;
		for (int i = 0; i < n && rc == OK; i++) {
			rc = bind(stmt, i + 1, &columns[i], row);
			*bad_column = i;
		}
		*bad_row = row;
		if (rc != OK) {
			return rc;
		}
		rc = sqlite3_step(stmt);
		if (rc != DONE) {
			*bad_column = -1;
			sqlite3_reset(stmt);
			return rc;
		}
		sqlite3_reset(stmt);
	}
	return OK;
}

int sql_rows_make(sql_rows *r, int64_t columns, int64_t most_rows) {
	r->columns = columns;
	r->most_rows = most_rows;
	r->kinds = malloc(columns * most_rows);
	r->bits = malloc(columns * most_rows * sizeof *r->bits);
	r->room = 1 << 16;
	r->pool = malloc(r->room);
	return r->kinds != NULL && r->bits != NULL && r->pool != NULL ? OK : NOMEM;
}

void sql_rows_free(sql_rows *r) {
	free(r->kinds);
	free(r->bits);
	free(r->pool);
}

// Puts a text into the pool, and says where.
static int put(sql_rows *r, const void *text, int64_t n, int64_t *bits) {
	if (r->used + n > r->room) {
		int64_t room = r->room;
		while (r->used + n > room) {
			room *= 2;
		}
		char *larger = room <= INT64_C(1) << 30 ? realloc(r->pool, room) : NULL;
		if (larger == NULL) {
			return NOMEM;
		}
		r->pool = larger;
		r->room = room;
	}
	memcpy(r->pool + r->used, text, n);
	*bits = r->used << 32 | n;
	r->used += n;
	return OK;
}

static int take(sql_session *s, sqlite3_stmt *stmt, int i, int64_t row, uint8_t *kind, int64_t *bits, sql_rows *out, sql_seen *seen) {
	*kind = sqlite3_column_type(stmt, i);
	*bits = 0;
	if (seen->first[*kind] < 0) {
		seen->first[*kind] = row;
	}
	switch (*kind) {
	case TYPE_INTEGER: {
		int64_t v = *bits = sqlite3_column_int64(stmt, i);
		if (v < seen->least) {
			seen->least = v;
		}
		if (v > seen->greatest) {
			seen->greatest = v;
		}
		const int64_t exact = INT64_C(1) << 53;
		if (seen->wide < 0 && (v > exact || v < -exact) && ((double)v >= 0x1p63 || (int64_t)(double)v != v)) {
			seen->wide = row;
		}
		return OK;
	}
	case TYPE_FLOAT: {
		double v = sqlite3_column_double(stmt, i);
		memcpy(bits, &v, sizeof v);
		if (seen->coarse < 0 && (double)(float)v != v) {
			seen->coarse = row;
		}
		return OK;
	}
	case TYPE_TEXT: {
		const unsigned char *text = sqlite3_column_text(stmt, i);
		if (text == NULL) {
			return NOMEM;
		}
		return put(out, text, sqlite3_column_bytes(stmt, i), bits);
	}
	}
	return OK;
}

// Takes rows until there are enough of them. at is the number of the first.
int sql_fetch(sql_session *s, sqlite3_stmt *stmt, int64_t most_bytes, int64_t at, sql_rows *out, sql_seen *seen) {
	out->rows = out->used = 0;
	out->more = 1;
	while (out->rows < out->most_rows && out->used < most_bytes) {
		sql_zone_enter(s);
		int rc = sqlite3_step(stmt);
		sql_zone_leave();
		if (rc == DONE) {
			out->more = 0;
			return OK;
		}
		if (rc != ROW) {
			return rc;
		}
		uint8_t *kinds = out->kinds + out->rows * out->columns;
		int64_t *bits = out->bits + out->rows * out->columns;
		for (int i = 0; i < out->columns; i++) {
			rc = take(s, stmt, i, at + out->rows, &kinds[i], &bits[i], out, &seen[i]);
			if (rc != OK) {
				return rc;
			}
		}
		out->rows++;
	}
	return OK;
}
