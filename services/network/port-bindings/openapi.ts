import type { Json } from '#shared/api/document.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';

const vnicType = { enum: ['normal'] };
const profile = { type: ['object', 'null'] };
const hostName = { type: 'string', minLength: 1, maxLength: 255 };
const row: Json = {
  type: 'object',
  additionalProperties: false,
  properties: {
    host: { type: 'string' },
    vif_type: { enum: ['unbound', 'bridge', 'binding_failed'] },
    vif_details: { type: 'object' },
    vnic_type: { type: 'string' },
    profile: { type: 'object' },
    status: { enum: ['ACTIVE', 'INACTIVE'] },
    project_id: { type: 'string' },
  },
};
const bodyOf = (required: string[]): Json => ({
  type: 'object',
  additionalProperties: false,
  required: ['binding'],
  properties: {
    binding: {
      type: 'object',
      additionalProperties: false,
      required,
      properties: { host: hostName, vnic_type: vnicType, profile },
    },
  },
});
const one = jsonOf('The binding', { type: 'object', required: ['binding'], properties: { binding: row } });
const all = jsonOf('The bindings of the port', {
  type: 'object',
  required: ['bindings'],
  properties: { bindings: { type: 'array', items: row } },
});
const missing: Json = { description: 'No such port or binding' };
const conflict: Json = { description: 'The binding exists, is active already, or names an unknown host' };

export const bindingPaths: { [key: string]: Json } = {
  collection: {
    get: { operationId: 'listPortBindings', responses: { 200: all, 404: missing } },
    post: {
      operationId: 'createPortBinding',
      requestBody: jsonBody(bodyOf(['host'])),
      responses: { 201: one, 400: { description: 'Not a port of a server' }, 404: missing, 409: conflict },
    },
  },
  item: {
    put: {
      operationId: 'updatePortBinding',
      requestBody: jsonBody(bodyOf([])),
      responses: { 200: one, 400: { description: 'Invalid input' }, 404: missing },
    },
    delete: {
      operationId: 'deletePortBinding',
      responses: { 204: { description: 'Deleted' }, 404: missing },
    },
  },
  activate: {
    put: { operationId: 'activatePortBinding', responses: { 200: one, 404: missing, 409: conflict } },
  },
};
