#!/bin/bash
# build.sh DIRECTORY NODE: writes vmlinuz, initrd and root.ext4 of a guest that has what storage hosts have and test machines
# often lack: dm-thin, LVM and tgt. NODE is copied into it. Needs mmdebstrap, e2fsprogs, busybox, cpio and kmod, and root.
set -euo pipefail
out=$(realpath -m "$1")
node=$2
here=$(dirname "$(realpath "$0")")
packages=mount,lvm2,thin-provisioning-tools,tgt,qemu-utils,qemu-block-extra,iproute2,kmod,udev,procps
work=$(mktemp -d "${TMPDIR:-/tmp}/storage-guest.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

# Debian's cloud kernel has every storage module
package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-[0-9]/{print $2; exit}')
(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package" > download.log 2>&1 && dpkg-deb -x "$package"_*.deb kernel)
version=${package#linux-image-}
cp "$work/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
depmod -b "$work/kernel" "$version"

mmdebstrap --quiet --variant=apt --mode=root --include="$packages" --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' "$(. /etc/os-release; echo "$VERSION_CODENAME")" "$work/root"
rm -rf "$work"/root/var/lib/apt/lists/* "$work"/root/var/cache/apt/*
mkdir -p "$work/root/lib/modules"
cp -a "$work/kernel/lib/modules/$version" "$work/root/lib/modules/"
cp -L "$node" "$work/root/usr/local/bin/node"
install -m755 "$here/guest-init" "$work/root/sbin/guest-init"
truncate -s 3G "$out/root.ext4"
mke2fs -q -F -t ext4 -O ^has_journal -d "$work/root" "$out/root.ext4"

# the initial root: busybox, its libraries when it has some, and the modules that lead to the root disk
initial=$work/initial
mkdir -p "$initial"/{bin,dev,proc,sys,root,run,files,lib/modules}
busybox=$(command -v busybox)
cp "$busybox" "$initial/bin/busybox"
for applet in sh mount insmod switch_root sleep cp mkdir; do ln -s busybox "$initial/bin/$applet"; done
{ ldd "$busybox" 2>/dev/null || true; } | grep -o '/lib[^ ]*' | while read -r library; do
  install -D -m755 "$(realpath "$library")" "$initial$library"
done
number=10
for module in virtio_pci virtio_blk; do
  modprobe -S "$version" -d "$work/kernel" --show-depends "$module" | awk '$1=="insmod"{print $2}'
done | awk '!seen[$0]++' | while read -r file; do
  cp "$file" "$initial/lib/modules/$number-$(basename "$file")"
  number=$((number + 1))
done
install -m755 "$here/initrd-init" "$initial/init"
(cd "$initial" && find . | cpio -o -H newc --quiet | gzip -6) > "$out/initrd"
