// Package bundle puts a run with everything that explains it into one file,
// and takes it out again: the rows of the lineage, all artifacts, the text of
// the pipeline and the report. It owns the format of that file, which is
// written down in docs/bundle.md, and believes nothing that it reads.
package bundle
