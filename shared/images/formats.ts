/** The image formats that can be used as disks, with their QEMU drivers. */

/** By Glance's disk_format, QEMU's driver name. */
const drivers: ReadonlyMap<string, string> = new Map([
  ['raw', 'raw'],
  ['iso', 'raw'],
  ['qcow2', 'qcow2'],
  ['vmdk', 'vmdk'],
  ['vdi', 'vdi'],
  ['vhd', 'vpc'],
  ['vhdx', 'vhdx'],
]);

export const driverOf = (diskFormat: string): string | undefined => drivers.get(diskFormat);

interface Declared {
  readonly id: string;
  readonly disk_format: string | null;
  readonly container_format: string | null;
}

/**
 * Returns why the image cannot be used as a disk, naming the attribute; undefined when it can. Only data of container
 * format bare was inspected at upload.
 */
export function diskRefusal({ id, disk_format: disk, container_format: container }: Declared): string | undefined {
  if (container !== 'bare')
    return `Image ${id} is unacceptable: its container_format is ${container}, only images of container_format bare can be used as disks.`;
  if (disk === null || !drivers.has(disk))
    return `Image ${id} is unacceptable: its disk_format is ${disk}, only ${[...drivers.keys()].join(', ')} can be used as disks.`;
  return undefined;
}
