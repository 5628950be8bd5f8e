import { createHash } from 'node:crypto';

/** At most 64 letters, which is all MySQL takes. */
export function indexName(table: string, columns: string | readonly string[], type: string): string {
  const name = [table, ...[columns].flat(), type].join('_').toLowerCase();
  if (name.length <= 64) return name;
  return `${name.slice(0, 50)}_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}
