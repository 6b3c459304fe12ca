// The time zone of the machine, which no query may ask for, whatever its modifiers of
// dates are made of. SQLite has one door for that, which holds for all of the process:
// others go through it as before.

#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>

#include "session.h"

static _Thread_local sql_session *inside;

static int local_time(const void *at, void *to) {
	if (inside != NULL) {
		inside->why |= SQL_ZONE;
		return ERROR;
	}
	return localtime_r(at, to) == NULL ? ERROR : OK;
}

static void stand_in(void) { sqlite3_test_control(CONTROL_LOCALTIME, 2, local_time); }

void sql_zone_enter(sql_session *s) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, stand_in);
	inside = s;
}

void sql_zone_leave(void) { inside = NULL; }
