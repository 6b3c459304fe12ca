#!/bin/sh
# Runs the tests of the kernels, and of the bits of networks, with the
# instructions of AVX-512 on a machine that has none: in Bochs, which emulates
# such a processor from its reset on, with a Linux kernel and the tests as the
# first process. The networks take some minutes, the kernels an hour.
#
#   sh bench/avx512/run.sh KERNEL [BOCHS]
#
# KERNEL is a Linux kernel image. BOCHS is Bochs built with --enable-cpu-level=6
# --enable-x86-64 --enable-evex --with-nogui (and, for speed, with
# --enable-handlers-chaining and without the debugger, which the packages of
# distributions have). Besides it needs Go, gcc with a static libc, cpio, xorriso,
# isolinux, vgabios and busybox-static:
#
#   apt-get install xorriso isolinux syslinux-common vgabios busybox-static cpio
#   apt-get download linux-image-...; dpkg-deb -x linux-image-*.deb .
#   git clone https://github.com/bochs-emu/Bochs
set -eu

kernel=${1:?say which Linux kernel image to boot}
bochs=$(readlink -f "$(command -v "${2:-bochs}")")
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mkdir -p "$dir/root/bin" "$dir/root/nn/testdata" "$dir/root/kernel" "$dir/iso/isolinux"
cd "$root"
go test -c -ldflags '-linkmode external -extldflags -static' -o "$dir/root/nn/tests" ./nn
go test -c -ldflags '-linkmode external -extldflags -static' -o "$dir/root/kernel/tests" ./nn/cpu/kernel
cp nn/testdata/bits.txt "$dir/root/nn/testdata/"
cp "$(command -v busybox)" "$dir/root/bin/busybox"
ln -s busybox "$dir/root/bin/sh"
cat >"$dir/root/init" <<'END'
#!/bin/sh
PATH=/bin
busybox mkdir -p /proc /dev /tmp
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmp /tmp
exec >/dev/ttyS0 2>&1
echo "processor: $(busybox grep -m 1 -o 'avx512[a-z]*' /proc/cpuinfo | busybox tr '\n' ' ')"
cd /nn && ./tests -test.v -test.short -test.run Bits
echo "bits: $?"
cd /kernel && ./tests -test.v -test.short
echo "kernels: $?"
busybox poweroff -f
END
chmod +x "$dir/root/init"
(cd "$dir/root" && find . | cpio --quiet -o -H newc | gzip -1 >"$dir/iso/initrd.gz")
cp "$kernel" "$dir/iso/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$dir/iso/isolinux/"
cat >"$dir/iso/isolinux/isolinux.cfg" <<'END'
default tests
label tests
 kernel /vmlinuz
 append initrd=/initrd.gz console=ttyS0 quiet mitigations=off nokaslr tsc=reliable panic=1
END
xorriso -as mkisofs -quiet -o "$dir/boot.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
	-no-emul-boot -boot-load-size 4 -boot-info-table "$dir/iso" 2>/dev/null
cat >"$dir/bochsrc" <<END
cpu: model=corei7_skylake_x, count=1, ips=60000000
memory: guest=1024, host=1024
romimage: file=${BIOS:-$(dirname "$bochs")/bios/BIOS-bochs-latest}
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=$dir/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$dir/serial.txt
display_library: nogui
log: $dir/bochs.log
END
"$bochs" -q -f "$dir/bochsrc" >"$dir/bochs.txt" 2>&1 &
emulator=$!
trap 'kill $emulator 2>/dev/null; rm -rf "$dir"' EXIT
printed=0
while kill -0 $emulator 2>/dev/null && ! grep -q '^kernels: ' "$dir/serial.txt" 2>/dev/null; do
	sleep 5
	lines=$(cat "$dir/serial.txt" 2>/dev/null | wc -l)
	[ "$lines" -gt "$printed" ] && sed -n "$((printed + 1)),${lines}p" "$dir/serial.txt"
	printed=$lines
done
sed -n "$((printed + 1)),\$p" "$dir/serial.txt"
grep -q '^processor: avx512' "$dir/serial.txt"
grep -q 'kernels for avx512' "$dir/serial.txt"
grep -q '^kernels: 0' "$dir/serial.txt"
grep -q '^bits: 0' "$dir/serial.txt"
echo "AVX-512: all tests passed"
