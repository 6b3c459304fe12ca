package lineage

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"pipe/base/diag"
)

//go:embed migrations/*.sql
var migrations embed.FS

// newest is the schema that all migrations together make, for a new database: to
// make it step by step takes three times as long, since each change of a table
// makes SQLite read all views again. A test writes it, and demands that both
// ways end the same.
//
//go:embed schema.sql
var newest string

// SchemaVersion is the version of the schema that this program reads and
// writes: the number of files in migrations. Version n is made by 000n_*.sql.
const SchemaVersion = 20

// applicationID marks the file as a lineage database: "pipe" in ASCII.
const applicationID = 0x70697065

// knownGoals is the migration that says which goals the metrics of before have.
const knownGoals = "0012_known_goals.sql"

func schemaVersion(ctx context.Context, db *sql.DB) (int, error) {
	var version, app, tables int
	// One statement sees one state, also while another process makes the
	// database. Only a file that is not ours, or new, is looked at closely.
	err := db.QueryRowContext(ctx, `SELECT u.user_version, a.application_id,
		CASE WHEN a.application_id = ? THEN 0 ELSE (SELECT count(*) FROM sqlite_schema) END
		FROM pragma_user_version u, pragma_application_id a`, applicationID).Scan(&version, &app, &tables)
	if err == nil && app != applicationID && (tables > 0 || version != 0 || app != 0) {
		err = diag.WithHint(errors.New("this is a database of another program"), "use another path for the store")
	}
	if err == nil && version > SchemaVersion {
		err = diag.WithHint(fmt.Errorf("the database was written by a newer pipe (schema version %d, this one knows %d)", version, SchemaVersion),
			"use the newer pipe, or another store")
	}
	return version, err
}

// migrate applies the migrations that are missing, all in one transaction. The
// version is read again in it: another process may have been faster.
func (d *DB) migrate(ctx context.Context) error {
	return d.Update(ctx, Durable, "migrate", func(t *Tx) error {
		var version int
		if err := t.Row("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version == 0 {
			if _, err := t.Exec(newest); err != nil {
				return fmt.Errorf("schema.sql: %w", err)
			}
			version = SchemaVersion
		}
		files, err := migrations.ReadDir("migrations")
		if err != nil {
			return err
		}
		for ; version < SchemaVersion; version++ {
			name := files[version].Name()
			if err := t.apply(name); err != nil {
				return err
			}
		}
		_, err = t.Exec(fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", version, applicationID))
		return err
	})
}

// KnowGoals says which goals the metrics of before have that say nothing of it.
func (t *Tx) KnowGoals() error { return t.apply(knownGoals) }

// apply executes a migration.
func (t *Tx) apply(name string) error {
	text, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	if _, err := t.Exec(string(text)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
