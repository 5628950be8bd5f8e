import type { Json } from '#shared/api/document.ts';
import { metadataPaths } from '#shared/resource/metadata.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';
import { tagPaths } from '#shared/resource/tags.ts';
import { pairsSchema } from '../attributes.ts';
import type { ServerAction } from './action.ts';
import { serverActions } from './actions/all.ts';

function alternative({ key, input, route: { since, until } }: ServerAction): Json {
  const range = { ...(since ? { 'min-ver': since } : {}), ...(until ? { 'max-ver': until } : {}) };
  return {
    type: 'object',
    required: [key],
    additionalProperties: false,
    properties: { [key]: input },
    ...(since || until ? { 'x-openstack': range } : {}),
  };
}

const tag = { type: 'string', minLength: 1, maxLength: 60, pattern: '^[^,/]*$' };

/** By file. */
export const servers: { readonly [name: string]: Json } = {
  'server-actions': {
    action: {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      post: {
        operationId: 'actOnServer',
        requestBody: jsonBody({ oneOf: serverActions.map(alternative) }),
        responses: {
          200: jsonOf('The result of the action', { type: 'object' }),
          202: { description: 'Accepted' },
          400: { description: 'Unknown action' },
          404: { description: 'No such server' },
          409: { description: 'The state of the server does not allow it' },
        },
      },
    },
  },
  'server-metadata': metadataPaths('Server', pairsSchema, '204'),
  'image-metadata': metadataPaths('Image', pairsSchema, '204'),
  'server-tags': tagPaths('Server', tag, ['list', 'replace', 'clear', 'check', 'add', 'remove'], 50),
};
