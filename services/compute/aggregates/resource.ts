import { longTime } from '#shared/api/times.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { ChangeOf, NewOf, RowOf, Seen } from '#shared/resource/attribute.ts';
import { columnsOf } from '#shared/resource/store.ts';
import { tableOf } from '#shared/resource/table.ts';
import { viewOf } from '#shared/resource/view.ts';
import { flag, names, size, text, texts, time } from '../attributes.ts';

const both = ['create', 'update'] as const;

/** What a create answers. */
export const created = {
  id: size({}),
  name: text({ set: both, required: true, input: { type: 'string', minLength: 1, maxLength: 255, pattern: '\\S' } }),
  /** In the metadata; an empty one removes it. */
  availability_zone: text({
    stored: false,
    set: both,
    nullable: true,
    input: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[^:]*$' },
  }),
  created_at: time({ show: longTime }),
  updated_at: time({ nullable: true, show: longTime }),
  deleted: flag({ column: null, show: () => false }),
  deleted_at: time({ column: null, nullable: true }),
  uuid: text({ since: '2.41' }),
} as const;

export const aggregateAttributes = { ...created, hosts: names({}), metadata: texts({}) } as const;

export type Aggregate = RowOf<typeof aggregateAttributes>;
export type NewAggregate = NewOf<typeof aggregateAttributes>;
export type AggregateChange = ChangeOf<typeof aggregateAttributes>;

export const missingAggregate = (id: string) => new Fault(404, 'notFound', `Aggregate ${id} could not be found.`);
export const aggregateRows = tableOf('aggregates', aggregateAttributes, missingAggregate);
export const aggregateColumns = columnsOf(aggregateAttributes);

/** The zone of its hosts is in its metadata. */
const withZone = (row: object) => ({ ...row, availabilityZone: (row as Aggregate).metadata.availability_zone ?? null });

const whole = viewOf(aggregateAttributes);
const short = viewOf(created);
export const aggregateView = (row: object, seen: Seen) => whole(withZone(row), seen);
export const writtenView = (row: object, seen: Seen) => (seen.method === 'POST' ? short : whole)(withZone(row), seen);
