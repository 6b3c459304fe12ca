package ingest

import (
	"context"

	"pipe/pipeline"
)

// TraceRows says that the rows of the table are those of the file, unless it may have
// left some out, or there are several files.
func (in *Ingest) TraceRows(_ context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	ports, err := in.ports(env.Inputs())
	if err != nil || len(ports) != 1 || in.Rows == "skip" || in.Rows == "collect" {
		return nil, err
	}
	f, err := env.Open(ports[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Type == pipeline.Directory {
		return nil, nil
	}
	return pipeline.SameRows("table", ports[0]), nil
}
