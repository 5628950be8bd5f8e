/** The attributes of a namespace of metadata definitions. */
import { shortTime } from '#shared/api/times.ts';
import type { Attributes, RowOf } from '#shared/resource/attribute.ts';
import { choice, flag, text, time } from '../images/values.ts';

const both = ['create', 'update'] as const;
const optional = { set: both, nullable: true, default: null } as const;

export const attributes = {
  namespace: text({ set: both, required: true, max: 80, description: 'The unique name of the namespace' }),
  display_name: text({ ...optional, max: 80, description: 'The name that user interfaces show' }),
  description: text({ ...optional, max: 500, description: 'What the namespace is for' }),
  visibility: choice(['public', 'private'])({
    set: both,
    default: 'private',
    description: 'Who sees the namespace: all projects, or that of its owner',
  }),
  protected: flag({
    set: both,
    default: false,
    column: 'isProtected',
    description: 'If true, the namespace cannot be deleted.',
  }),
  owner: text({ set: both, max: 255, description: 'The project that owns the namespace' }),
  created_at: time({ show: shortTime, description: 'Date and time of creation' }),
  updated_at: time({ show: shortTime, description: 'Date and time of the last change' }),
  self: text({
    column: 'namespace',
    show: (name: string) => `/v2/metadefs/namespaces/${name}`,
    description: 'The URL of the namespace',
  }),
  schema: text({
    column: 'namespace',
    show: () => '/v2/schemas/metadefs/namespace',
    description: 'The URL of the schema',
  }),
};

export const namespaceAttributes: Attributes = attributes;
export interface Namespace extends RowOf<typeof attributes> {
  readonly id: string;
}
