/** Regions, services and endpoints. */
import type { Json } from '#shared/api/document.ts';
import { attributeOf } from '#shared/resource/attribute.ts';
import { inExtra } from '../filters/store.ts';
import { both, extra, flag, reference, someText, text, textOrNull } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

const regionId: Json = { type: ['string', 'null'], maxLength: 255 };

export const region = resource({
  one: 'region',
  path: '/regions',
  table: 'regions',
  attributes: {
    id: text({ set: ['create'], input: regionId, output: { type: 'string' } }),
    description: text({ set: both, default: '', input: textOrNull }),
    parent_region_id: text({
      column: 'parentId',
      set: both,
      nullable: true,
      default: null,
      filter: true,
      input: regionId,
    }),
    extra,
  },
});

export const service = resource({
  one: 'service',
  path: '/services',
  table: 'services',
  attributes: {
    id: text({}),
    type: text({ set: both, required: true, filter: true, input: someText(255) }),
    enabled: flag({ set: both, default: true }),
    extra,
  },
  inExtra: {
    name: text({ set: both, input: { type: ['string', 'null'], maxLength: 255 }, filter: inExtra('name') }),
    description: text({ set: both, input: textOrNull }),
  },
});

const interfaces = ['public', 'internal', 'admin'] as const;
const face = attributeOf<(typeof interfaces)[number]>({
  kind: 'text',
  input: { type: 'string', enum: [...interfaces] },
  parse: (sent) => interfaces.find((each) => each === sent),
});

export const endpoint = resource({
  one: 'endpoint',
  path: '/endpoints',
  table: 'endpoints',
  attributes: {
    id: text({}),
    interface: face({ set: both, required: true, filter: true }),
    // the older name of region_id: where both are sent, the later line counts
    region: text({ column: 'regionId', set: both, nullable: true, filter: true }),
    region_id: text({ set: both, nullable: true, default: null, filter: true }),
    service_id: text({ set: both, required: true, filter: true, input: reference }),
    url: text({ set: both, required: true, input: { type: 'string', minLength: 1, maxLength: 2048 } }),
    enabled: flag({ set: both, default: true }),
    extra,
  },
});

export type Region = Row<typeof region>;
export type Service = Row<typeof service>;
export type Endpoint = Row<typeof endpoint>;
