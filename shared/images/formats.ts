/** Which images become disks, and the driver of QEMU that reads each. */

/** Glance's word for a format, and QEMU's. */
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
 * Why this image cannot become a disk, in a sentence that names the attribute; undefined when it can. Only bytes of
 * container format bare were inspected at their upload.
 */
export function whyNoDisk({ id, disk_format: disk, container_format: container }: Declared): string | undefined {
  if (container !== 'bare')
    return `Image ${id} is unacceptable: its container_format is ${container}, only images of container_format bare can be used as disks.`;
  if (disk === null || !drivers.has(disk))
    return `Image ${id} is unacceptable: its disk_format is ${disk}, only ${[...drivers.keys()].join(', ')} can be used as disks.`;
  return undefined;
}
