// Package schedule decides when pipelines run: cron expressions in a time
// zone, what happens to ticks that were missed, and what happens to a tick
// that falls due while its pipeline is still running. It knows nothing about
// stages and keeps no state of its own; what must survive a restart is in the
// caller's Store.
//
// # Time
//
// An expression is matched against the clock on the wall of its time zone.
// Twice a year that clock jumps, and the rule depends on the hours:
//
//   - An expression that names hours ("30 1 * * *") means that reading of the
//     clock, once a day. A tick that the jump forward leaves out runs at the
//     moment of the jump; several of them run once. In the hour that the jump
//     back repeats, a tick runs the first time only.
//   - An expression for every hour ("*/15 * * * *") means a pace, and keeps
//     it: nothing extra after the jump forward, both passes of the hour that
//     is repeated.
//
// # The watermark
//
// All ticks up to and including a schedule's watermark are dealt with. It moves
// forward, so a clock that is set back repeats no tick, and it is set to the
// present when a schedule is new or its expression was edited, so neither fires a
// backlog that nobody asked for. Only a person moves it back, after the clock was
// in the future and has dealt with ticks that were not due.
//
// # Several processes
//
// One process acts for a schedule, and all others stand by until it has ended. So
// overlap policies and queues need to look at nothing but the memory of that one.
// Ticks that a person asks for go through the same table, in which no tick is
// twice, and run in turn with those that were due.
package schedule
