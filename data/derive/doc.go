// Package derive makes new columns of those that rows have, by expressions, and
// chooses, drops and renames columns. It knows rows of a batch, no files.
package derive
