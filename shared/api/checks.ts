/**
 * Validates requests and answers against the OpenAPI document: one ajv validator per operation and range of versions,
 * compiled at its first use.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { own } from '#shared/input/own.ts';
import type { ApiDocument, Json, Operation } from './document.ts';
import { boundaries, narrow } from './narrow.ts';
import { atLeast, type Version } from './versions.ts';

/** The first violation: `path` from the outside in, `reason` as a sentence. */
interface Misfit {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly reason: string;
}

/** Undefined for a valid value. */
export type Verdict = Misfit | undefined;

export interface Checks {
  body(method: string, path: string, action: string | undefined, version: Version, body: unknown): Verdict;
  /** Keys that are not in the document are allowed, unless it has `x-openstack-strict-query: true`. */
  query(method: string, path: string, version: Version, queries: Readonly<Record<string, readonly string[]>>): Verdict;
  answer(method: string, path: string, status: number, version: Version, body: unknown): Verdict;
  /** Whether the document has this operation. */
  knows(method: string, path: string): boolean;
}

/** Schemas are validated in a test: compiling the meta-schema takes longer than compiling most of them. */
const trusting = { validateSchema: false, meta: false } as const;
const options = { strict: false, allErrors: false, verbose: true, addUsedSchema: false, ...trusting } as const;

const strict = new Ajv2020(options);
const loose = new Ajv2020({ ...options, coerceTypes: 'array' });
for (const ajv of [strict, loose]) formats.default(ajv);

export function checksOf(document: ApiDocument): Checks {
  const validators = new Map<string, Versioned>();
  const versioned = (key: string, ajv: Ajv2020, schema: () => Json | undefined) => {
    const before = validators.get(key);
    if (before) return before;
    const made = byVersion(ajv, schema());
    validators.set(key, made);
    return made;
  };
  return {
    body: (method, path, action, version, body) =>
      judge(
        versioned(`body ${method} ${path} ${action}`, strict, () =>
          bodySchema(document.operation(method, path), action),
        ),
        version,
        body,
      ),
    query: (method, path, version, queries) =>
      judge(
        versioned(`query ${method} ${path}`, loose, () => querySchema(document.operation(method, path))),
        version,
        copyOf(queries),
      ),
    answer: (method, path, status, version, body) =>
      judge(
        versioned(`answer ${method} ${path} ${status}`, strict, () =>
          answerSchema(document.operation(method, path), status),
        ),
        version,
        body,
      ),
    knows: (method, path) => document.operation(method, path) !== undefined,
  };
}

