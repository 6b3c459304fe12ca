package xla

import "pipe/nn/graph"

func (l *lowering) embedding(op graph.Op) bool { return false }
