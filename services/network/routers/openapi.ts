import type { Json } from '#shared/api/document.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';
import { uuidSchema } from '../resources/attributes.ts';
import { hostRoute } from '../subnets/resource.ts';
import { mostRoutes } from './resource.ts';

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

const routesPath = (operationId: string): Json => ({
  put: {
    operationId,
    requestBody: jsonBody({
      type: 'object',
      additionalProperties: false,
      required: ['router'],
      properties: {
        router: {
          type: 'object',
          additionalProperties: false,
          required: ['routes'],
          properties: { routes: { type: 'array', maxItems: mostRoutes, items: hostRoute } },
        },
      },
    }),
    responses: {
      200: { $ref: '#/components/answer' },
      400: { description: 'A route is malformed, or its next hop is not connected' },
      404: { description: 'Not found' },
      409: { description: 'Too many routes' },
    },
  },
});

/** The path items of the routes of a router. */
export const extraRoutePaths = {
  addRoutes: routesPath('addExtraRoutes'),
  removeRoutes: routesPath('removeExtraRoutes'),
};

/** The path items of the interfaces of a router. */
export const interfacePaths = {
  add: interfacePath('addRouterInterface'),
  remove: interfacePath('removeRouterInterface'),
};
