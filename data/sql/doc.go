// Package sql looks at the text of an SQL query as far as is needed to say in which
// order its rows come and which columns it reads. It does not parse it: the engines
// below this package do, each in a package of its own.
package sql
