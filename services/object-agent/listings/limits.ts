/** Swift's limits of all metadata of an account or a container, over all requests. */
import type { Kind } from '#shared/contracts/object-agent.ts';
import type { Metadata } from './store.ts';

/** The limit including removed metadata, which is kept for a while so that no replica brings it back. */
const most = { items: 90, bytes: 4096, remembered: 1000 };

/** Returns Swift's message, or undefined within the limits. A request that only removes metadata is always allowed. */
export function problemOf(kind: Kind, before: Metadata, change: Metadata): string | undefined {
  const prefix = `x-${kind}-meta-`;
  const names = Object.keys({ ...before, ...change });
  if (names.length > most.remembered && names.length > Object.keys(before).length)
    return `Too many metadata items were set or removed lately; max ${most.remembered} names in the time that removals are remembered`;
  const adds = Object.entries(change).some(([name, [value]]) => name.startsWith(prefix) && value !== '');
  if (!adds) return undefined;
  const all = Object.entries({ ...before, ...change }).filter(
    ([name, [value]]) => name.startsWith(prefix) && value !== '',
  );
  if (all.length > most.items) return `Too many metadata items; max ${most.items}`;
  const bytes = all.reduce((sum, [name, [value]]) => sum + name.length - prefix.length + value.length, 0);
  return bytes > most.bytes ? `Total metadata too large; max ${most.bytes}` : undefined;
}
