// One SELECT over tables that are loaded into an SQLite database of its own, which has
// no name and sees no file.

#include <stdint.h>

typedef struct sql_session sql_session;
typedef struct sqlite3_stmt sqlite3_stmt;

// What the values of a column that is loaded are stored as.
enum { SQL_BOOL = 1, SQL_INT8, SQL_INT16, SQL_INT32, SQL_INT64, SQL_UINT8, SQL_UINT16, SQL_UINT32, SQL_UINT64, SQL_FLOAT32, SQL_FLOAT64, SQL_TEXT };

// Values of a column, as Arrow lays them out: offsets of texts have 32 bits.
typedef struct {
	int form;
	const void *values;
	const int32_t *offsets;
	const uint8_t *valid; // a bitmap, NULL if nothing is missing
	int64_t start;        // number of the first value, of what the pointers point at
} sql_column;

// Rows of a result, each one value after the other. The bits of a text are where it
// begins in the pool (the upper half) and its length.
typedef struct {
	int64_t rows, columns;
	uint8_t *kinds;
	int64_t *bits;
	char *pool;
	int64_t used, room, most_rows, more; // more: there are more rows
} sql_rows;

// What is known of the values of a result's column.
typedef struct {
	int64_t first[6];        // row of the first value of each kind, by the numbers of SQLite, counted from 0; -1 if there is none
	int64_t least, greatest; // of the whole numbers
	int64_t wide;            // row of the first whole number that no double is
	int64_t coarse;          // row of the first double that no float is
} sql_seen;

// Why a statement ended, as bits.
enum { SQL_STOPPED = 1, SQL_MEMORY = 2, SQL_DISK = 4, SQL_CLOCK = 8, SQL_BROKEN = 16, SQL_ZONE = 32 };

// All that return int return a code of SQLite.
int sql_open(const char *dir, int64_t memory, int64_t disk, sql_session **s);
void sql_close(sql_session *s);
int sql_exec(sql_session *s, const char *text);
void sql_restrict(sql_session *s, const char *const *tables, const char *const *functions);
int sql_prepare(sql_session *s, const char *text, sqlite3_stmt **stmt, int *tail);
int sql_columns(sqlite3_stmt *stmt);
int sql_parameters(sqlite3_stmt *stmt);
int sql_readonly(sqlite3_stmt *stmt);
const char *sql_column_name(sqlite3_stmt *stmt, int i);
const char *sql_column_type(sqlite3_stmt *stmt, int i); // as the column of a table is declared; NULL for an expression
void sql_finalize(sqlite3_stmt *stmt);
int sql_insert(sql_session *s, sqlite3_stmt *stmt, const sql_column *columns, int n, int64_t rows, int64_t *bad_row, int *bad_column);
int sql_fetch(sql_session *s, sqlite3_stmt *stmt, int64_t most_bytes, int64_t at, sql_rows *out, sql_seen *seen);
int sql_rows_make(sql_rows *r, int64_t columns, int64_t most_rows);
void sql_rows_free(sql_rows *r);
void sql_stop(sql_session *s); // may be called at any time, from any thread
int sql_why(sql_session *s);
const char *sql_denied(sql_session *s); // what was refused; empty if nothing was
const char *sql_message(sql_session *s);
int sql_offset(sql_session *s);
int sql_keyword(const char *name, int n); // whether it is a word of the language
int64_t sql_written(sql_session *s);
const char *sql_version(void);
