// Makes pipe_batch known to connections that are opened from now on, and their
// plans independent of arguments. May be called again. Returns a SQLite error
// code.
int batch_register(void);
