package xla

import "pipe/nn/graph"

func (l *lowering) recurrent(op graph.Op) bool { return false }
