// A session, for the files of this package alone.

#include "select.h"
#include "sqlite3.h"

struct sql_session {
	sqlite3 *db;
	sqlite3_vfs vfs;
	char name[40];
	char *dir;
	int64_t files; // that were made
	int64_t used, most_disk;
	int64_t memory, most_memory; // what the process used at the beginning, and may use more
	int why;
	int stop;
	char denied[160];
	const char *const *tables, *const *functions; // that may be read and called, each list with a NULL at its end
};

void sql_zone_enter(sql_session *s); // of this thread, until it leaves
void sql_zone_leave(void);
int sql_vfs_begin(sql_session *s);
void sql_vfs_end(sql_session *s);
