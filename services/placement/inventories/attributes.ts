/** The attributes of an inventory that clients set. */
import { attributeOf, type RowOf } from '#shared/resource/attribute.ts';

const maxUnits = 0x7fff_ffff;
const amount = attributeOf<number>({
  kind: 'number',
  input: ({ min = 1 }) => ({ type: 'integer', minimum: min, maximum: maxUnits }),
  parse: Number,
});
const ratio = attributeOf<number>({
  kind: 'number',
  input: { type: 'number', minimum: 0, maximum: 3.40282e38 },
  parse: Number,
});
const set = ['create'] as const;

export const attributes = {
  total: amount({ set, required: true }),
  reserved: amount({ set, min: 0, default: 0 }),
  min_unit: amount({ set, default: 1 }),
  max_unit: amount({ set, default: maxUnits }),
  step_size: amount({ set, default: 1 }),
  allocation_ratio: ratio({ set, default: 1 }),
};

export type Amounts = RowOf<typeof attributes>;
