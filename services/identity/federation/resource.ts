/** Identity providers, their protocols and mappings, and service providers. */
import type { Json } from '#shared/api/document.ts';
import { attributeOf } from '#shared/resource/attribute.ts';
import { both, flag, integer, reference, text, texts } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

const top = '/OS-FEDERATION';
const url: Json = { type: 'string', maxLength: 225, pattern: '^[a-zA-Z0-9+.-]+:.+' };
const description = text({ set: both, nullable: true, default: null });

export const identityProvider = resource({
  one: 'identity_provider',
  path: `${top}/identity_providers`,
  table: 'identity_providers',
  links: ({ id }, base) => {
    const self = `${base}/v3${top}/identity_providers/${id}`;
    return { self, protocols: `${self}/protocols` };
  },
  attributes: {
    id: text({ filter: true }),
    enabled: flag({ set: both, default: false, filter: true }),
    description,
    /** Of its users. */
    domain_id: text({ set: both, input: { type: ['string', 'null'], maxLength: 64 }, output: { type: 'string' } }),
    authorization_ttl: integer({ set: both, nullable: true, default: null, input: { type: 'integer', minimum: 0 } }),
    /** The ids that it asserts about itself. */
    remote_ids: texts({
      set: both,
      default: [],
      input: { type: ['array', 'null'], items: { type: 'string' } },
      output: { type: 'array', items: { type: 'string' } },
    }),
  },
});

/** See rules.ts. */
const rules = attributeOf<readonly unknown[]>({
  kind: 'json',
  input: { $ref: './federation.yaml#/components/rules' },
  parse: (sent) => (Array.isArray(sent) ? sent : []),
});
const version = attributeOf<string>({
  kind: 'text',
  input: { type: ['string', 'null'], maxLength: 8 },
  output: { type: 'string' },
  parse: (sent) => (sent === null ? undefined : String(sent)),
});

export const mapping = resource({
  one: 'mapping',
  path: `${top}/mappings`,
  table: 'federation_mappings',
  attributes: {
    id: text({}),
    rules: rules({ set: both, required: true }),
    schema_version: version({ set: both, default: '1.0' }),
  },
});

export const serviceProvider = resource({
  one: 'service_provider',
  path: `${top}/service_providers`,
  table: 'service_providers',
  attributes: {
    id: text({ filter: true }),
    enabled: flag({ set: both, default: false, filter: true }),
    description,
    auth_url: text({ set: both, required: true, input: url }),
    sp_url: text({ set: both, required: true, input: url }),
    relay_state_prefix: text({ set: both, default: 'ss:mem:', input: { type: 'string', maxLength: 255 } }),
  },
});

export const protocol = resource({
  one: 'protocol',
  noun: 'federated protocol',
  path: `${top}/protocols`,
  table: 'federation_protocols',
  key: ['idpId', 'id'],
  links: ({ id, idpId }, base) => {
    const provider = `${base}/v3${top}/identity_providers/${idpId}`;
    return { self: `${provider}/protocols/${id}`, identity_provider: provider };
  },
  attributes: {
    id: text({}),
    idp_id: text({ hidden: true }),
    mapping_id: text({ set: both, required: true, input: { type: 'string', minLength: 1, maxLength: 64 } }),
    /** The attribute that holds the remote id. */
    remote_id_attribute: text({ set: both, nullable: true, default: null, input: reference }),
  },
});

export type IdentityProvider = Row<typeof identityProvider>;
export type Protocol = Row<typeof protocol>;
