import { shortTime } from '#shared/api/times.ts';
import type { Definition, Kind } from './store.ts';

interface Times {
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const timesOf = ({ createdAt, updatedAt }: Times) => ({
  created_at: shortTime(createdAt),
  updated_at: shortTime(updatedAt),
});

type View = (row: Definition, namespace: string) => object;

/** One definition. */
export const views: Readonly<Record<Kind, View>> = {
  objects: (row, namespace) => ({
    name: row.name,
    ...row.content,
    ...timesOf(row),
    self: `/v2/metadefs/namespaces/${namespace}/objects/${row.name}`,
    schema: '/v2/schemas/metadefs/object',
  }),
  properties: ({ name, content }) => ({ name, ...content }),
  tags: (row) => ({ name: row.name, ...timesOf(row) }),
};

type ListView = (rows: readonly Definition[], namespace: string) => object;

/** All of one kind: properties by name, the others as a list. */
export const listViews: Readonly<Record<Kind, ListView>> = {
  objects: (rows, namespace) => rows.map((row) => views.objects(row, namespace)),
  properties: (rows) => Object.fromEntries(rows.map(({ name, content }) => [name, content])),
  tags: (rows) => rows.map(({ name }) => ({ name })),
};
