package lineage

import "testing"

// The numbers are those of linux/magic.h and of the file systems themselves.
func TestNetworkFileSystems(t *testing.T) {
	for magic, want := range map[uint32]string{
		0x6969: "NFS", 0xff534d42: "SMB/CIFS", 0xfe534d42: "SMB/CIFS", 0x01021997: "9p", 0x00c36400: "Ceph", 0x0bd00bd0: "Lustre",
		0xef53: "", 0x58465342: "", 0x9123683e: "", 0x01021994: "", 0x794c7630: "", // ext4, XFS, Btrfs, tmpfs, overlayfs
	} {
		if got := networkName(magic); got != want {
			t.Errorf("%#x is %q, want %q", magic, got, want)
		}
	}
	if got := networkFS(t.TempDir()); got != "" {
		t.Errorf("the folder for temporary files is on %q", got)
	}
}
