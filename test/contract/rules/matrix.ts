/**
 * Every attribute of a resource, written by every persona, checked against upstream's rules instead of the service's own.
 * A service provides samples and test data; the expected refusals are computed here.
 */
import type { ApiDocument } from '#shared/api/document.ts';
import type { Authenticated, Enforcer } from '#shared/auth/caller.ts';
import { type Checks, enforcerOf, type Target } from '#shared/auth/policy.ts';
import { fakeCaller } from '../../fakes/caller.ts';

export interface Persona {
  readonly name: string;
  readonly projectId: string;
  readonly roles: readonly string[];
}

export type Body = Readonly<Record<string, unknown>>;

export interface Resource {
  /** The name in bodies and rules. */
  readonly one: string;
  readonly path: string;
  /** The smallest valid create body. */
  readonly least: Body;
  /** For each attribute a value other than its default. */
  readonly samples: Body;
  /** Further values, for attributes whose parts have their own rules. */
  readonly more?: Readonly<Record<string, readonly unknown[]>>;
  /** Default values that Neutron declares. */
  readonly defaults: Body;
}

export interface Write {
  readonly verb: 'create' | 'update';
  readonly attribute: string;
  readonly value: unknown;
}

/** Values that may be mistaken for unset. */
const empty = [null, false, '', []];

/** The attributes in the OpenAPI schema of a body. */
export function attributesOf(document: ApiDocument, method: 'post' | 'put', { path, one }: Resource): string[] {
  const operation = document.operation(method, method === 'post' ? path : `${path}/{id}`);
  const schema = operation?.requestBody?.content?.['application/json']?.schema as Schema | undefined;
  return Object.keys(schema?.properties?.[one]?.properties ?? {});
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Each attribute with its sample; attributes with a rule also with their default and with empty values. */
export function writesOf(document: ApiDocument, facts: Checks, resource: Resource): Write[] {
  return (['create', 'update'] as const).flatMap((verb) =>
    attributesOf(document, verb === 'create' ? 'post' : 'put', resource)
      .filter((attribute) => !['project_id', 'tenant_id'].includes(attribute))
      .flatMap((attribute) => {
        const { one, samples, defaults, more = {} } = resource;
        const ruled = `${verb}_${one}:${attribute}` in facts;
        const values = [
          samples[attribute],
          ...(more[attribute] ?? []),
          ...(ruled ? [defaults[attribute], ...empty] : []),
        ];
        return values.filter((value) => value !== undefined).map((value) => ({ verb, attribute, value }));
      }),
  );
}

/** The rules that a write must pass. */
export function rulesFor(facts: Checks, { one, defaults, least }: Resource, { verb, attribute, value }: Write) {
  const body: Body = verb === 'create' ? { ...least, [attribute]: value } : { [attribute]: value };
  const named = Object.entries(body).filter(
    ([name, each]) => verb === 'update' || !(name in defaults) || (each !== null && each !== defaults[name]),
  );
  const rules = named.flatMap(([name, each]) => [
    `${verb}_${one}:${name}`,
    ...partsOf(each).map((part) => `${verb}_${one}:${name}:${part}`),
  ]);
  return [`${verb}_${one}`, ...rules.filter((rule) => rule in facts)];
}

const partsOf = (value: unknown): string[] =>
  [value].flat().flatMap((each) => (each !== null && typeof each === 'object' ? Object.keys(each) : []));

/** The first rule that refuses, or undefined. */
export function refusing(facts: Checks, rules: readonly string[], persona: Persona, target: Target) {
  const { may } = enforcers.get(facts) ?? remembered(facts);
  const caller = callerOf(persona);
  return rules.find((rule) => !may(rule, caller, target));
}

const enforcers = new WeakMap<Checks, Enforcer>();

function remembered(facts: Checks): Enforcer {
  const enforcer = enforcerOf({ rules: facts });
  enforcers.set(facts, enforcer);
  return enforcer;
}

const callerOf = ({ name, projectId, roles }: Persona): Authenticated => fakeCaller({ userId: name, projectId, roles });
