/** A minimal value that a schema accepts; patterns are not considered. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly example?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly format?: string;
}

const formats: Readonly<Record<string, string>> = {
  uuid: '5c9a1e5c-6a1f-4a53-9a59-2a7ce3a25c1a',
  'date-time': '2030-01-01T00:00:00Z',
  ipv4: '10.0.0.1',
  ipv6: 'fe80::1',
  uri: 'http://a.example',
};

export function exampleOf(schema: unknown): unknown {
  const { example, oneOf, anyOf, allOf, ...rest } = (schema ?? {}) as Schema;
  if (example !== undefined) return example;
  if ('const' in rest) return rest.const;
  if (rest.enum) return rest.enum[0];
  const [variant] = oneOf ?? anyOf ?? [];
  if (variant) return merged(exampleOf(variant), rest.properties ? exampleOf(rest) : undefined);
  if (allOf) return allOf.map(exampleOf).reduce(merged, undefined);
  return plain(rest);
}

const merged = (a: unknown, b: unknown): unknown =>
  a !== null && b !== null && typeof a === 'object' && typeof b === 'object' ? { ...a, ...b } : (a ?? b);

function plain({
  type,
  properties = {},
  required = [],
  items,
  minItems = 0,
  minLength = 1,
  minimum = 1,
  format,
}: Schema): unknown {
  const [first = properties ? 'object' : 'string'] = [type ?? []].flat();
  if (first === 'object') return Object.fromEntries(required.map((name) => [name, exampleOf(properties[name])]));
  if (first === 'array') return Array.from({ length: minItems }, () => exampleOf(items));
  if (first === 'integer' || first === 'number') return minimum;
  if (first === 'boolean') return true;
  if (first === 'null') return null;
  return formats[format ?? ''] ?? 'a'.repeat(Math.max(minLength, 1));
}

/** The value and variants of it: with a property added, removed, or of another type. */
export function valueVariants(value: unknown): unknown[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [value, [], 7];
  const entries = Object.entries(value);
  const inside = entries.flatMap(([key, inner]) => valueVariants(inner).map((each) => ({ ...value, [key]: each })));
  const less = entries.map(([key]) => Object.fromEntries(entries.filter(([each]) => each !== key)));
  return [value, { ...value, unknownProperty: 1 }, ...less, ...inside].slice(0, 60);
}
