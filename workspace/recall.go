package workspace

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
)

// Given describes a run of a pipeline file for Recall; nil if the system does not
// say which program this is.
func (h *Host) Given(file string, opt pipeline.Options) *runner.Given {
	program := programIdentity()
	if program == "" {
		return nil
	}
	given := &runner.Given{Program: program, File: file, Options: opt}
	if h.Processors != nil {
		given.Processors = h.Processors()
	}
	return given
}

// programIdentity tells builds of pipe apart, and with them the versions of
// all kinds of stages. It is empty if the system does not say.
func programIdentity() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	st, err := lineage.StatFile(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d %d %d", path, st.Size, st.MTimeNS, st.CTimeNS, st.Inode)
}

// Recall does a run without reading the pipeline, if an earlier run shows that
// nothing is to be done. Whatever speaks against it, also an error, is left to
// the full run to find and to report: then it gives nil. It notes in given what
// the file says.
func (h *Host) Recall(ctx context.Context, given *runner.Given, jobs int) *lineage.Repeated {
	// A run that does nothing is over before its garbage matters.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	dir := h.StoreOf(given.File)
	if !IsStore(dir) {
		return nil
	}
	source, err := pipeline.ReadFile(given.File)
	if err != nil {
		return nil
	}
	given.Source = source
	w, err := h.Open(dir)
	if err != nil {
		return nil
	}
	defer w.Close()
	r, err := w.Runner(jobs)
	if err != nil {
		return nil
	}
	r.Git.Commit = h.checkoutOf(given.File).commit()
	same, err := r.Recall(ctx, given, runner.Options{})
	if err != nil {
		return nil
	}
	return same
}
