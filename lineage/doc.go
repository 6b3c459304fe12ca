// Package lineage is the memory of pipe: a SQLite database of runs, stage
// executions, the artifacts between them, parameters, metrics, seeds and
// environments. This package has the connections, the schema, and the runs with what
// they recorded; those below it have a noun each: registry, ticks, walk, clean, slice.
// Together they own SQL; no other package sees any.
//
// # What is promised
//
// Each method that writes is one transaction. When Record, RecordAll, BeginRun,
// FinishRun or a function of ticks has returned nil, its rows survive a loss of
// power. Heartbeats, notices that a stage has begun, and the memo of file
// hashes survive a crash of the process, but the last of them may be lost with
// the power.
//
// Bytes are committed to the artifact store before the rows that point at
// them, so a crash in between leaves only artifacts that nothing refers to.
//
// Any number of processes may use one database on one machine. Writers wait
// for each other up to a minute; readers wait for nobody. Network file
// systems are refused, because SQLite's locks and shared memory do not work
// there.
//
// A run has a lease: the process that runs it, told apart from later ones with
// the same number, and a heartbeat. Open turns runs whose process is gone into
// interrupted ones, so nothing stays running for ever.
//
// Tables and views are a public interface, described in docs/lineage.md.
package lineage
