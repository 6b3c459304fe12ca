// Package sqlite answers a SELECT over tables on the SQLite that is part of this
// program: in a database of its own, which has no name, from which no other one can be
// reached, and on one thread.
//
// The tables are loaded into it, and only the columns that the query can read. To let
// SQLite read them where they are (a virtual table) would spare that, but SQLite makes no
// index of a virtual table when it joins one: a join of a million rows would look at all
// pairs.
package sqlite
