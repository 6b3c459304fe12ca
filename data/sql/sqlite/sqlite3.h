// What is used of SQLite, which the Go driver compiles. Its header is out of sight
// here, but it has promised since 2004 to keep these. They are weak so that cgo, which
// links the files of one package alone, does not miss them.

#include <stdint.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct sqlite3_value sqlite3_value;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_file sqlite3_file;
typedef struct sqlite3_vfs sqlite3_vfs;

#define SQLITE(result, name, ...) extern result sqlite3_##name(__VA_ARGS__) __attribute__((weak))
SQLITE(int, open_v2, const char *, sqlite3 **, int, const char *);
SQLITE(int, close_v2, sqlite3 *);
SQLITE(int, exec, sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
SQLITE(int, prepare_v2, sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
SQLITE(int, step, sqlite3_stmt *);
SQLITE(int, reset, sqlite3_stmt *);
SQLITE(int, finalize, sqlite3_stmt *);
SQLITE(int, bind_int64, sqlite3_stmt *, int, int64_t);
SQLITE(int, bind_double, sqlite3_stmt *, int, double);
SQLITE(int, bind_text, sqlite3_stmt *, int, const char *, int, void (*)(void *));
SQLITE(int, bind_null, sqlite3_stmt *, int);
SQLITE(int, bind_parameter_count, sqlite3_stmt *);
SQLITE(int, stmt_readonly, sqlite3_stmt *);
SQLITE(int, column_count, sqlite3_stmt *);
SQLITE(const char *, column_name, sqlite3_stmt *, int);
SQLITE(const char *, column_decltype, sqlite3_stmt *, int);
SQLITE(int, column_type, sqlite3_stmt *, int);
SQLITE(int64_t, column_int64, sqlite3_stmt *, int);
SQLITE(double, column_double, sqlite3_stmt *, int);
SQLITE(const unsigned char *, column_text, sqlite3_stmt *, int);
SQLITE(int, column_bytes, sqlite3_stmt *, int);
SQLITE(int, limit, sqlite3 *, int, int);
SQLITE(int, db_config, sqlite3 *, int, ...);
SQLITE(int, set_authorizer, sqlite3 *, int (*)(void *, int, const char *, const char *, const char *, const char *), void *);
SQLITE(void, progress_handler, sqlite3 *, int, int (*)(void *), void *);
SQLITE(int64_t, memory_used, void);
SQLITE(int, error_offset, sqlite3 *);
SQLITE(const char *, errmsg, sqlite3 *);
SQLITE(int, extended_errcode, sqlite3 *);
SQLITE(const char *, libversion, void);
SQLITE(int, initialize, void);
SQLITE(int, create_function_v2, sqlite3 *, const char *, int, int, void *, void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *, int, sqlite3_value **), void (*)(sqlite3_context *), void (*)(void *));
SQLITE(void *, user_data, sqlite3_context *);
SQLITE(int, value_numeric_type, sqlite3_value *);
SQLITE(int64_t, value_int64, sqlite3_value *);
SQLITE(double, value_double, sqlite3_value *);
SQLITE(void, result_int64, sqlite3_context *, int64_t);
SQLITE(void, result_double, sqlite3_context *, double);
SQLITE(int, vfs_register, sqlite3_vfs *, int);
SQLITE(int, vfs_unregister, sqlite3_vfs *);
SQLITE(int, test_control, int, ...);
SQLITE(int, keyword_check, const char *, int);
SQLITE(int, stricmp, const char *, const char *);

enum {
	OK = 0, ERROR = 1, NOMEM = 7, INTERRUPT = 9, IOERR = 10, FULL = 13, CANTOPEN = 14, TOOBIG = 18, AUTH_DENY = 1, ROW = 100, DONE = 101,
	SHORT_READ = IOERR | 2 << 8, NOTFOUND = 12,
	OPEN_READWRITE = 2, OPEN_CREATE = 4, OPEN_NOMUTEX = 0x8000, OPEN_PRIVATECACHE = 0x40000,
	TYPE_INTEGER = 1, TYPE_FLOAT = 2, TYPE_TEXT = 3, TYPE_BLOB = 4, TYPE_NULL = 5,
	ACTION_READ = 20, ACTION_SELECT = 21, ACTION_FUNCTION = 31, ACTION_RECURSIVE = 33,
	UTF8 = 1, DETERMINISTIC = 0x800, INNOCUOUS = 0x200000,
	CONFIG_LOAD_EXTENSION = 1005, CONFIG_DEFENSIVE = 1010, CONFIG_DQS_DML = 1013, CONFIG_DQS_DDL = 1014, CONFIG_TRUSTED_SCHEMA = 1017,
	CONTROL_LOCALTIME = 18,
};

// The third versions of both structures, of which only the first are used.
typedef struct {
	int version;
	int (*close)(sqlite3_file *);
	int (*read)(sqlite3_file *, void *, int, int64_t);
	int (*write)(sqlite3_file *, const void *, int, int64_t);
	int (*truncate)(sqlite3_file *, int64_t);
	int (*sync)(sqlite3_file *, int);
	int (*size)(sqlite3_file *, int64_t *);
	int (*lock)(sqlite3_file *, int);
	int (*unlock)(sqlite3_file *, int);
	int (*check_lock)(sqlite3_file *, int *);
	int (*control)(sqlite3_file *, int, void *);
	int (*sector)(sqlite3_file *);
	int (*traits)(sqlite3_file *);
} sqlite3_io_methods;

struct sqlite3_file {
	const sqlite3_io_methods *methods;
};

struct sqlite3_vfs {
	int version, file_size, longest_path;
	sqlite3_vfs *next;
	const char *name;
	void *data;
	int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
	int (*delete)(sqlite3_vfs *, const char *, int);
	int (*access)(sqlite3_vfs *, const char *, int, int *);
	int (*full_path)(sqlite3_vfs *, const char *, int, char *);
	void *(*library_open)(sqlite3_vfs *, const char *);
	void (*library_error)(sqlite3_vfs *, int, char *);
	void (*(*library_symbol)(sqlite3_vfs *, void *, const char *))(void);
	void (*library_close)(sqlite3_vfs *, void *);
	int (*randomness)(sqlite3_vfs *, int, char *);
	int (*sleep)(sqlite3_vfs *, int);
	int (*time)(sqlite3_vfs *, double *);
	int (*last_error)(sqlite3_vfs *, int, char *);
	int (*time_int64)(sqlite3_vfs *, int64_t *);
};
