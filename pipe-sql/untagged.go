//go:build !duckdb_arrow

package main

func main() {
	build_with("go build -tags duckdb_arrow") // DuckDB's driver gives Arrow only then
}
