import type { Json } from '#shared/api/document.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';

type Kind = 'volume' | 'snapshot';

const text: Json = { type: ['string', 'null'], maxLength: 255 };
const named: { [name: string]: Json } = {
  name: text,
  description: text,
  metadata: { type: ['object', 'null'], additionalProperties: { type: 'string', maxLength: 255 } },
};
const bodies: Readonly<Record<Kind, Json>> = {
  volume: {
    type: 'object',
    required: ['ref'],
    additionalProperties: false,
    properties: {
      ...named,
      host: text,
      volume_type: text,
      availability_zone: text,
      bootable: { type: ['boolean', 'string', 'null'] },
      ref: { type: ['object', 'string'] },
    },
  },
  snapshot: {
    type: 'object',
    required: ['ref', 'volume_id'],
    additionalProperties: false,
    properties: {
      ...named,
      volume_id: { type: 'string', format: 'uuid' },
      ref: { type: ['object', 'string', 'null'] },
    },
  },
};
const parameters: Json = ['host', 'sort', 'limit', 'offset', 'marker'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string' },
}));
const away: Json = { description: 'The host is unknown, disabled or down' };
const wrap = (name: string, schema: Json): Json => ({
  type: 'object',
  required: [name],
  additionalProperties: false,
  properties: { [name]: schema },
});

function pathsOf(kind: Kind, since: string): { readonly list: Json; readonly detail: Json } {
  const many = `${kind === 'volume' ? 'Volumes' : 'Snapshots'}${since}`;
  const get = (operationId: string): Json => ({
    operationId,
    parameters,
    responses: {
      200: jsonOf('What lies in the pool', wrap(`manageable-${kind}s`, { type: 'array', items: { type: 'object' } })),
      503: away,
    },
  });
  const post: Json = {
    operationId: `manage${many}`,
    requestBody: jsonBody(wrap(kind, bodies[kind])),
    responses: {
      202: jsonOf(`The ${kind}`, wrap(kind, { type: 'object' })),
      400: { description: 'Invalid input, or nothing of the reference lies in the pool' },
      503: away,
    },
  };
  return { list: { get: get(`listManageable${many}`), post }, detail: { get: get(`listManageable${many}InDetail`) } };
}

const [volumes, snapshots] = [pathsOf('volume', ''), pathsOf('snapshot', '')];
const [formerVolumes, formerSnapshots] = [pathsOf('volume', 'Formerly'), pathsOf('snapshot', 'Formerly')];

export const manageable: Json = {
  volumes: volumes.list,
  volumesInDetail: volumes.detail,
  snapshots: snapshots.list,
  snapshotsInDetail: snapshots.detail,
  formerVolumes: formerVolumes.list,
  formerVolumesInDetail: formerVolumes.detail,
  formerSnapshots: formerSnapshots.list,
  formerSnapshotsInDetail: formerSnapshots.detail,
};
