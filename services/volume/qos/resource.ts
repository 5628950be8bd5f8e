/** QoS specs: limits of the volumes of a type. */
import { Fault } from '#shared/errors/fault.ts';
import type { RowOf } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { choice, key, pairs, text, time } from '../attributes.ts';
import { linksOf, resource } from '../resource.ts';

export const consumers = ['front-end', 'back-end', 'both'] as const;
export type Consumer = (typeof consumers)[number];

const attributes = {
  id: key({ filter: true }),
  name: text({ sort: true }),
  /** Who applies them: the host of the guest (front-end), the storage (back-end), or both. */
  consumer: choice<Consumer>()({ filter: true, sort: true, output: { enum: [...consumers] } }),
  specs: pairs({}),
  created_at: time({ hidden: true, sort: true }),
} as const;

export const qosNotFound = (id: string) => new Fault(404, 'notFound', `No such QoS spec ${id}.`);

export const qos = resource('qos_specs', 'qos_specs', {
  table: 'qosSpecs',
  missing: qosNotFound,
  attributes,
});
export const qosRows = qos.rows;
export type Qos = RowOf<typeof attributes>;
export const qosView = viewOf(attributes);
export const qosLinks = linksOf('qos-specs');
