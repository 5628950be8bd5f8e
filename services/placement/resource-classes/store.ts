import type { Knex } from 'knex';

/** The standard resource classes of os-resource-classes, in list order. */
const standardClasses: readonly string[] = [
  ...['VCPU', 'MEMORY_MB', 'DISK_GB', 'PCI_DEVICE', 'SRIOV_NET_VF', 'NUMA_SOCKET', 'NUMA_CORE', 'NUMA_THREAD'],
  ...['NUMA_MEMORY_MB', 'IPV4_ADDRESS', 'VGPU', 'VGPU_DISPLAY_HEAD', 'NET_BW_EGR_KILOBIT_PER_SEC'],
  ...['NET_BW_IGR_KILOBIT_PER_SEC', 'PCPU', 'MEM_ENCRYPTION_CONTEXT', 'FPGA', 'PGPU'],
  ...['NET_PACKET_RATE_KILOPACKET_PER_SEC', 'NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC'],
  'NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC',
];

export const isStandardClass = (name: string): boolean => standardClasses.includes(name);

export async function listClasses(db: Knex): Promise<string[]> {
  const custom = await db('custom_classes').orderBy('sequence').pluck('name');
  return [...standardClasses, ...custom];
}

/** The names that are neither standard nor custom classes. */
export async function unknownClasses(db: Knex, names: readonly string[]): Promise<string[]> {
  const custom = [...new Set(names)].filter((name) => !isStandardClass(name));
  if (custom.length === 0) return [];
  const known = new Set(await db('custom_classes').whereIn('name', custom).pluck('name'));
  return custom.filter((name) => !known.has(name));
}

/** Returns false when the class exists already. */
export async function ensureClass(db: Knex, name: string): Promise<boolean> {
  if ((await unknownClasses(db, [name])).length === 0) return false;
  await db('custom_classes').insert({ name }).onConflict('name').ignore();
  return true;
}

export const renameClass = (tx: Knex, from: string, to: string) =>
  tx('custom_classes').where({ name: from }).update({ name: to });

export const removeClass = (tx: Knex, name: string) => tx('custom_classes').where({ name }).delete();
