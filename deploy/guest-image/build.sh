#!/bin/bash
# build.sh FILE: writes the small guest as a qcow2 file.
#
# All programs in it come from Debian packages, downloaded but not installed; the files of root/ are added.
# No loop device and no mount: mtools and syslinux write the boot partition, mke2fs fills the root partition.
#
# The guest boots by BIOS from virtio-blk or virtio-scsi, has consoles on ttyS0 and tty1, uses DHCP on every NIC,
# reads a config drive or the metadata service, grows to its disk and powers off on ACPI. It is made for first
# steps and tests: tiny and root log in on its consoles with the password "tiny".
set -euo pipefail
umask 022

out=$(realpath -m "$1")
here=$(dirname "$(realpath "$0")")
size_mib=96
boot_start_mib=1
boot_mib=22
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C

# files on the disk belong to root, whichever user builds it
if [ "$(id -u)" != 0 ] && [ -z "${FAKEROOTKEY:-}" ]; then exec fakeroot bash "$0" "$out"; fi
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "the small guest is made on amd64 only" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/guest-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# --- packages ------------------------------------------------------------------------------------------------------
fetch() {
  mkdir -p debs tree
  local kernel
  kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-[0-9]/{print $2; exit}')
  (cd debs && apt-get -q -o APT::Sandbox::User=root download "$kernel" busybox-static dropbear-bin libtomcrypt1 libtommath1 \
    libcrypt1 zlib1g libc6 libgmp10 e2fsprogs libext2fs2 libcom-err2 libblkid1 libuuid1)
  for deb in debs/*.deb; do dpkg-deb -x "$deb" tree; done
}

# --- programs ------------------------------------------------------------------------------------------------------
install_busybox() {
  install -m755 "$(ls tree/bin/busybox tree/usr/bin/busybox 2>/dev/null | head -1)" root/bin/busybox
  chmod 4755 root/bin/busybox # su and passwd need setuid; busybox drops it for every other applet
  local applet
  for applet in $(root/bin/busybox --list); do
    case $applet in
      busybox | mke2fs | dpkg | dpkg-deb | rpm | rpm2cpio) ;;
      init | getty | halt | poweroff | reboot | modprobe | insmod | rmmod | udhcpc | switch_root) ln -sf ../bin/busybox "root/sbin/$applet" ;;
      *) ln -sf busybox "root/bin/$applet" ;;
    esac
  done
}

# the libraries of a program and those of its libraries, as paths in tree/
libraries_of() {
  local todo=("$1") seen=' ' file name path
  while [ ${#todo[@]} -gt 0 ]; do
    file=${todo[0]}
    todo=("${todo[@]:1}")
    for name in $(objdump -p "$file" 2>/dev/null | awk '/NEEDED/{print $2}'); do
      [[ $seen == *" $name "* ]] && continue
      seen+="$name "
      path=$(find tree/lib tree/usr/lib -name "$name" | head -1)
      if [ -n "$path" ]; then echo "$path"; todo+=("$path"); fi
    done
  done
}

install_program() { # path in tree/, path in root/
  install -m755 "tree/$1" "root/$2"
  libraries_of "tree/$1" | while read -r library; do
    install -m755 "$(realpath "$library")" "root/lib/$(basename "$library")"
  done
}

install_programs() {
  install_busybox
  install_program usr/sbin/dropbear usr/sbin/dropbear
  install_program usr/bin/dropbearkey usr/bin/dropbearkey
  install_program usr/bin/dbclient usr/bin/dbclient
  install_program sbin/resize2fs usr/sbin/resize2fs
  install_program sbin/mke2fs usr/sbin/mke2fs
  ln -sf dbclient root/usr/bin/ssh
  for kind in ext2 ext3 ext4; do ln -sf mke2fs "root/usr/sbin/mkfs.$kind"; done
  install -m644 tree/etc/mke2fs.conf root/etc/mke2fs.conf
  local loader
  loader=$(find tree/lib tree/usr/lib tree/lib64 -name ld-linux-x86-64.so.2 2>/dev/null | head -1)
  install -m755 "$(realpath "$loader")" root/lib64/ld-linux-x86-64.so.2
}

# --- kernel modules: those that lead to the root partition go into the initial root too ---------------------------------
early='virtio_pci virtio_blk virtio_scsi sd_mod virtio_net virtio_rng virtio_balloon button evdev'
later='sr_mod isofs vfat nls_cp437 nls_iso8859_1 nls_utf8 nls_ascii virtio_console 8021q loop'

files_of_module() {
  modprobe -d "$PWD/tree" -S "$kernel" --show-depends --ignore-install "$1" 2>/dev/null | awk '$1=="insmod"{print $2}' | sed 's#//*#/#g'
}

install_modules() {
  depmod -b tree "$kernel" 2>/dev/null
  for module in $early; do files_of_module "$module"; done | awk '!seen[$0]++' > early.list
  for module in $early $later; do files_of_module "$module"; done | sort -u | while read -r file; do
    install -D -m644 "$file" "root/lib/modules/${file##*/lib/modules/}"
  done
  cp "tree/lib/modules/$kernel"/modules.{order,builtin} "root/lib/modules/$kernel/"
  depmod -b root "$kernel" 2>/dev/null
  rm -f "root/lib/modules/$kernel"/*.bin
}

make_initial_root() {
  mkdir -p initial/{bin,dev,proc,sys,mod,new}
  cp root/bin/busybox initial/bin/
  local number=10
  while read -r file; do
    cp "$file" "initial/mod/$number-$(basename "$file")"
    number=$((number + 1))
  done < early.list
  install -m755 "$here/initrd-init" initial/init
  (cd initial && find . -print0 | sort -z | cpio -0 -o -H newc --quiet -R 0:0 | gzip -9n) > initrd.gz
}

# --- the tree of the root partition -------------------------------------------------------------------------------------
make_tree() {
  mkdir -p root && (
    cd root
    mkdir -p bin sbin lib lib64 usr/bin usr/sbin dev/pts proc sys run tmp mnt etc/dropbear root/.ssh home/tiny/.ssh var/log var/lib/tinyguest
  )
  cp -R "$here/root/." root/
  install_programs
  install_modules
  : > root/etc/resolv.conf
  local hash
  hash=$(root/bin/busybox mkpasswd -m sha512 -S tinyguestsalt tiny)
  printf '%s:'"$hash"':19000:0:99999:7:::\n' root tiny > root/etc/shadow
  chown -R 0:0 root
  chmod 4755 root/bin/busybox # chown clears the setuid bit
  chmod 600 root/etc/shadow
  chmod 1777 root/tmp
  chmod 700 root/root root/root/.ssh root/home/tiny/.ssh
  chown -R 1000:1000 root/home/tiny
}

# --- the disk -----------------------------------------------------------------------------------------------------------
sectors() { echo $(($1 * 2048)); } # of so many MiB

write_disk() {
  local root_start_mib=$((boot_start_mib + boot_mib))
  local start
  start=$(sectors $boot_start_mib)
  mkfs.fat -F 16 -n TGBOOT -S 512 --invariant -C boot.img $((boot_mib * 1024)) > /dev/null
  mcopy -i boot.img "tree/boot/vmlinuz-$kernel" ::vmlinuz
  mcopy -i boot.img initrd.gz "$here/syslinux.cfg" ::
  syslinux --install boot.img
  # the master boot record jumps to where the FAT header says that it starts: offset 28
  printf "$(printf '\\x%02x\\x%02x\\x00\\x00' $((start & 255)) $((start >> 8 & 255)))" | dd of=boot.img bs=1 seek=28 conv=notrunc status=none
  truncate -s $((size_mib - root_start_mib))M root.img
  mke2fs -q -t ext4 -b 4096 -i 16384 -m 0 -J size=4 -L tinyroot -E lazy_itable_init=0,lazy_journal_init=0 -d root root.img
  truncate -s ${size_mib}M disk.raw
  printf 'label: dos\nlabel-id: 0x74696e79\n%s,%s,6,*\n%s,%s,83\n' "$start" "$(sectors $boot_mib)" \
    "$(sectors $root_start_mib)" "$(sectors $((size_mib - root_start_mib)))" | sfdisk -q --no-reread --no-tell-kernel disk.raw
  dd if=/usr/lib/syslinux/mbr/mbr.bin of=disk.raw bs=440 count=1 conv=notrunc status=none
  dd if=boot.img of=disk.raw bs=1M seek=$boot_start_mib conv=notrunc,sparse status=none
  dd if=root.img of=disk.raw bs=1M seek=$root_start_mib conv=notrunc,sparse status=none
  qemu-img convert -c -O qcow2 -f raw disk.raw "$out"
}

fetch
kernel=$(ls tree/lib/modules)
make_tree
make_initial_root
write_disk
