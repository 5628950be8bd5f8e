import type { Json } from '#shared/api/document.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';
import { uuidSchema } from '../resources/attributes.ts';

const required = ['id', 'tenant_id', 'port_id', 'network_id', 'subnet_id', 'subnet_ids'];

const interfacePath = (operationId: string): Json => ({
  put: {
    operationId,
    requestBody: jsonBody({
      type: 'object',
      additionalProperties: false,
      properties: { subnet_id: uuidSchema, port_id: uuidSchema },
    }),
    responses: {
      200: jsonOf('The router interface', { type: 'object', required }),
      400: { description: 'Invalid input' },
      404: { description: 'Not found' },
      409: { description: 'In use' },
    },
  },
});

/** The path items of the interfaces of a router. */
export const interfacePaths = {
  add: interfacePath('addRouterInterface'),
  remove: interfacePath('removeRouterInterface'),
};
