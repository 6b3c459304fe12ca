package lineage

import "syscall"

// networkFS names the network file system that dir is on, if any. FUSE is not
// listed: it may be local or not, and cannot be told apart here.
func networkFS(dir string) string {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return "" // opening the database will say what is wrong
	}
	return networkName(uint32(st.Type))
}

// networkName knows the magic numbers of statfs(2).
func networkName(magic uint32) string {
	switch magic {
	case 0x6969:
		return "NFS"
	case 0x517b, 0xff534d42, 0xfe534d42:
		return "SMB/CIFS"
	case 0x01021997:
		return "9p"
	case 0x5346414f, 0x6b414653:
		return "AFS"
	case 0x73757245:
		return "Coda"
	case 0x564c:
		return "NCP"
	case 0x00c36400:
		return "Ceph"
	case 0x0bd00bd0:
		return "Lustre"
	case 0x47504653:
		return "GPFS"
	case 0x786f4256, 0xbacbacbc:
		return "a folder shared with a virtual machine"
	}
	return ""
}
