package lineage

import (
	"fmt"
	"os"
	"time"

	"pipe/artifacts"
)

// An Owner is the process that holds a lease. The number of a process is used
// again after its death, so its start time and the boot belong to it; and it
// means something only within its process namespace (of a container).
type Owner struct {
	hostname  string
	bootID    string // empty if the system has none
	pid       int
	pidStart  int64 // clock ticks since boot; 0 if unknown
	namespace string
}

// Values are those of the columns hostname, boot_id, pid, pid_start and
// pid_namespace, in this order.
func (o Owner) Values() []any {
	return []any{o.hostname, o.bootID, o.pid, o.pidStart, o.namespace}
}

// Dest is where these columns are scanned to.
func (o *Owner) Dest() []any {
	return []any{&o.hostname, &o.bootID, &o.pid, &o.pidStart, &o.namespace}
}

// claimName is the name of the claim that a process holds while it has leases.
func (o Owner) claimName() string {
	return artifacts.Sum(fmt.Appendf(nil, "owner %q %q %d %d", o.bootID, o.namespace, o.pid, o.pidStart)).String()
}

func currentOwner() (Owner, error) {
	host, err := os.Hostname()
	if err != nil {
		return Owner{}, err
	}
	pid := os.Getpid()
	start, _ := processStart(pid)
	return Owner{hostname: host, bootID: bootID(), pid: pid, pidStart: start, namespace: pidNamespace()}, nil
}

// heartbeatLimit is the age at which a heartbeat counts as the last one, where
// the process itself cannot be looked at.
const heartbeatLimit = 60 * time.Second

// gone reports whether the process o is dead, as seen from the process me.
func (me Owner) gone(o Owner, heartbeat, now time.Time) bool {
	switch {
	case me.bootID == "" || me.namespace == "" || me.namespace != o.namespace && me.bootID == o.bootID:
		// Nothing can be seen from here: another system or another container.
		return now.Sub(heartbeat) > heartbeatLimit
	case me.bootID != o.bootID:
		// The machine was started again since, unless it is another machine
		// that shares the disk with this one.
		return me.hostname == o.hostname || now.Sub(heartbeat) > heartbeatLimit
	}
	start, alive := processStart(o.pid)
	return !alive || o.pidStart != 0 && start != o.pidStart
}
