// Package fault makes things go wrong on purpose: a process that kills itself
// at a named point, a loss of power that takes what was not synced, and a file
// system whose n-th call fails. Tests and the crash matrix (bench/crash) use
// it. The pipe that people use does not contain it: cmd/pipe imports it only
// when it is built with the tag crashpoints.
package fault

// A Point is a place on the way from a stage to its record at which a process
// may be killed.
type Point struct{ Name, Doc string }

// Points are all points, in the order in which a run passes them first. The
// crash matrix kills a run at each.
//
// Points of the store lie around the calls to the file system, those of the
// lineage around its transactions.
var Points = []Point{
	{"store.mkdir", "a directory of the store was made, and its name not synced"},
	{"lineage.opened", "the database was opened or made, the schema not looked at"},
	{"lineage.migrate.begun", "the migration has begun its transaction"},
	{"lineage.migrate.written", "the new schema is written and not committed"},
	{"lineage.migrate.ended", "the new schema is committed"},
	{"lineage.interrupt.begun", "the reaper found a dead run"},
	{"lineage.interrupt.written", "the end of a dead run is written and not committed"},
	{"lineage.interrupt.ended", "the dead run is interrupted"},
	{"store.create.before", "an artifact has no temp file yet"},
	{"store.create.after", "the temp file is there and empty"},
	{"store.write.before", "a block of an artifact is not written yet"},
	{"store.write.half", "half of a block is written"},
	{"store.write.after", "the block is written"},
	{"store.chmod.after", "the temp file is complete and read-only"},
	{"store.sync.before", "the temp file is not synced"},
	{"store.sync.after", "the temp file is synced and has no name yet"},
	{"store.rename.before", "as before, just before the rename"},
	{"store.rename.after", "the artifact has its name, which is not synced"},
	{"store.syncdir.before", "a directory of the store is not synced yet"},
	{"store.syncdir.after", "the directory is synced"},
	{"store.remove.before", "a temp file that is not needed is still there"},
	{"store.remove.after", "the temp file is gone"},
	{"store.touch.after", "content that was there already has got a new age"},
	{"lineage.begin.begun", "the transaction that records the begin of a run has begun"},
	{"lineage.begin.written", "the begin of the run is written and not committed"},
	{"lineage.begin.ended", "the run is recorded as running"},
	{"runner.run.begun", "the same, and no stage was looked at"},
	{"runner.stage.begin", "an attempt at a stage begins"},
	{"runner.checkpoint.opened", "a stage goes on from the checkpoint of a dead process"},
	{"runner.checkpoint.saved", "a stage has saved a checkpoint"},
	{"runner.stage.done", "the stage has returned, its outputs have no name"},
	{"runner.stage.committed", "the outputs are in the store, no row points at them"},
	{"lineage.record.begun", "the transaction that records stages has begun"},
	{"lineage.record.written", "the stages are written and not committed"},
	{"lineage.record.ended", "the stages are recorded"},
	{"runner.stage.recorded", "the same, and the run does not know it yet"},
	{"runner.checkpoint.removed", "the checkpoint of a stage that is recorded is gone"},
	{"runner.stage.finished", "between stages: what waits for the stage is ready"},
	{"runner.stage.retry", "between attempts: the delay is over"},
	{"runner.hits.begin", "stages were found in the cache and are not recorded"},
	{"runner.hits.recorded", "the cached stages are recorded"},
	{"runner.run.ending", "all stages have ended, the run is recorded as running"},
	{"lineage.finish.begun", "the transaction that ends the run has begun"},
	{"lineage.finish.written", "the end of the run is written and not committed"},
	{"lineage.finish.ended", "the end of the run is committed"},
	{"runner.run.finished", "the same, and nobody was told"},
	{"lineage.remember.begun", "the transaction that keeps a memo of the run has begun"},
	{"lineage.remember.written", "the memo is written and not committed"},
	{"lineage.remember.ended", "the memo is committed"},
	{"lineage.checkpoint.before", "the write-ahead log is not merged into the database"},
	{"lineage.checkpoint.after", "the log is merged and removed, the process ends"},
}
