/** What somebody else put into a thin store, and what volumes and snapshots leave there. */
import { poolItemName, requireName } from '#shared/contracts/grammar.ts';
import type { AdoptSpec, Unmanaged } from '#shared/contracts/volume-agent.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import type { Blocks, Item } from './blocks.ts';
import { nameOf } from './names.ts';

const gib = 2 ** 30;
const ours = /^(volume|snap|part|old)-/;

export async function listUnmanaged(blocks: Blocks): Promise<readonly Unmanaged[]> {
  const found = (await blocks.items()).filter(({ name }) => !ours.test(name));
  return found.map((item) => ({
    name: item.name,
    sizeBytes: item.sizeBytes,
    kinds: ['volume', 'snapshot'],
    reasonNotSafe: reasonOf(item),
  }));
}

function reasonOf({ name, isOpen }: Item): string | null {
  if (!poolItemName.test(name)) return 'its name is unusual';
  return isOpen ? 'it is in use' : null;
}

/** Extends it to a whole number of gigabytes before it becomes the volume or snapshot. */
export async function adopt(blocks: Blocks, { id, as, name }: AdoptSpec): Promise<{ readonly sizeGb: number }> {
  const to = nameOf[as](id);
  const known = await blocks.findSize(to);
  if (known !== undefined) return { sizeGb: known / gib };
  requireName(poolItemName, name, 'the reference');
  const found = (await blocks.items()).find((item) => item.name === name && !ours.test(name));
  if (!found) throw notFound(`Unmanaged ${as}`, name);
  const reason = reasonOf(found);
  if (reason !== null) throw badRequest(`${name} cannot be managed: ${reason}`);
  const sizeGb = Math.max(1, Math.ceil(found.sizeBytes / gib));
  if (found.sizeBytes < sizeGb * gib) await blocks.extend(name, sizeGb * gib);
  await blocks.rename(name, to);
  if (as === 'volume') await blocks.activate?.(to);
  return { sizeGb };
}

export async function release(blocks: Blocks, { id, as }: Omit<AdoptSpec, 'name'>): Promise<void> {
  const from = nameOf[as](id);
  if ((await blocks.findSize(from)) !== undefined) await blocks.rename(from, `unmanaged-${id}`);
}