/** A copy, since ajv coerces in place: "5" to 5, one value to a list. */
const copyOf = (queries: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(
    Object.entries(queries).map(([key, values]) => [key, values.length === 1 ? values[0] : [...values]]),
  );

type Versioned = (version: Version) => ValidateFunction | undefined;

function byVersion(ajv: Ajv2020, schema: Json | undefined): Versioned {
  if (schema === undefined) return () => undefined;
  const steps = boundaries(schema);
  const compiled = new Map<number, ValidateFunction>();
  return (version) => {
    const range = steps.filter((step) => atLeast(version, step)).length;
    const before = compiled.get(range);
    if (before) return before;
    const validate = ajv.compile(narrow(schema, version) as object);
    compiled.set(range, validate);
    return validate;
  };
}

function judge(versioned: Versioned, version: Version, data: unknown): Verdict {
  const validate = versioned(version);
  if (!validate || validate(data)) return undefined;
  return misfit(validate.errors ?? []);
}

/** The schema of a body; for an action, the variant with its key. */
function bodySchema(operation: Operation | undefined, action: string | undefined): Json | undefined {
  const schema = jsonSchemaOf(operation?.requestBody);
  if (action === undefined || schema === undefined) return schema;
  const variants = ((schema as { oneOf?: Json[]; anyOf?: Json[] }).oneOf ??
    (schema as { anyOf?: Json[] }).anyOf ??
    []) as Json[];
  const fitting = variants.filter((variant) => action in ((variant as { properties?: object }).properties ?? {}));
  return fitting.length > 1 ? { oneOf: fitting } : fitting[0];
}

function querySchema(operation: Operation | undefined): Json | undefined {
  const parameters = operation?.parameters.filter((parameter) => parameter.in === 'query') ?? [];
  if (parameters.length === 0) return undefined;
  const properties = Object.fromEntries(parameters.map((each) => [each.name, withRange(each)]));
  const required = parameters.filter((each) => each.required).map((each) => each.name);
  const isStrict = (operation as unknown as Record<string, unknown>)['x-openstack-strict-query'] === true;
  return { type: 'object', properties, required, additionalProperties: !isStrict };
}

/** The schema of a parameter with the parameter's range of versions. */
const withRange = (parameter: Operation['parameters'][number]): Json => {
  const range = (parameter as unknown as Record<string, Json>)['x-openstack'];
  const schema = (parameter.schema ?? {}) as { [key: string]: Json };
  return range === undefined ? schema : { ...schema, 'x-openstack': range };
};

const answerSchema = (operation: Operation | undefined, status: number): Json | undefined => {
  const { responses } = operation ?? {};
  return jsonSchemaOf(responses?.[status]);
};

const jsonSchemaOf = (from: Operation['requestBody']): Json | undefined =>
  Object.entries(from?.content ?? {}).find(([type]) => type.includes('json'))?.[1].schema;

/** The most specific error: one inside a failed oneOf rather than the oneOf itself. */
function misfit(errors: readonly ErrorObject[]): Misfit {
  const specific =
    errors.find(({ keyword }) => keyword === 'additionalProperties') ??
    errors.find(({ keyword }) => !['oneOf', 'anyOf', 'not'].includes(keyword)) ??
    errors[0];
  const path = (specific?.instancePath ?? '')
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { path, value: specific?.data, reason: specific ? reasonOf(specific) : 'The body is not valid.' };
}

/** Messages by keyword, as of the jsonschema library of Python. */
const messages: Readonly<Record<string, (params: Record<string, unknown>, value: string) => string>> = {
  additionalProperties: ({ additionalProperty }) =>
    `Additional properties are not allowed ('${additionalProperty}' was unexpected)`,
  unevaluatedProperties: ({ unevaluatedProperty }) =>
    `Additional properties are not allowed ('${unevaluatedProperty}' was unexpected)`,
  required: ({ missingProperty }) => `'${missingProperty}' is a required property`,
  type: ({ type }, value) => `${value} is not of type '${[type].flat().join("', '")}'`,
  enum: ({ allowedValues }, value) => `${value} is not one of [${(allowedValues as unknown[]).map(quoted).join(', ')}]`,
  maxLength: (_params, value) => `${value} is too long`,
  minLength: (_params, value) => `${value} is too short`,
  pattern: ({ pattern }, value) => `${value} does not match '${pattern}'`,
  format: ({ format }, value) => `${value} is not a '${format}'`,
  minimum: ({ limit }, value) => `${value} is less than the minimum of ${limit}`,
  maximum: ({ limit }, value) => `${value} is greater than the maximum of ${limit}`,
  maxItems: (_params, value) => `${value} is too long`,
  minItems: (_params, value) => `${value} is too short`,
  uniqueItems: (_params, value) => `${value} has non-unique elements`,
};

const reasonOf = ({ keyword, params, data, message = 'is not valid' }: ErrorObject): string =>
  own(messages, keyword)?.(params as Record<string, unknown>, quoted(data)) ?? `${quoted(data)} ${message}`;

/** The value, cut after 120 characters. */
const quoted = (value: unknown): string => {
  const text = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  return text !== undefined && text.length > 120 ? `${text.slice(0, 120)}…` : String(text);
};
