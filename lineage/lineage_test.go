package lineage_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the expected files in testdata anew")

// TestMain lets the test binary stand in for another pipe process.
func TestMain(m *testing.M) {
	for name, process := range map[string]func(string) error{"LINEAGE_TEST_RUN": beginAndWait, "LINEAGE_TEST_RECORD": recordForEver} {
		if path := os.Getenv(name); path != "" {
			if err := process(path); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}
