import type { Json } from '#shared/api/document.ts';
import { listPath, plainPaths } from '#shared/resource/routes.ts';
import { jsonBody, jsonOf, wholeRowSchema } from '#shared/resource/schema.ts';
import { aggregateAttributes, created } from './resource.ts';

const row: Json = { $ref: '#/components/aggregate' };
const { post, item } = plainPaths('aggregate', aggregateAttributes, row, { removed: '200' });

const host = {
  type: 'object',
  required: ['host'],
  additionalProperties: false,
  properties: { host: { type: 'string', minLength: 1, maxLength: 255 } },
};
const metadata = {
  type: 'object',
  required: ['metadata'],
  additionalProperties: false,
  properties: { metadata: { type: 'object', additionalProperties: { type: ['string', 'null'], maxLength: 255 } } },
};
const action = (key: string, input: Json): Json => ({
  type: 'object',
  required: [key],
  additionalProperties: false,
  properties: { [key]: input },
});

export const aggregates: Json = {
  aggregates: { get: listPath('listAggregates', 'aggregates', row), post },
  aggregate: item,
  action: {
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    post: {
      operationId: 'actOnAggregate',
      requestBody: jsonBody({
        oneOf: [action('add_host', host), action('remove_host', host), action('set_metadata', metadata)],
      }),
      responses: {
        200: jsonOf('The aggregate', { type: 'object', required: ['aggregate'], properties: { aggregate: row } }),
        404: { description: 'No such aggregate, or host' },
        409: { description: 'The host is in the aggregate or in another zone already' },
      },
    },
  },
  // a create answers without hosts and metadata
  components: { aggregate: { ...wholeRowSchema(aggregateAttributes), required: Object.keys(created) } },
};
