import type { Call } from '#shared/http/route.ts';
import { viewOf } from '#shared/resource/view.ts';
import { type Definition, type Kind, kinds } from '../definitions/store.ts';
import { listViews } from '../definitions/view.ts';
import type { Association } from '../resource-types/store.ts';
import { associationView } from '../resource-types/view.ts';
import { type Namespace, namespaceAttributes } from './attributes.ts';

const view = viewOf(namespaceAttributes);

/** The target of policy rules. */
export const namespaceTarget = ({ owner, visibility }: Namespace) => ({ project_id: owner, owner, visibility });

/** What is in a namespace. */
export interface Contents {
  readonly associations: readonly Association[];
  readonly definitions: readonly Definition[];
}

/** Attributes without a value are left out, and so are empty lists. */
export function namespaceView(row: Namespace, seen: Pick<Call, 'may'>, contents: Partial<Contents>): object {
  const { associations = [], definitions = [] } = contents;
  const said = Object.entries(view(row, seen)).filter(([, value]) => value !== null);
  const lists = (Object.keys(kinds) as Kind[]).flatMap((kind) => {
    const rows = definitions.filter((each) => each.kind === kind);
    return rows.length === 0 ? [] : [[kind, listViews[kind](rows, row.namespace)]];
  });
  return {
    ...Object.fromEntries([...said, ...lists]),
    ...(associations.length > 0 ? { resource_type_associations: associations.map(associationView) } : {}),
  };
}

/** The same contents with the names that properties have on resources of this type. */
export function prefixed({ associations, definitions }: Contents, type: string): Contents {
  const prefix = associations.find(({ name }) => name === type)?.prefix;
  if (!prefix) return { associations, definitions };
  return { associations, definitions: definitions.map((each) => withPrefix(each, prefix)) };
}

function withPrefix(definition: Definition, prefix: string): Definition {
  const { kind, name, content } = definition;
  if (kind === 'tags') return definition;
  if (kind === 'properties') return { ...definition, name: prefix + name };
  const { properties = {}, required } = content;
  const renamed = Object.entries(properties as object).map(([key, value]) => [prefix + key, value]);
  const needed = Array.isArray(required) ? { required: required.map((each) => `${prefix}${each}`) } : {};
  return { ...definition, content: { ...content, properties: Object.fromEntries(renamed), ...needed } };
}
